/**
 * The rules of HTTP for early data (RFC 8470).
 *
 * @module
 */

import type { EarlyDataRule } from "../base/early_data_rule.ts";
import { http1AsksAgain } from "./http1/answer.ts";
import { http1MayRide } from "./http1/request.ts";
import { http2AsksAgain } from "./http2/answer.ts";
import { http2MayRide, PREFACE } from "./http2/flight.ts";

/** A rule that also reads answers. */
export type HttpEarlyDataRule = Required<EarlyDataRule>;

/** The rules for the versions of HTTP. An answer whose status is not in its first 16 KiB asks for nothing. */
export interface SafeRules {
  /**
   * HTTP/1.1 and 1.0 (RFC 9112). What is written first rides if it is exactly one whole request that
   * may be repeated: GET, HEAD, OPTIONS or TRACE (RFC 9110, section 9.2.1) for a path, without a body,
   * and nothing after it.
   *
   * What announces a body (`Content-Length` but 0, `Transfer-Encoding`, `Trailer`), waits (`Expect`),
   * asks for another protocol (`Upgrade`) or for another method (`X-HTTP-Method-Override` and the
   * like, `?_method=`) does not ride. Neither does a head that is incomplete, or that servers could
   * read in two ways.
   */
  readonly http1: HttpEarlyDataRule;
  /**
   * HTTP/2 (RFC 9113). Whole frames ride, up to the first one that may not: the preface and
   * SETTINGS, WINDOW_UPDATE, PRIORITY and PING, and requests as for HTTP/1.1, in HEADERS and
   * CONTINUATION with END_STREAM. Nothing rides if there is no such request among them.
   *
   * Of several requests that rode, `asksAgain` reads the first response; all of them are sent again.
   */
  readonly http2: HttpEarlyDataRule;
  /** Either, as the first bytes say: for a client that speaks both. */
  readonly http: HttpEarlyDataRule;
}

/**
 * Which requests of HTTP may be sent as early data, judged by the bytes that a client writes first.
 *
 * A client must not send a request early unless its method is safe (RFC 8470, section 4). A socket
 * does not know which request a library will write to it, so these rules read what was written. What
 * they are in doubt about waits for the handshake. They can't know whether a GET has effects on your
 * server all the same: ask for no early data where that may be.
 *
 * ```ts
 * import { safe } from "@firstflight/tls";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const get = bytes("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
 * const post = bytes("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\n\r\n");
 * console.assert(safe.http1.mayRide(get) === get.length);
 * console.assert(safe.http1.mayRide(post) === 0);
 *
 * // 425: the server does not want this request early, so it is to be sent again.
 * console.assert(safe.http1.asksAgain(bytes("HTTP/1.1 425 Too Early\r\n")) === true);
 * console.assert(safe.http1.asksAgain(bytes("HTTP/1.1 2")) === false);
 * console.assert(safe.http1.asksAgain(bytes("HTTP/1.1 103 Early Hints\r\n")) === undefined);
 * ```
 */
export const safe: SafeRules = Object.freeze({
  http1: Object.freeze({ mayRide: http1MayRide, asksAgain: http1AsksAgain }),
  http2: Object.freeze({ mayRide: http2MayRide, asksAgain: http2AsksAgain }),
  http: Object.freeze({
    mayRide: (first: Uint8Array) =>
      startsLikeHttp2(first) ? http2MayRide(first) : http1MayRide(first),
    // Every answer of HTTP/1.1 begins with "HTTP/", which no frame of SETTINGS is long enough for.
    asksAgain: (answer: Uint8Array) =>
      answer[0] === "H".charCodeAt(0) ? http1AsksAgain(answer) : http2AsksAgain(answer),
  }),
});

/** No request of HTTP/1.1 that may ride begins like the preface. */
function startsLikeHttp2(first: Uint8Array): boolean {
  return first[0] === PREFACE[0];
}
