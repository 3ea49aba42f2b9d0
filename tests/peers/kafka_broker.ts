/**
 * A part of a Kafka broker, for clients that ask nothing else. Debian has no Kafka.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:net";

/** Where it says that it is. */
const HOST = "127.0.0.1";

/**
 * The part of a Kafka broker that a client needs to hear of it: which versions of requests it knows, and
 * that it is a cluster by itself.
 */
export function kafkaBroker(port: () => number): Server {
  const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number) => Buffer.from([0, 0, value >> 8, value & 255]);
  const string = (value: string) => Buffer.concat([int16(value.length), Buffer.from(value)]);
  const [METADATA, API_VERSIONS] = [3, 18];
  const UNSUPPORTED = [int16(35), int32(0)];
  const versions = [[METADATA, 2, 2], [API_VERSIONS, 0, 0]] as const;
  const answers: Readonly<Record<number, () => Buffer[]>> = {
    [API_VERSIONS]: () => [int16(0), int32(versions.length), ...versions.flat().map(int16)],
    [METADATA]: () => {
      const broker = [int32(0), string(HOST), int32(port()), int16(-1)];
      return [int32(1), ...broker, string("a cluster"), int32(0), int32(0)];
    },
  };
  return createServer((socket) => {
    let waiting = Buffer.alloc(0);
    socket.on("error", () => {}); // The client may hang up.
    socket.on("data", (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE()) {
        const request = waiting.subarray(4, 4 + waiting.readInt32BE());
        waiting = waiting.subarray(4 + request.length);
        const [api, version] = [request.readInt16BE(), request.readInt16BE(2)];
        const isKnown = api !== API_VERSIONS || version === 0;
        const correlation = request.subarray(4, 8);
        const answer = Buffer.concat([correlation, ...isKnown ? answers[api]!() : UNSUPPORTED]);
        socket.write(Buffer.concat([int32(answer.length), answer]));
      }
    });
  });
}
