/**
 * `node:tls`, in whichever runtime.
 *
 * @module
 */

import { once } from "node:events";
import { connect as connectSocket, type TLSSocket } from "node:tls";
import { cert } from "../../harness/certificate.ts";
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

async function connect({ hostname, port }: Transfer): Promise<TLSSocket> {
  const socket = connectSocket({ host: hostname, port, servername: SERVER_NAME, ca: [cert] });
  await once(socket, "secureConnect");
  return socket;
}

const byData: Download = async (transfer, started) => {
  const socket = await connect(transfer);
  started();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let total = 0;
  socket.on("data", (chunk: Uint8Array) => total += chunk.length);
  socket.once("end", () => resolve(total)).once("error", reject);
  socket.write(getRequest(transfer));
  return await promise;
};

export const downloads: Readonly<Record<string, Download>> = { "node:tls": byData };

const byWrite: Upload = async (transfer, started) => {
  const socket = await connect(transfer);
  started();
  socket.write(putRequest(transfer));
  const chunk = new Uint8Array(WRITE_SIZE);
  for (let left = transfer.size; left > 0; left -= chunk.length) {
    const part = left < chunk.length ? chunk.subarray(0, left) : chunk;
    if (!socket.write(part)) await once(socket, "drain");
  }
  socket.write(doneRequest(transfer));
  socket.resume();
  await once(socket, "end");
  socket.destroy();
};

export const uploads: Readonly<Record<string, Upload>> = { "node:tls": byWrite };

const stall: Stall = async (transfer) => {
  const socket = await connect(transfer);
  socket.write(getRequest(transfer));
  await once(socket, "data");
  socket.pause();
  return socket;
};

export const stalls: Readonly<Record<string, Stall>> = { "node:tls": stall };
