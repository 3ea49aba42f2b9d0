/**
 * Proxies that a connection is made through: tinyproxy for HTTP, microsocks for SOCKS. Both want the same
 * user.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { temporaryFolder } from "./folder.ts";
import { freePort, here, listensOn, Peer } from "./peer.ts";

/** A running proxy. */
export interface Proxy extends AsyncDisposable {
  /** Its address, without a user and with the one that it lets pass: `127.0.0.1:3128`. */
  readonly host: string;
  readonly withUser: string;
}

async function start(makeArgs: (port: number) => [string, ...string[]]): Promise<Proxy> {
  const port = await freePort();
  const [command, ...args] = makeArgs(port);
  const peer = new Peer(here, command, args);
  try {
    await peer.until("a listener", () => listensOn(port));
  } catch (error) {
    await peer.stop();
    throw error;
  }
  const host = `127.0.0.1:${port}`;
  return { host, withUser: `user:pass@${host}`, [Symbol.asyncDispose]: () => peer.stop() };
}

/** Starts a proxy that knows CONNECT. */
export async function startHttpProxy(): Promise<Proxy> {
  using folder = temporaryFolder();
  const configuration = folder.path("tinyproxy.conf");
  return await start((port) => {
    const lines = [`Port ${port}`, "Listen 127.0.0.1", "LogLevel Error", "BasicAuth user pass"];
    writeFileSync(configuration, `${lines.join("\n")}\n`);
    return ["tinyproxy", "-d", "-c", configuration];
  });
}

/** Starts a proxy that speaks SOCKS5. */
export async function startSocksProxy(): Promise<Proxy> {
  const user = ["-u", "user", "-P", "pass"];
  return await start((port) => ["microsocks", "-i", "127.0.0.1", "-p", `${port}`, ...user]);
}
