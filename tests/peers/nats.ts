/**
 * NATS, without TLS: something in front of it terminates that.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { certificates } from "./certificates.ts";
import { type Daemon, startDaemon } from "./daemon.ts";

/**
 * Starts a NATS server, which lets everybody in and keeps nothing. It says that it has TLS, and takes clients
 * without: so what stands in front of it can be the TLS that Debian's version does not begin with.
 */
export function startNats(): Promise<Daemon> {
  return startDaemon((folder, port) => {
    const { certPath, keyPath } = certificates().server;
    const configuration = folder.path("nats.conf");
    writeFileSync(
      configuration,
      `listen: "127.0.0.1:${port}"\nallow_non_tls: true\n` +
        `tls { cert_file: "${certPath}", key_file: "${keyPath}" }\n`,
    );
    return ["nats-server", "--config", configuration];
  });
}
