/**
 * Whether bytes are one request of HTTP/1.1 that may be sent as early data (RFC 9112).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Field, isAuthority, withoutSpaceAround } from "../field.ts";
import { mayBeRepeated, type RequestHead } from "../request.ts";

/** Bytes of the longest head that is read. Servers take 8 to 64 KiB, unless they are told otherwise. */
const LONGEST_HEAD = 64 * 1024;

const LINE_END = "\r\n";
const HEAD_END = "\r\n\r\n";

/** What `Connection` may list. Other options remove fields on the way, or change the protocol. */
const CONNECTION_OPTIONS: ReadonlySet<string> = new Set(["close", "keep-alive", "te"]);

/**
 * The length of `first`, if it is one whole request that may be repeated, and nothing else; 0
 * otherwise.
 *
 * Nothing may follow, because one answer tells about one request, and because what follows may be a
 * body for a server that counts otherwise. An incomplete head may still become anything.
 */
export function http1MayRide(first: Uint8Array): number {
  const head = first.length <= LONGEST_HEAD ? readHead(first) : undefined;
  return head && mayBeRepeated(head) && hasOneMeaning(head) ? first.length : 0;
}

/** A head, and the digit after `HTTP/1.`. */
interface Http1Head extends RequestHead {
  readonly minor: string;
}

/** The head that takes all of `first`, `undefined` where there is none. Names are tested elsewhere. */
function readHead(first: Uint8Array): Http1Head | undefined {
  const text = Buffer.from(first.buffer, first.byteOffset, first.length).toString("latin1");
  if (text.indexOf(HEAD_END) !== text.length - HEAD_END.length) return undefined;
  const [requestLine = "", ...lines] = text.slice(0, -HEAD_END.length).split(LINE_END);
  const [, method, target, minor] = /^([A-Z]+) (\S+) HTTP\/1\.([01])$/.exec(requestLine) ?? [];
  if (method === undefined || target === undefined || minor === undefined) return undefined;
  const fields = lines.map((line): Field => {
    const colon = line.indexOf(":"); // A line without one has no name: it is no field, or a fold.
    return [line.slice(0, Math.max(colon, 0)), withoutSpaceAround(line.slice(colon + 1))];
  });
  return { method, target, minor, fields };
}

/**
 * Whether all servers and all that is on the way take the head for the same: there is one host (RFC
 * 9112, section 3.2), and no field that goes no further than the next hop but those that are known
 * (RFC 9110, section 7.6.1).
 */
function hasOneMeaning({ minor, fields }: Http1Head): boolean {
  const valuesOf = (wanted: string) =>
    fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const hosts = valuesOf("host");
  const options = valuesOf("connection").flatMap((value) => value.toLowerCase().split(","));
  return hosts.length <= 1 && hosts.every(isAuthority) && (hosts.length === 1 || minor === "0") &&
    options.every((option) => CONNECTION_OPTIONS.has(withoutSpaceAround(option)));
}
