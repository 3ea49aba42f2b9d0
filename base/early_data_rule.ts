/**
 * What may be sent as early data (RFC 8446, section 8), as a judgement of bytes.
 *
 * @module
 */

/**
 * What may ride as early data, judged by the bytes that are written first. Others can replay early
 * data, so a rule lets through only what may be repeated.
 *
 * {@linkcode safe} has the rules for HTTP. A rule for a protocol of your own is an object with these
 * functions. They must not throw: that ends the socket, with an `OptionError`. What they are is read when
 * the socket is made.
 *
 * ```ts
 * import type { EarlyDataRule } from "@firstflight/tls";
 *
 * // DNS over TLS: a query may be asked twice. Two bytes of length, then the query (RFC 7858).
 * const dnsQuery: EarlyDataRule = {
 *   mayRide: (first) => {
 *     const length = 2 + ((first[0] ?? 0) << 8 | (first[1] ?? 0));
 *     return length === first.length ? length : 0;
 *   },
 * };
 * console.assert(dnsQuery.mayRide(new Uint8Array([0, 1, 7])) === 3);
 * ```
 */
export interface EarlyDataRule {
  /**
   * How many of the bytes written first may be sent as early data: 0 to `first.length`. The others
   * are sent after the handshake.
   */
  mayRide(first: Uint8Array): number;
  /**
   * Whether the answer asks for the request once more after the handshake, as 425 (Too Early) does
   * in HTTP (RFC 8470, section 5.2). `answer` is all that has arrived so far; `undefined` says that
   * more of it is needed.
   */
  asksAgain?(answer: Uint8Array): boolean | undefined;
}
