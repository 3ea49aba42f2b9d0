/**
 * Lists of names that users give.
 *
 * @module
 */

import process from "node:process";

/** Parses a list such as `deno,bun`. Ends the process where a name is unknown. */
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
