/**
 * The part of HTTP/1.1 (RFC 9112) that the demo's client and origin need.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** A source of bytes. */
export interface Readable {
  read(p: Uint8Array): Promise<number | null>;
}

/** A request. Its body was read and dropped. */
export interface Request {
  readonly method: string;
  readonly target: string;
  readonly keepAlive: boolean;
}

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number;
  /** When its first byte arrived, on the clock of `performance.now()`. */
  readonly firstByteAt: number;
  /** Bytes of head and body. */
  readonly length: number;
}

/** The most bytes that a head may have. */
const LONGEST_HEAD = 16 * 1024;

/**
 * The requests on a connection, in order. Ends with the data, or at something that it can't read.
 */
export async function* requestsOn(conn: Readable): AsyncGenerator<Request, void, undefined> {
  for (const messages = new Messages(conn);;) {
    const head = await messages.head();
    const line = /^([A-Z]+) (\S+) HTTP\/1\.([01])\r\n/.exec(head ?? "");
    if (head === undefined || !line || fieldOf(head, "transfer-encoding") !== undefined) return;
    const [, method = "", target = "", minor] = line;
    await messages.body(head);
    const connection = fieldOf(head, "connection")?.toLowerCase();
    const keepAlive = minor === "1" ? connection !== "close" : connection === "keep-alive";
    yield { method, target, keepAlive };
  }
}

/** Reads one answer that has a Content-Length. */
export async function readAnswer(conn: Readable): Promise<Answer> {
  const messages = new Messages(conn);
  const head = await messages.head();
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head ?? "")?.[1]);
  if (head === undefined || !status) throw new Error("The answer is not HTTP/1.1");
  const length = head.length + await messages.body(head);
  return { status, firstByteAt: messages.firstByteAt, length };
}

/** An answer, ready to be sent. */
export function formatAnswer(
  status: string,
  body: string,
  options: { keepAlive: boolean; bodiless?: boolean; allow?: string },
): Uint8Array {
  const { keepAlive, bodiless = false, allow } = options;
  const head = [
    `HTTP/1.1 ${status}`,
    `Date: ${new Date().toUTCString()}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(allow === undefined ? [] : [`Allow: ${allow}`]),
    ...(keepAlive ? [] : ["Connection: close"]),
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${bodiless ? "" : body}`);
}

function fieldOf(head: string, name: string): string | undefined {
  return new RegExp(`\r\n${name}:[ \t]*([^\r]*?)[ \t]*\r\n`, "i").exec(head)?.[1];
}

/** Cuts heads and bodies out of a stream of bytes. A character stands for a byte. */
class Messages {
  firstByteAt = 0;
  #conn: Readable;
  #buffer = new Uint8Array(16 * 1024);
  #text = "";

  constructor(conn: Readable) {
    this.#conn = conn;
  }

  /** Reads a head with its empty line; `undefined` where the data ends or the head is too long. */
  async head(): Promise<string | undefined> {
    let end: number;
    while ((end = this.#text.indexOf("\r\n\r\n")) === -1) {
      if (this.#text.length > LONGEST_HEAD || !await this.#more()) return undefined;
    }
    const head = this.#text.slice(0, end + 4);
    this.#text = this.#text.slice(head.length);
    return head;
  }

  /** Drops the body that belongs to a head; returns its length. */
  async body(head: string): Promise<number> {
    const length = Number(fieldOf(head, "content-length") ?? 0);
    let missing = length;
    while (missing > this.#text.length) {
      missing -= this.#text.length;
      this.#text = "";
      if (!await this.#more()) throw new Error("The connection ended within a body");
    }
    this.#text = this.#text.slice(missing);
    return length;
  }

  async #more(): Promise<boolean> {
    const length = await this.#conn.read(this.#buffer);
    if (length === null) return false;
    this.firstByteAt ||= performance.now();
    this.#text += Buffer.from(this.#buffer.buffer, 0, length).toString("latin1");
    return true;
  }
}
