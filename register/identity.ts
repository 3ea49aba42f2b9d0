/**
 * Whether a client's key can be read. The runtime reads it at once, and throws what is wrong with it; the
 * library does when it connects.
 *
 * @module
 */

import { builtin } from "./builtins.ts";
import type { Options } from "./understand.ts";

/** Reads keys as the runtime does, but one that is given again only once. */
export class IdentityReader {
  readonly #createSecureContext = builtin("tls").createSecureContext;
  /** The options that were read last. A program mostly has one identity. */
  #last: Options = {};

  /** Whether the key of a call can be read, with its certificate and its passphrase. */
  canRead({ key, cert, passphrase }: Options): boolean {
    if (key === undefined || key === null) return true;
    const identity: Options = { key, cert, passphrase };
    const names = Object.keys(identity);
    if (names.every((name) => identity[name] === this.#last[name])) return true;
    try {
      Reflect.apply(this.#createSecureContext, builtin("tls"), [identity]);
    } catch {
      return false;
    }
    const canChange = names.some((name) => typeof identity[name] === "object"); // As bytes can.
    if (!canChange) this.#last = identity;
    return true;
  }
}
