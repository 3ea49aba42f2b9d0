/**
 * The request with which a program asks a proxy for a tunnel (RFC 9110, section 9.3.6), and the answers.
 *
 * @module
 */

import { CommandError } from "../failure.ts";
import { readTarget, type Target } from "../target.ts";
import { UsageError } from "../usage.ts";

/** Bytes of the longest head that is read. */
const LONGEST_HEAD = 16 * 1024;

/** A request that can't be granted. */
export class Refusal extends CommandError {
  readonly status: Status;

  constructor(status: Status, message: string, code = "REQUEST_REFUSED") {
    super(code, message);
    this.status = status;
  }
}

const reasons = {
  400: "Bad Request",
  403: "Forbidden",
  405: "Method Not Allowed",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
} as const;

/** A status that says no. */
export type Status = keyof typeof reasons;

/** The answer after which the tunnel begins. */
export const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

/** What was asked for, and what the client has sent after that. */
export interface ConnectRequest {
  readonly target: Target;
  readonly rest: Uint8Array;
}

const decoder = new TextDecoder("latin1");

/**
 * The request in the bytes that have come so far; `undefined` while its head is incomplete.
 *
 * @throws {Refusal} when it is no request for a tunnel
 */
export function readConnectRequest(bytes: Uint8Array): ConnectRequest | undefined {
  const text = decoder.decode(bytes.subarray(0, LONGEST_HEAD + 4));
  const end = /\r?\n\r?\n/.exec(text);
  if (!end) {
    if (bytes.length <= LONGEST_HEAD) return undefined;
    throw new Refusal(431, `The head of the request is longer than ${LONGEST_HEAD} bytes`);
  }
  const [line = ""] = text.split(/\r?\n/, 1);
  const [, method = "", authority = ""] =
    /^([!#$%&'*+.^`|~\w-]+) (\S+) HTTP\/1\.[01]$/.exec(line) ??
      [];
  if (method === "") throw new Refusal(400, "This is no request of HTTP/1.1");
  if (method !== "CONNECT") {
    throw new Refusal(405, `This proxy knows CONNECT alone, got ${method}: ask for an https URL`);
  }
  return { target: readAuthority(authority), rest: bytes.subarray(end.index + end[0].length) };
}

function readAuthority(text: string): Target {
  try {
    if (/:\d+$/.test(text)) return readTarget(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  throw new Refusal(400, `Expected CONNECT HOST:PORT, got "${text}"`);
}

/** An answer that says no, and why. */
export function refusalText({ status, message }: Refusal): string {
  const body = `firstflight: ${message}\n`;
  return [
    `HTTP/1.1 ${status} ${reasons[status]}`,
    ...(status === 405 ? ["Allow: CONNECT"] : []),
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${new TextEncoder().encode(body).length}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}
