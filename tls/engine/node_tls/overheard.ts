/**
 * Reads the parts of a handshake that are not encrypted and that runtimes don't report alike.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { KEY_SHARE } from "../client_hello.ts";
import { nameOfGroup } from "../groups.ts";
import { RecordFrames } from "../record_frames.ts";

/** Content types of records (RFC 8446, section 5.1). */
const ALERT = 21;
const HANDSHAKE = 22;

/** Types of handshake messages (RFC 8446, section 4; RFC 5246, section 7.4). */
const SERVER_HELLO = 2;
const SERVER_KEY_EXCHANGE = 12;

/** The level of alerts that end a connection (RFC 5246, section 7.2). */
const FATAL = 2;
const CLOSE_NOTIFY = 0;

/** The curve type `named_curve` (RFC 8422, section 5.4). */
const NAMED_CURVE = 3;

/** The most bytes kept; a flight in the clear is always shorter. */
const MOST_BYTES = 256 * 1024;

/** Reads one direction until it is encrypted. The runtime judges bytes that can't be parsed. */
export class Overheard {
  /** The key-exchange group the server has picked. */
  group: string | undefined;
  /** The alert that ends the connection (RFC 8446, section 6); 0 is close_notify. */
  alert: number | undefined;
  #records: Buffer = Buffer.alloc(0);
  #messages: Buffer = Buffer.alloc(0);
  #over = false;

  hear(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      this.#readRecords(Buffer.concat([this.#records, bytes]));
    } catch {
      this.#over = true; // A message was shorter than its length says.
    }
  }

  #readRecords(bytes: Buffer): void {
    let at = 0;
    while (at + 5 <= bytes.length) {
      const type = bytes[at];
      const end = at + 5 + bytes.readUInt16BE(at + 3);
      if (type !== ALERT && type !== HANDSHAKE) return void (this.#over = true);
      if (end > bytes.length) break;
      const content = bytes.subarray(at + 5, end);
      if (type === ALERT) this.#readAlert(content);
      else this.#readMessages(Buffer.concat([this.#messages, content]));
      at = end;
    }
    this.#records = bytes.subarray(at);
    this.#over ||= this.#records.length + this.#messages.length > MOST_BYTES;
  }

  /** Passes over warnings: what ends the connection later is something else. */
  #readAlert(content: Buffer): void {
    const [level, alert] = [content.readUInt8(0), content.readUInt8(1)];
    if (level === FATAL || alert === CLOSE_NOTIFY) this.alert = alert;
  }

  #readMessages(bytes: Buffer): void {
    let at = 0;
    while (at + 4 <= bytes.length) {
      const end = at + 4 + bytes.readUIntBE(at + 1, 3);
      if (end > bytes.length) break;
      this.#read(bytes[at], bytes.subarray(at + 4, end));
      at = end;
    }
    this.#messages = bytes.subarray(at);
  }

  #read(type: number | undefined, body: Buffer): void {
    if (type === SERVER_HELLO) this.#readServerHello(body);
    if (type !== SERVER_KEY_EXCHANGE || body[0] !== NAMED_CURVE) return;
    this.group = nameOfGroup(body.readUInt16BE(1));
  }

  #readServerHello(body: Buffer): void {
    let at = 2 + 32; // the version and the random
    at += 1 + body.readUInt8(at); // the session id
    at += 2 + 1 + 2; // the cipher suite, the compression method, the length of the extensions
    while (at < body.length) {
      const length = body.readUInt16BE(at + 2);
      if (body.readUInt16BE(at) === KEY_SHARE) this.group = nameOfGroup(body.readUInt16BE(at + 4));
      at += 4 + length;
    }
  }
}

/** Watches for alerts in one direction, from its first byte on. TLS 1.2 does not hide what they are. */
export class AlertWatch {
  readonly #frames = new RecordFrames();

  /** Whether an alert begins in `bytes`. */
  hear(bytes: Uint8Array): boolean {
    let heard = false;
    this.#frames.feed(bytes, (type) => heard ||= type === ALERT);
    return heard;
  }
}
