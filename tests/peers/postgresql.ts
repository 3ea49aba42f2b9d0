/**
 * PostgreSQL, with TLS of its own, as its clients ask for it.
 *
 * @module
 */

import { readdirSync, writeFileSync } from "node:fs";
import { certificates } from "./certificates.ts";
import { addressIn, type Daemon, type DaemonOptions, startDaemon, User } from "./daemon.ts";
import { here, POSTGRESQL_VERSIONS, run } from "./peer.ts";

function program(name: string): string {
  const newest = readdirSync(POSTGRESQL_VERSIONS).map(Number).sort((a, b) => b - a)[0];
  return `${POSTGRESQL_VERSIONS}/${newest}/bin/${name}`;
}

/** Starts PostgreSQL, which lets everybody in but a user `bound`, who needs a password. */
export function startPostgresql(
  { place }: Pick<DaemonOptions, "place"> = {},
): Promise<Daemon> {
  return startDaemon(async (folder, port) => {
    const user = new User("postgres");
    const data = user.makeFolder(folder, "data");
    await makeCluster(user, data);
    const { certPath, keyPath } = certificates().server;
    const settings = {
      ...{ port, listen_addresses: addressIn(place), unix_socket_directories: "", fsync: "off" },
      ssl: "on",
      ssl_cert_file: user.copyFile(certPath, `${data}/server.pem`),
      ssl_key_file: user.copyFile(keyPath, `${data}/server.key`),
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    return user.run(program("postgres"), "-D", data, ...options);
  }, { place, stopBy: "SIGQUIT" });
}

/** Who is let in, and how. */
const rules = ["hostssl all bound all scram-sha-256", "host all all all trust", ""];

/** Makes its databases. */
async function makeCluster(user: User, data: string): Promise<void> {
  const how = ["-A", "trust", "-U", "postgres", "--no-sync", "--no-instructions", "-D", data];
  const [command, ...args] = user.run(program("initdb"), ...how);
  const { code, output } = await run(here, command, args);
  if (code !== 0) throw new Error(`initdb failed: ${output}`);
  writeFileSync(`${data}/pg_hba.conf`, rules.join("\n"));
}
