/**
 * The runtimes' own TLS.
 *
 * @module
 */

import { once } from "node:events";
import { connect as connectSocket, type TLSSocket } from "node:tls";
import { cert } from "../../harness/certificate.ts";
import { bunNamespace, type BunSocket, denoNamespace } from "../natives.ts";
import { SERVER_NAME } from "../throughput/way.ts";
import { trustingFetch } from "../trusting_fetch.ts";
import { type Ask, type Observation, request, type Target } from "./way.ts";

/** Makes one connection by `node:tls`. `open` starts it. */
export async function observeSocket(
  target: Target,
  open: () => TLSSocket,
): Promise<Observation> {
  const start = performance.now();
  const socket = open();
  await once(socket, "secureConnect");
  const handshake = performance.now() - start;
  socket.write(request(target));
  await once(socket, "data");
  const firstByte = performance.now() - start;
  socket.destroy();
  return { handshake, firstByte };
}

const byNodeTls: Ask = (target) => {
  const { hostname: host, port } = target;
  const options = { host, port, servername: SERVER_NAME, ca: [cert] };
  return observeSocket(target, () => connectSocket(options));
};

const byDeno: Ask = async (target) => {
  const start = performance.now();
  using conn = await denoNamespace().connectTls({ ...target, caCerts: [cert] });
  await conn.handshake();
  const handshake = performance.now() - start;
  await conn.write(request(target));
  await conn.read(new Uint8Array(4096));
  return { handshake, firstByte: performance.now() - start };
};

const byBun: Ask = async (target) => {
  const secure = Promise.withResolvers<BunSocket>();
  const answered = Promise.withResolvers<void>();
  const start = performance.now();
  await bunNamespace().connect({
    ...target,
    tls: { ca: cert, serverName: SERVER_NAME },
    socket: {
      handshake: (socket, ok, error) => ok ? secure.resolve(socket) : secure.reject(error),
      data: () => answered.resolve(),
      close: () => answered.resolve(),
      end: () => answered.resolve(),
      error: (_socket, error) => answered.reject(error),
    },
  });
  const socket = await secure.promise;
  const handshake = performance.now() - start;
  socket.write(request(target));
  await answered.promise;
  const firstByte = performance.now() - start;
  socket.end();
  return { handshake, firstByte };
};

/** Asks for `/close`: the server closes the connection, so the next request opens a new one. */
const byFetch: Ask = async ({ hostname, port }) => {
  const start = performance.now();
  const response = await trustingFetch(`https://${hostname}:${port}/close`);
  const firstByte = performance.now() - start;
  await response.arrayBuffer();
  return { firstByte };
};

export const ways: Readonly<Record<string, Ask>> = {
  "Deno.connectTls": byDeno,
  "Bun.connect": byBun,
  "node:tls": byNodeTls,
  "fetch": byFetch,
};
