/**
 * The emulated network of the latency benchmarks, and the server on it.
 *
 * @module
 */

import process from "node:process";
import { type Netlab, netlabUnavailable, startNetlab } from "../../tests/netlab/mod.ts";
import { type Nginx, type NginxOptions, startNginx } from "./nginx.ts";

/** Round trip in milliseconds. */
export const RTT = 35;

/** The server's port. */
export const PORT = 443;

/** Starts the network. Ends the process where this machine can't emulate one. */
export async function startNetwork(fastOpen = 3): Promise<Netlab> {
  const missing = netlabUnavailable();
  if (missing !== undefined) {
    console.error(`No emulated network, so there is nothing to measure: ${missing}`);
    process.exit(1);
  }
  return await startNetlab({ rtt: RTT, fastOpen });
}

/** Additions to the server's configuration. */
export interface ServerOptions extends Partial<NginxOptions> {
  /** Further parameters of its `listen` directive. */
  readonly listen?: string;
}

/**
 * Starts nginx on the network's server. It answers `/` and `/close` with more than one segment, and
 * closes the connection after `/close`.
 */
export function startServer(
  { server: host }: Netlab,
  { listen = "", server = "", ...rest }: ServerOptions = {},
): Promise<Nginx> {
  const body = "x".repeat(2000);
  const directives = `
    listen ${host.ipv4}:${PORT} ssl fastopen=256 ${listen};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_early_data on;
    location / { return 200 "${body}"; }
    location /close { keepalive_timeout 0; return 200 "${body}"; }
    ${server}`;
  return startNginx((...args) => host.spawn(...args), { ...rest, server: directives });
}
