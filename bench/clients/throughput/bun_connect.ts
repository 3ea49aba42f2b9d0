/**
 * `Bun.connect`.
 *
 * @module
 */

import { cert } from "../../harness/certificate.ts";
import { bunNamespace, type BunSocket } from "../natives.ts";
import {
  doneRequest,
  type Download,
  getRequest,
  putRequest,
  SERVER_NAME,
  type Stall,
  type Transfer,
  type Upload,
  WRITE_SIZE,
} from "./way.ts";

/** The events that the owner of a socket handles. */
interface Listener {
  data(chunk: Uint8Array): void;
  ended(error?: Error): void;
  drained?(): void;
}

async function connect({ hostname, port }: Transfer, listener: Listener): Promise<BunSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<BunSocket>();
  await bunNamespace().connect({
    hostname,
    port,
    tls: { ca: cert, serverName: SERVER_NAME },
    socket: {
      handshake: (socket, ok, error) => ok ? resolve(socket) : reject(error),
      data: (_socket, chunk) => listener.data(chunk),
      drain: () => listener.drained?.(),
      close: () => listener.ended(),
      end: () => listener.ended(),
      error: (_socket, error) => listener.ended(error),
    },
  });
  return await promise;
}

const byData: Download = async (transfer, started) => {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let total = 0;
  const socket = await connect(transfer, {
    data: (chunk) => total += chunk.length,
    ended: (error) => error ? reject(error) : resolve(total),
  });
  started();
  socket.write(getRequest(transfer));
  await promise;
  socket.end();
  return total;
};

export const downloads: Readonly<Record<string, Download>> = { "Bun.connect": byData };

const byWrite: Upload = async (transfer, started) => {
  const ended = Promise.withResolvers<void>();
  let drained = Promise.withResolvers<void>();
  const socket = await connect(transfer, {
    data: () => {},
    ended: (error) => error ? ended.reject(error) : ended.resolve(),
    drained: () => drained.resolve(),
  });
  const writeAll = async (bytes: Uint8Array) => {
    for (let sent = 0; sent < bytes.length;) {
      const written = socket.write(sent === 0 ? bytes : bytes.subarray(sent));
      if (written < 0) throw new Error("The socket was closed");
      sent += written;
      if (sent === bytes.length) return;
      await drained.promise;
      drained = Promise.withResolvers();
    }
  };
  started();
  await writeAll(putRequest(transfer));
  const chunk = new Uint8Array(WRITE_SIZE);
  for (let left = transfer.size; left > 0; left -= chunk.length) {
    await writeAll(left < chunk.length ? chunk.subarray(0, left) : chunk);
  }
  await writeAll(doneRequest(transfer));
  await ended.promise;
  socket.end();
};

export const uploads: Readonly<Record<string, Upload>> = { "Bun.connect": byWrite };

const stall: Stall = async (transfer) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = await connect(transfer, { data: () => resolve(), ended: () => {} });
  socket.write(getRequest(transfer));
  await promise;
  socket.pause();
  return socket;
};

export const stalls: Readonly<Record<string, Stall>> = { "Bun.connect": stall };
