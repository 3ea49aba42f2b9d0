/**
 * Short names for configurations.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** Digests by what they were made from: programs connect with the same few options again and again. */
const known = new Map<string, string>();
const MOST_KNOWN = 64;

/** SHA-256 of the JSON of `parts`, in hexadecimal: equal for equal parts, and safe as a file name. */
export function digest(parts: readonly unknown[]): string {
  const text = JSON.stringify(parts);
  const found = known.get(text);
  if (found !== undefined) return found;
  const made = createHash("sha256").update(text).digest("hex");
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, made);
  return made;
}
