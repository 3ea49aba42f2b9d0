/**
 * Whether an answer of HTTP/1.1 asks for the request again.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { judgeStart, TOO_EARLY } from "../answer.ts";

/** A status line, up to the byte behind its status (RFC 9112, section 4). */
const VERSION = "HTTP/1.";
const STATUS_AT = "HTTP/1.1 ".length;
const STATUS_END = "HTTP/1.1 425".length;

/** It ends the HTTP on this connection, so no other status will follow. */
const SWITCHING_PROTOCOLS = "101";

/** `true` for 425, `false` for another answer, `undefined` for one whose status is still to come. */
export function http1AsksAgain(answer: Uint8Array): boolean | undefined {
  return judgeStart(answer, (start) => {
    const text = Buffer.from(start.buffer, start.byteOffset, start.length).toString("latin1");
    let at = 0;
    for (;;) {
      const line = text.slice(at, at + STATUS_END + 1);
      if (!isStatusLine(line)) return false;
      const status = line.slice(STATUS_AT, STATUS_END);
      if (line.length <= STATUS_END) return couldMatter(status) ? undefined : false;
      if (status === TOO_EARLY) return true;
      if (!status.startsWith("1") || status === SWITCHING_PROTOCOLS) return false;
      // Hints come first (RFC 9110, section 15.2), and have a head alone.
      const end = text.indexOf("\r\n\r\n", at);
      if (end < 0) return /[^\r]\n/.test(text.slice(at)) ? false : undefined;
      at = end + 4;
    }
  });
}

/** Whether a line may be a status line, as far as it is there. */
function isStatusLine(line: string): boolean {
  const shape = line.slice(VERSION.length, STATUS_END).replace(/\d/g, "0");
  return VERSION.startsWith(line.slice(0, VERSION.length)) && "0 000".startsWith(shape) &&
    " \r\n".includes(line.slice(STATUS_END)); // Some servers leave out the last space.
}

/** Whether a status that is not whole yet may become 425, or that of a hint. */
function couldMatter(status: string): boolean {
  return TOO_EARLY.startsWith(status) || status.startsWith("1");
}
