/**
 * As much of SQL Server as a client needs for one sum, since there is none to be had here: its protocol
 * (MS-TDS), in the clear. What stands in front of it may begin with TLS, as SQL Server 2022 does where the
 * encryption is strict (TDS 8.0).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type RawServer, startRawServer } from "../fixtures/hostile_server.ts";

/** Types of packets (MS-TDS 2.2.3.1.1). */
const SQL_BATCH = 0x01;
const RPC = 0x03;
const TABULAR_RESULT = 0x04;
const LOGIN7 = 0x10;
const PRELOGIN = 0x12;

const HEADER = 8;
const END_OF_MESSAGE = 0x01;

/** Starts it. It lets everybody in, and answers every question with 2. */
export async function startTdsServer(): Promise<RawServer> {
  return await startRawServer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk as Buffer]);
      while (rest.length >= HEADER && rest.length >= rest.readUInt16BE(2)) {
        const packet = rest.subarray(0, rest.readUInt16BE(2));
        rest = rest.subarray(packet.length);
        if (packet[1]! & END_OF_MESSAGE) answer(socket, packet);
      }
    });
    socket.on("end", () => socket.end());
  });
}

function answer(socket: Socket, packet: Buffer): void {
  const send = (...tokens: Buffer[]) => {
    const body = Buffer.concat(tokens);
    const header = Buffer.from([TABULAR_RESULT, END_OF_MESSAGE, 0, 0, 0, 0, 1, 0]);
    header.writeUInt16BE(HEADER + body.length, 2);
    socket.write(Buffer.concat([header, body]));
  };
  switch (packet[0]) {
    case PRELOGIN:
      return send(preloginOf(16, 0, 1000));
    case LOGIN7:
      return send(LOGIN_ACK, doneOf(0));
    case SQL_BATCH:
    case RPC:
      return isQuestion(packet) ? send(SUM, doneOf(1)) : send(doneOf(0));
  }
}

/** Clients begin by settings, which have no answer. */
function isQuestion(packet: Buffer): boolean {
  return packet.includes(Buffer.from("select 1 + 1", "utf16le"));
}

/** The server's version, and that it has no encryption of its own (2.2.6.5). */
function preloginOf(major: number, minor: number, build: number): Buffer {
  const options = Buffer.from([0x00, 0, 11, 0, 6, 0x01, 0, 17, 0, 1, 0xff]);
  const version = Buffer.from([major, minor, build >> 8, build & 0xff, 0, 0]);
  const notSupported = Buffer.from([0x02]);
  return Buffer.concat([options, version, notSupported]);
}

/** LOGINACK (2.2.7.14): SQL, TDS 7.4, a name of no letters, version 16. */
const LOGIN_ACK = Buffer.from([0xad, 10, 0, 1, 0x74, 0, 0, 4, 0, 16, 0, 0, 0]);

/** COLMETADATA and ROW (2.2.7.4, 2.2.7.19): one INT4 named "sum", which is 2. */
const SUM = Buffer.concat([
  Buffer.from([0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0x38, 3]),
  Buffer.from("sum", "utf16le"),
  Buffer.from([0xd1, 2, 0, 0, 0]),
]);

/** DONE (2.2.7.6), with the number of rows. */
function doneOf(rows: number): Buffer {
  const counted = rows > 0 ? 0x10 : 0;
  return Buffer.from([0xfd, counted, 0, 0, 0, rows, 0, 0, 0, 0, 0, 0, 0]);
}
