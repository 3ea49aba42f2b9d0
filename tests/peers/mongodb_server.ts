/**
 * As much of MongoDB as a client needs to say hello and to ping, since Debian has no server of it: its wire
 * protocol (OP_MSG, and OP_QUERY for the first hello), in the clear.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type RawServer, startRawServer } from "../fixtures/hostile_server.ts";
import { library } from "../libraries/library.ts";

interface Bson {
  serialize(document: object): Uint8Array;
  deserialize(bytes: Uint8Array): Record<string, unknown>;
}

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

/** Length, request's number, number of the request that is answered, kind. */
const HEADER = 16;

/** Starts it. It answers every command but those that ask for its state with `{ ok: 1 }`. */
export async function startMongodbServer(): Promise<RawServer> {
  const bson = library<Bson>("bson");
  return await startRawServer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk as Buffer]);
      while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
        const message = rest.subarray(0, rest.readInt32LE(0));
        rest = rest.subarray(message.length);
        answer(socket, message, bson);
      }
    });
    socket.on("end", () => socket.end());
  });
}

function answer(socket: Socket, message: Buffer, { serialize, deserialize }: Bson): void {
  const number = message.readInt32LE(4);
  const kind = message.readInt32LE(12);
  if (kind === OP_QUERY) { // Flags, a name that ends with 0, and two numbers go before the question.
    const command = deserialize(message.subarray(message.indexOf(0, HEADER + 4) + 1 + 8));
    const before = Buffer.alloc(20);
    before.writeInt32LE(1, 16); // Number of documents.
    return send(socket, number, OP_REPLY, [before, serialize(replyTo(command))]);
  }
  const command = deserialize(message.subarray(HEADER + 5)); // Flags, and the kind of the section.
  send(socket, number, OP_MSG, [Buffer.alloc(5), serialize(replyTo(command))]);
}

function replyTo(command: Readonly<Record<string, unknown>>): object {
  const asksForState = "hello" in command || "ismaster" in command || "isMaster" in command;
  if (!asksForState) return { ok: 1 };
  const limits = { maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000 };
  const versions = { minWireVersion: 0, maxWireVersion: 25 };
  return { ...limits, ...versions, helloOk: true, isWritablePrimary: true, ismaster: true, ok: 1 };
}

function send(socket: Socket, to: number, kind: number, parts: readonly Uint8Array[]): void {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(HEADER);
  header.writeInt32LE(HEADER + body.length, 0);
  header.writeInt32LE(to, 8);
  header.writeInt32LE(kind, 12);
  socket.write(Buffer.concat([header, body]));
}
