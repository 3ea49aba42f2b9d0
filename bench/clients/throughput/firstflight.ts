/**
 * firstflight's faces: `read`, `readable`, `duplex`, and `write`.
 *
 * @module
 */

import { cert } from "../../harness/certificate.ts";
import { connectTls, type TlsConn } from "../../../mod.ts";
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

function connect({ hostname, port }: Transfer): Promise<TlsConn> {
  const options = { serverName: SERVER_NAME, caCerts: [cert], fastOpen: false };
  return connectTls({ hostname, port, ...options, sessions: false });
}

const byRead = (bufferSize: number): Download => async (transfer, started) => {
  using conn = await connect(transfer);
  started();
  await conn.write(getRequest(transfer));
  const buffer = new Uint8Array(bufferSize);
  let total = 0;
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    total += count;
  }
  return total;
};

const byReadable: Download = async (transfer, started) => {
  using conn = await connect(transfer);
  started();
  await conn.write(getRequest(transfer));
  let total = 0;
  for await (const chunk of conn.readable) total += chunk.length;
  return total;
};

const byDuplex: Download = async (transfer, started) => {
  using conn = await connect(transfer);
  started();
  const { duplex } = conn;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let total = 0;
  duplex.on("data", (chunk: Uint8Array) => total += chunk.length);
  duplex.once("end", () => resolve(total)).once("error", reject);
  duplex.write(getRequest(transfer));
  return await promise;
};

export const downloads: Readonly<Record<string, Download>> = {
  "read 64 KiB": byRead(64 * 1024),
  "read 256 KiB": byRead(256 * 1024),
  "readable": byReadable,
  "duplex": byDuplex,
};

const byWrite: Upload = async (transfer, started) => {
  using conn = await connect(transfer);
  started();
  await conn.write(putRequest(transfer));
  const chunk = new Uint8Array(WRITE_SIZE);
  for (let left = transfer.size; left > 0; left -= chunk.length) {
    await conn.write(left < chunk.length ? chunk.subarray(0, left) : chunk);
  }
  await conn.write(doneRequest(transfer));
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null);
};

export const uploads: Readonly<Record<string, Upload>> = { "write": byWrite };

const stall: Stall = async (transfer) => {
  const conn = await connect(transfer);
  await conn.write(getRequest(transfer));
  await conn.read(new Uint8Array(1));
  return conn;
};

export const stalls: Readonly<Record<string, Stall>> = { "read": stall };
