/**
 * The middlebox that reads ClientHellos: what it minds in them.
 *
 * @module
 */

import { readHello } from "./client_hello.ts";

/** The extensions of RFC 8446, section 4.2. */
const PRE_SHARED_KEY = 41;
const EARLY_DATA = 42;

/** A hello whose extensions have not come within so many bytes is let through. */
const MOST_READ = 4096;

const MINDS = ["no-session-id", "ticket", "early-data", "large"] as const;
const BY = ["reset", "close", "alert", "silence", "loss"] as const;
const WHEN = ["hello", "first-record"] as const;

/**
 * A connection whose ClientHello has something in it that the box minds is cut off, in the name of
 * its server. The server's end gets a reset.
 */
export interface MindHello {
  readonly kind: "mind-hello";
  /**
   * - `no-session-id`: an empty `legacy_session_id`, as TLS 1.3 without its compatibility mode has
   * - `ticket`: the extension `pre_shared_key`
   * - `early-data`: the extension `early_data`
   * - `large`: a record longer than `largerThan`. The length in its header says so; the box does not
   *   wait for the rest.
   */
  readonly minds: typeof MINDS[number];
  /**
   * Bytes of the record, header included. Default: what fits a packet of 1,500 bytes behind the
   * headers that the first segment has (with timestamps 1,448 over IPv4 and 1,428 over IPv6, less in
   * a SYN).
   */
  readonly largerThan?: number;
  /**
   * - `reset`: the client gets a reset
   * - `close`: what the client sends is acknowledged, and the connection is closed by a FIN
   * - `alert`: the same, with the fatal alert `illegal_parameter` in front of the FIN
   * - `silence`: what the client sends is acknowledged, and nothing ever comes
   * - `loss`: nothing that the client sends gets anywhere
   */
  readonly by: typeof BY[number];
  /**
   * - `hello` (default): the server never sees the hello. A SYN goes on without it, and the box acts
   *   when the client sends it again.
   * - `first-record`: hello and early data reach the server, and the first record of the server's
   *   answer reaches the client. The box acts on the packet that acknowledges that record.
   */
  readonly when?: typeof WHEN[number];
}

/** Refuses what came as JSON and is not in the type. */
export function checkMindHello(box: MindHello): void {
  const { minds, by, when = "hello", largerThan = 0 } = box;
  const known = MINDS.includes(minds) && BY.includes(by) && WHEN.includes(when);
  if (!known || (largerThan !== 0 && minds !== "large")) {
    throw new TypeError(`no such middlebox: ${JSON.stringify(box)}`);
  }
}

/**
 * Whether a hello offends; `undefined` while that takes more bytes.
 *
 * @param bytes the connection's first bytes, as far as they have come
 * @param room bytes that fit the packet which brought the last of them
 */
export function offends(box: MindHello, bytes: Uint8Array, room: number): boolean | undefined {
  const hello = readHello(bytes);
  if (!hello) return false;
  const { length, sessionId, extensions } = hello;
  const has = (extension: number) => extensions.includes(extension) || undefined;
  const known = {
    "no-session-id": sessionId === undefined ? undefined : sessionId === 0,
    "ticket": has(PRE_SHARED_KEY),
    "early-data": has(EARLY_DATA),
    "large": length === undefined ? undefined : length > (box.largerThan ?? room),
  }[box.minds];
  return known ?? (hello.whole || bytes.length >= MOST_READ ? false : undefined);
}
