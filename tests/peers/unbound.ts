/**
 * Unbound, a name server, over TCP without TLS: something in front of it terminates that.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { type Daemon, startDaemon } from "./daemon.ts";
import type { Place } from "./peer.ts";

/** A name that Unbound knows, and its address. */
export const UNBOUND_NAME = "known.test";
export const UNBOUND_ADDRESS = "192.0.2.7";

/** Starts Unbound, which asks nobody. */
export function startUnbound({ place }: { place?: Place } = {}): Promise<Daemon> {
  return startDaemon((folder, port) => {
    writeFileSync(
      folder.path("unbound.conf"),
      `
server:
  interface: 127.0.0.1@${port}
  do-udp: no
  do-daemonize: no
  username: ""
  chroot: ""
  directory: ${folder.path()}
  pidfile: ${folder.path("unbound.pid")}
  use-syslog: no
  access-control: 127.0.0.0/8 allow
  module-config: "iterator"
  local-zone: "test." static
  local-data: "${UNBOUND_NAME}. A ${UNBOUND_ADDRESS}"
remote-control:
  control-enable: no
`,
    );
    return ["unbound", "-d", "-c", folder.path("unbound.conf")];
  }, { place });
}
