/**
 * Options as they were when they were passed.
 *
 * @module
 */

import { ConnectError } from "./errors.ts";
import { mustBe } from "./options.ts";

/**
 * A copy that nobody else holds: callers may use their objects, lists and buffers again at once, while
 * a connection still looks a name up or waits for its first write. Getters of a class count, too.
 *
 * @throws {ConnectError} `INVALID_OPTION` when there is no object to copy
 */
export function snapshot<O extends object>(options: O): O {
  if (typeof options !== "object" || options === null) {
    throw new ConnectError("INVALID_OPTION", mustBe("options", "an object", options, "Argument"));
  }
  const copy = Object.create(null);
  for (
    let level = options;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (!(name in copy)) copy[name] = copied(options[name as keyof O]);
    }
  }
  return copy;
}

function copied(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value); // A Buffer's slice() is no copy.
  return Array.isArray(value) ? [...value] : value;
}
