/**
 * A server of gRPC, by grpc-js, without TLS: something in front of it terminates that.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { library } from "./library.ts";
import { HOST } from "./ways.ts";

interface Grpc {
  readonly ServerCredentials: { createInsecure(): object };
  readonly Server: new () => {
    addService(service: object, handlers: object): void;
    bindAsync(
      where: string,
      credentials: object,
      done: (error: Error | null, port: number) => void,
    ): void;
    forceShutdown(): void;
  };
}

type Echo = (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) => void;

const asItIs = (message: Buffer) => message;

/** Starts a server whose one method sends back what it gets. */
export async function startGrpcServer(
  path: string,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const { Server, ServerCredentials } = library<Grpc>("@grpc/grpc-js");
  const server = new Server();
  const streams = { requestStream: false, responseStream: false };
  const requests = { requestSerialize: asItIs, requestDeserialize: asItIs };
  const responses = { responseSerialize: asItIs, responseDeserialize: asItIs };
  const echo: Echo = ({ request }, done) => done(null, request);
  server.addService({ Echo: { path, ...streams, ...requests, ...responses } }, { Echo: echo });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(`${HOST}:0`, ServerCredentials.createInsecure(), (error, port) => {
    error ? reject(error) : resolve(port);
  });
  // deno-lint-ignore require-await -- What it throws is to be a rejection.
  const stop = async () => server.forceShutdown();
  return { port: await promise, [Symbol.asyncDispose]: stop };
}
