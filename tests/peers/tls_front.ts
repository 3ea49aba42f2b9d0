/**
 * HAProxy as the TLS in front of servers of any protocol. It takes early data, and passes them on.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { certificates } from "./certificates.ts";
import { addressIn, type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";
import { freePort } from "./peer.ts";

/** The ports of a front, by the names of the servers behind it. */
export interface TlsFront<Name extends string> extends AsyncDisposable {
  readonly ports: Readonly<Record<Name, number>>;
}

/**
 * Starts a front with a port for each server behind it, which are given by their own ports. On a host of the
 * emulated network it listens on all addresses.
 */
export async function startTlsFront<Name extends string>(
  behind: Readonly<Record<Name, number>>,
  { alpn, place }: { alpn?: string } & Pick<DaemonOptions, "place"> = {},
): Promise<TlsFront<Name>> {
  const names = Object.keys(behind) as Name[];
  const ports = {} as Record<Name, number>;
  for (const name of names) ports[name] = await freePort();
  const daemon: Daemon = await startDaemon((folder) => {
    const { cert, key } = certificates().server;
    writeFileSync(folder.path("server.pem"), cert + key);
    const tls = `ssl crt ${folder.path("server.pem")} allow-0rtt tfo ${alpn ? `alpn ${alpn}` : ""}`;
    const listeners = names.map((name) => `
listen ${name}
  bind ${addressIn(place)}:${ports[name]} ${tls}
  server ${name} 127.0.0.1:${behind[name]}
`);
    writeFileSync(
      folder.path("haproxy.cfg"),
      `
global
  maxconn 200
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${listeners.join("")}
`,
    );
    return ["haproxy", "-db", "-f", folder.path("haproxy.cfg")];
  }, { place, port: ports[names[0]!] });
  return { ports, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}
