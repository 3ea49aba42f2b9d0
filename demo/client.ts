/**
 * The demo's client, which runs on each runtime. Its argument names the origin. A line of its
 * standard input asks for a number of connections in one mode. It answers each line with a line of
 * findings.
 *
 *     client.ts '{"hostname":"10.77.0.2","port":443}'
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import {
  connectTls,
  type ConnectTlsOptions,
  MemorySessionStore,
  type StoredSession,
} from "../mod.ts";
import { cert } from "../examples/certificate.ts";
import { readAnswer } from "./http.ts";
import type { ClientConfig, Finding, Findings, Mode, Task } from "./task.ts";

/** Milliseconds to wait for new tickets, which arrive a round trip after the answer. */
const TICKET_PATIENCE = 1000;

/** Remembers sessions, and reports when a new one arrives. */
class Sessions extends MemorySessionStore {
  next: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  override put(key: string, session: StoredSession): void {
    super.put(key, session);
    this.next.resolve();
    this.next = Promise.withResolvers();
  }
}

const { hostname, port } = JSON.parse(process.argv[2] ?? "{}") as ClientConfig;
const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
const sessions = new Sessions();

const optionsFor: Readonly<Record<Mode, Partial<ConnectTlsOptions>>> = {
  "plain": { fastOpen: false, sessions: false },
  "fast-open": { sessions: false },
  "early-data": { sessions, earlyData: request },
};

async function exchange(mode: Mode): Promise<Finding> {
  const ticket = sessions.next.promise;
  const calledAt = performance.now();
  using conn = await connectTls({
    hostname,
    port,
    serverName: "localhost",
    caCerts: [cert],
    alpnProtocols: ["http/1.1"],
    ...optionsFor[mode],
  });
  let requestAt: number | undefined;
  if (mode !== "early-data") {
    await conn.write(request);
    requestAt = performance.now() - calledAt;
  }
  const { status, firstByteAt, length } = await readAnswer(conn);
  if (status !== 200) throw new Error(`The origin answered with status ${status}`);
  if (mode === "early-data") await within(TICKET_PATIENCE, ticket);
  const { timing, fastOpen, earlyData, protocol, group } = conn;
  return {
    syn: timing.open,
    hello: timing.firstByte,
    secure: timing.secure,
    ...(requestAt === undefined ? {} : { request: requestAt }),
    response: firstByteAt - calledAt,
    answer: length,
    fastOpen,
    earlyData,
    protocol,
    group,
  };
}

async function within(milliseconds: number, event: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, milliseconds);
  await Promise.race([event, late.promise]);
  clearTimeout(timer);
}

const { deno, bun, node } = process.versions;
const version = deno ?? bun ?? node;

for await (const line of createInterface({ input: process.stdin })) {
  const { mode, connections } = JSON.parse(line) as Task;
  const findings: Finding[] = [];
  while (findings.length < connections) findings.push(await exchange(mode));
  console.log(JSON.stringify({ version, findings } satisfies Findings));
}
