/**
 * A session as a file:
 *
 *     firstflight session 1 <SHA-256 of the file's path and of the rest>
 *     {"expires":1790000000000,"group":"x25519"}
 *     <the session's bytes>
 *
 * The file's name contains the time of expiry, too, so that expired files are found without
 * reading.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { uniqueName } from "../../base/files/private_folder.ts";
import type { StoredSession } from "./store.ts";

/** Bytes of the largest session. Most have about 2,000; the ticket in a session may have 65,535. */
export const LARGEST_SESSION = 128 * 1024;
/** Bytes of the largest file. */
export const LARGEST_SESSION_FILE: number = LARGEST_SESSION + 1024;

const HEADER = /^firstflight session (\d+) ([0-9a-f]{64})\n/;
const LONGEST_HEADER = 100;
const VERSION = "1";
const NAME = /^\d{16}\.[0-9a-f]{16}\.(\d{1,16})\.session$/;
const NEWLINE = 0x0a;

/** Makes a name for a new file. A name that is made later sorts after it. */
export function nameSession({ expires }: StoredSession): string {
  return uniqueName(`${expires}.session`);
}

/** When the session in a file of this name expires; `undefined` where it is no session's name. */
export function expiryIn(name: string): number | undefined {
  const [, expires] = NAME.exec(name) ?? [];
  return expires === undefined ? undefined : Number(expires);
}

/** A file's content. It is valid only at `path`, so that a copy is not a second ticket. */
export function encodeSession(path: string, { session, expires, group }: StoredSession): Buffer {
  const facts = `${JSON.stringify({ expires, ...(group === undefined ? {} : { group }) })}\n`;
  const body = Buffer.concat([Buffer.from(facts), session]);
  const header = `firstflight session ${VERSION} ${checksum(path, body)}\n`;
  return Buffer.concat([Buffer.from(header), body]);
}

/**
 * The session in a file.
 *
 * @throws {Error} that names the fault of the file
 */
export function decodeSession(path: string, content: Uint8Array): StoredSession {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  const [header, version, sum] = HEADER.exec(bytes.toString("latin1", 0, LONGEST_HEADER)) ?? [];
  if (header === undefined) throw new Error("it does not begin as a session does");
  if (version !== VERSION) throw new Error(`its format is of another version, ${version}`);
  const body = bytes.subarray(header.length);
  if (checksum(path, body) !== sum) throw new Error("its checksum is wrong");
  const end = body.indexOf(NEWLINE);
  const facts = JSON.parse(body.toString("utf8", 0, end)) as Omit<StoredSession, "session">;
  return { ...facts, session: new Uint8Array(body.subarray(end + 1)) };
}

function checksum(path: string, body: Uint8Array): string {
  return createHash("sha256").update(`${path}\n`).update(body).digest("hex");
}
