/**
 * Lists that users name things in.
 *
 * @module
 */

import process from "node:process";

/** What a user chose, as in `deno,bun`; ends the process where there is no such thing. */
export function parseChoice<Name extends string>(
  text: string,
  what: string,
  names: readonly Name[],
): Name[] {
  const chosen = text.split(",").map((name) => name.trim());
  const unknown = chosen.find((name) => !names.includes(name as Name));
  if (unknown !== undefined) {
    console.error(`There is no ${what} "${unknown}"; there are ${names.join(", ")}`);
    process.exit(2);
  }
  return chosen as Name[];
}
