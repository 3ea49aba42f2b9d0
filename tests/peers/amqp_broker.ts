/**
 * A part of a broker of AMQP 0-9-1, for clients that open a channel and declare queues.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:net";

/** A method by its class and its number, as in `20.10`. */
type Method = `${number}.${number}`;

const METHOD_FRAME = 1;
const FRAME_END = 0xce;

const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number) => Buffer.concat([int16(value >>> 16), int16(value & 0xffff)]);
const short = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const long = (text: string) => Buffer.concat([int32(text.length), Buffer.from(text)]);

function frame(channel: number, method: Method, ...fields: Buffer[]): Buffer {
  const payload = Buffer.concat([
    ...method.split(".").map((part) => int16(Number(part))),
    ...fields,
  ]);
  const head = [Buffer.from([METHOD_FRAME]), int16(channel), int32(payload.length)];
  return Buffer.concat([...head, payload, Buffer.from([FRAME_END])]);
}

/** What is answered to the header of the protocol: connection.start, with no properties. */
const START = frame(0, "10.10", Buffer.from([0, 9]), int32(0), long("PLAIN"), long("en_US"));

/** What is answered to methods; those that are not here get no answer. */
const answers: Readonly<Record<Method, (channel: number, fields: Buffer) => Buffer>> = {
  // connection: start-ok, open, close; tune says no limits and no heartbeat.
  "10.11": () => frame(0, "10.30", int16(0), int32(0), int16(0)),
  "10.40": () => frame(0, "10.41", short("")),
  "10.50": () => frame(0, "10.51"),
  // channel: open, close.
  "20.10": (channel) => frame(channel, "20.11", long("")),
  "20.40": (channel) => frame(channel, "20.41"),
  // queue: declare, whose name stands behind two reserved bytes.
  "50.10": (channel, fields) => {
    const name = fields.toString("latin1", 3, 3 + (fields[2] ?? 0));
    return frame(channel, "50.11", short(name), int32(0), int32(0));
  },
};

/** Makes such a broker, which lets everybody in. */
export function amqpBroker(): Server {
  return createServer((socket) => {
    let waiting = Buffer.alloc(0);
    let isStarted = false;
    socket.on("error", () => {}); // The client may hang up.
    socket.on("data", (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      if (!isStarted && waiting.length >= 8) {
        isStarted = true;
        waiting = waiting.subarray(8);
        socket.write(START);
      }
      while (isStarted && waiting.length >= 7 && waiting.length >= 8 + waiting.readUInt32BE(3)) {
        const end = 7 + waiting.readUInt32BE(3);
        const [channel, payload] = [waiting.readUInt16BE(1), waiting.subarray(7, end)];
        const method: Method = `${payload.readUInt16BE()}.${payload.readUInt16BE(2)}`;
        const answer = waiting[0] === METHOD_FRAME ? answers[method] : undefined;
        if (answer) socket.write(answer(channel, payload.subarray(4)));
        waiting = waiting.subarray(end + 1);
      }
    });
  });
}
