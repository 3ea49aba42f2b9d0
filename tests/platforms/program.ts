/**
 * The program that runs on each platform. It reports its surroundings, connects as its arguments
 * say, and reports the results: one line of JSON each.
 *
 *     program.ts '{"hostname":"10.77.0.2","port":443}' tls early-data
 *
 * It gets everything by arguments and reads no files, because paths differ between platforms.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import {
  connect,
  type ConnectError,
  connectTls,
  type ConnectTlsOptions,
  fastOpenSupport,
  listenTls,
  type StreamConn,
  TlsConn,
  type TlsListener,
} from "../../mod.ts";
import { httpRequest } from "../peers/http.ts";
import type { About, Finding, Step, Target } from "./finding.ts";

const [, , target = "{}", ...steps] = process.argv;
const { hostname, port, plainPort = 80, caCerts, cert, key }: Target = JSON.parse(target);
const request = new TextEncoder().encode(httpRequest("/facts"));
const alpnProtocols = ["http/1.1"];
const trust = caCerts === undefined ? {} : { caCerts };

function about(): About {
  const { deno, bun, node } = process.versions;
  const [runtime, version] = deno ? ["deno", deno] : bun ? ["bun", bun] : ["node", node];
  const support = fastOpenSupport(); // This loads the C library where it is not loaded yet.
  return {
    runtime: runtime as About["runtime"],
    version: version ?? "",
    os: process.platform,
    arch: process.arch,
    ...libc(),
    support,
  };
}

/** The C library that this process has loaded. */
function libc(): { libc?: string } {
  try {
    const maps = readFileSync("/proc/self/maps", "utf8");
    const [libc] = /\/\S*(?:\/libc\.so(?:\.6)?|\/ld-musl-\S+)$/m.exec(maps) ?? [];
    return libc === undefined ? {} : { libc };
  } catch {
    return {}; // Not Linux.
  }
}

/** Sends the request, unless it has been sent already, and reads the answer to its end. */
async function exchange(step: Step, conn: StreamConn, asked: boolean): Promise<Finding> {
  if (!asked) await conn.write(request);
  let received = 0;
  const chunk = new Uint8Array(64 * 1024);
  for (let length: number | null; (length = await conn.read(chunk)) !== null;) received += length;
  const { outcome, reason, synBytes, flightBytes } = conn.fastOpen;
  return {
    step,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    synBytes,
    flightBytes,
    ...(conn instanceof TlsConn ? tlsFacts(conn) : {}),
    received,
    localPort: conn.localAddr.port,
  };
}

function tlsFacts({ engine, protocol, alpnProtocol, resumed, earlyData }: TlsConn) {
  return { engine, protocol, alpnProtocol, resumed, earlyData };
}

async function plain(step: Step, fastOpen: boolean): Promise<Finding> {
  using conn = await connect({ hostname, port: plainPort, fastOpen, data: request });
  return await exchange(step, conn, true);
}

async function tls(step: Step, options: Partial<ConnectTlsOptions> = {}): Promise<Finding> {
  using conn = await connectTls({ hostname, port, ...trust, ...options });
  return await exchange(step, conn, options.earlyData !== undefined);
}

/**
 * Runs both ends in one process. A server calls back into JavaScript, which a client never does.
 */
async function listen(step: Step): Promise<Finding> {
  const listener = startListener();
  const serving = serveOne(listener);
  try {
    const options = { hostname: "127.0.0.1", port: listener.addr.port, ...trust, alpnProtocols };
    using conn = await connectTls(options);
    return await exchange(step, conn, false);
  } finally {
    listener.close();
    await serving;
  }
}

function taken(): never {
  using listener = startListener();
  using _ = startListener(listener.addr.port);
  throw new Error("Two servers listen at the same address");
}

function startListener(port = 0): TlsListener {
  if (!cert || !key) throw new Error('A server needs "cert" and "key"');
  return listenTls({ hostname: "127.0.0.1", port, cert, key, alpnProtocols });
}

async function serveOne(listener: AsyncIterable<TlsConn>): Promise<void> {
  for await (const conn of listener) {
    const length = await conn.read(new Uint8Array(request.length));
    await conn.write(new TextEncoder().encode(`${length} bytes`));
    conn.close();
  }
}

const perform: Readonly<Record<Step, (step: Step) => Promise<Finding>>> = {
  "plain": (step) => plain(step, false),
  "tcp": (step) => plain(step, true),
  "tls": (step) => tls(step),
  "early-data": (step) => tls(step, { earlyData: request }),
  "wrong-name": (step) => tls(step, { serverName: "other.test", sessions: false }),
  "untrusted": async (step) => {
    using conn = await connectTls({ hostname, port, sessions: false });
    return await exchange(step, conn, false);
  },
  listen,
  taken: async () => await taken(),
};

function failure(step: Step, error: unknown): Finding {
  const { name, code, errno, message } = error as ConnectError;
  return { step, error: { name, code, message, ...(errno === undefined ? {} : { errno }) } };
}

console.log(JSON.stringify(about()));
for (const step of steps as Step[]) {
  const finding = await perform[step](step).catch((error) => failure(step, error));
  console.log(JSON.stringify(finding));
}
