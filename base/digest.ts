/**
 * Short names for configurations.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { Recent } from "./recent.ts";

/** Digests by the text they were made from: programs reuse the same few options. */
const known = new Recent<string, string>(64);

/** SHA-256 of the JSON of `parts`, in hexadecimal: equal for equal parts, safe as a file name. */
export function digest(parts: readonly unknown[]): string {
  const text = JSON.stringify(parts);
  return known.getOrMake(text, () => createHash("sha256").update(text).digest("hex"));
}
