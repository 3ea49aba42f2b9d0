/**
 * Whole conversations over one connection.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import {
  connectTls,
  type ConnectTlsOptions,
  type PendingTls,
  prepareTls,
  type TlsConn,
} from "../../mod.ts";
import { certificates } from "./certificates.ts";
import { can, engineUnderTest } from "./engine.ts";
import { httpRequest } from "./http.ts";
import { factsIn, type NginxFacts } from "./nginx.ts";
import { soon } from "./peer.ts";

/** A source of bytes: this project's connections, and Deno's. */
export interface Readable {
  read(p: Uint8Array): Promise<number | null>;
}

export const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Reads to the end. The text has a character per byte. */
export async function readText(conn: Readable): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = new Uint8Array(64 * 1024);
    const length = await soon("data", conn.read(chunk));
    if (length === null) return Buffer.concat(chunks).toString("latin1");
    chunks.push(chunk.subarray(0, length));
  }
}

/** Reads until `pattern` matches what has arrived, and returns that. */
export async function readUntil(conn: Readable, pattern: RegExp): Promise<string> {
  const chunk = new Uint8Array(64 * 1024);
  let text = "";
  while (!pattern.test(text)) {
    const length = await soon(`data like ${pattern}`, conn.read(chunk));
    if (length === null) throw new Error(`The data ended with ${JSON.stringify(text.slice(-200))}`);
    text += Buffer.from(chunk.subarray(0, length)).toString("latin1");
  }
  return text;
}

/** Options with the defaults of {@linkcode open}. */
export type LocalOptions = Partial<ConnectTlsOptions> & { port: number };

/** As {@linkcode open}, but the first write connects. */
export function prepare(options: LocalOptions): PendingTls {
  const defaults = { hostname: "127.0.0.1", caCerts: [certificates().ca] };
  return prepareTls({ ...defaults, engine: engineUnderTest(), ...options });
}

/** Connects to this machine with the engine under test, and trusts the test's root. */
export function open(options: LocalOptions): Promise<TlsConn> {
  const defaults = { hostname: "127.0.0.1", caCerts: [certificates().ca] };
  return connectTls({ ...defaults, engine: engineUnderTest(), ...options });
}

/**
 * Asks nginx for what it knows of a connection. With `early`, asks by early data if the engine can.
 */
export async function ask(
  options: LocalOptions,
  { early = false, path = "/facts" }: { early?: boolean; path?: string } = {},
): Promise<{ conn: TlsConn; facts: NginxFacts }> {
  const request = encode(httpRequest(path));
  const rides = early && can("earlyData");
  using conn = await open(rides ? { ...options, earlyData: request } : options);
  if (!rides) await conn.write(request);
  return { conn, facts: factsIn(await readText(conn)) };
}
