/**
 * `Deno.connectTls`.
 *
 * @module
 */

import { cert } from "../../harness/certificate.ts";
import { denoNamespace, type DenoTlsConn } from "../natives.ts";
import {
  doneRequest,
  type Download,
  getRequest,
  putRequest,
  type Stall,
  type Transfer,
  type Upload,
  WRITE_SIZE,
} from "./way.ts";

async function connect({ hostname, port }: Transfer): Promise<DenoTlsConn> {
  const conn = await denoNamespace().connectTls({ hostname, port, caCerts: [cert] });
  await conn.handshake();
  return conn;
}

async function writeAll(conn: DenoTlsConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

const byRead = (bufferSize: number): Download => async (transfer, started) => {
  using conn = await connect(transfer);
  started();
  await writeAll(conn, getRequest(transfer));
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
  await writeAll(conn, getRequest(transfer));
  let total = 0;
  for await (const chunk of conn.readable) total += chunk.length;
  return total;
};

export const downloads: Readonly<Record<string, Download>> = {
  "Deno.connectTls 64 KiB": byRead(64 * 1024),
  "Deno.connectTls 256 KiB": byRead(256 * 1024),
  "Deno.connectTls readable": byReadable,
};

const byWrite: Upload = async (transfer, started) => {
  using conn = await connect(transfer);
  started();
  await writeAll(conn, putRequest(transfer));
  const chunk = new Uint8Array(WRITE_SIZE);
  for (let left = transfer.size; left > 0; left -= chunk.length) {
    await writeAll(conn, left < chunk.length ? chunk.subarray(0, left) : chunk);
  }
  await writeAll(conn, doneRequest(transfer));
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null);
};

export const uploads: Readonly<Record<string, Upload>> = { "Deno.connectTls": byWrite };

const stall: Stall = async (transfer) => {
  const conn = await connect(transfer);
  await writeAll(conn, getRequest(transfer));
  await conn.read(new Uint8Array(1));
  return conn;
};

export const stalls: Readonly<Record<string, Stall>> = { "Deno.connectTls": stall };
