/**
 * Whether an answer of HTTP/2 asks for the request again.
 *
 * @module
 */

import { judgeStart, TOO_EARLY } from "../answer.ts";
import { HpackReader } from "../hpack/reader.ts";
import { unlessMalformed } from "../malformed.ts";
import { blockAt, FLAG, FRAME, frameAt, wholeFrameAt } from "./frames.ts";
import { isClients } from "./flight.ts";

/** How large a server's table may be. What its client has allowed is not known here. */
const LARGEST_TABLE = 64 * 1024;

/**
 * `true` where the first response is 425, `false` where it is another or where the server gives up,
 * `undefined` while it is still to come.
 */
export function http2AsksAgain(answer: Uint8Array): boolean | undefined {
  return judgeStart(answer, (start) => unlessMalformed(() => firstVerdict(start), false));
}

function firstVerdict(answer: Uint8Array): boolean | undefined {
  // A server speaks HTTP/2 if SETTINGS are the first that it says (RFC 9113, section 3.4).
  const settings = frameAt(answer, 0);
  if (settings && (settings.type !== FRAME.SETTINGS || settings.stream !== 0)) return false;
  const hpack = new HpackReader(LARGEST_TABLE);
  let at = 0;
  for (let frame; (frame = wholeFrameAt(answer, at)) !== undefined;) {
    const { type, flags, stream } = frame;
    at = frame.end;
    if (type === FRAME.GOAWAY || type === FRAME.RST_STREAM) return false;
    if (type === FRAME.CONTINUATION || (type === FRAME.DATA && isClients(stream))) return false;
    if (type !== FRAME.HEADERS && type !== FRAME.PUSH_PROMISE) continue;
    const block = blockAt(answer, frame);
    if (!block) return undefined;
    at = block.end;
    const [[name, status] = []] = hpack.read(block.fragments); // Promises are in the same table.
    if (type === FRAME.PUSH_PROMISE || !isClients(stream)) continue;
    if (name !== ":status" || status === undefined) return false;
    const isHint = /^1\d\d$/.test(status) && !(flags & FLAG.END_STREAM);
    if (!isHint) return status === TOO_EARLY;
  }
  return undefined;
}
