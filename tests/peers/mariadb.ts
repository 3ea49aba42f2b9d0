/**
 * MariaDB, with TLS of its own, as its clients ask for it.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { certificates } from "./certificates.ts";
import { addressIn, type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";

/** Starts MariaDB, which takes every name and password. It has no tables at all. */
export function startMariadb({ place }: Pick<DaemonOptions, "place"> = {}): Promise<Daemon> {
  return startDaemon((folder, port) => {
    mkdirSync(folder.path("data"));
    const { certPath, keyPath } = certificates().server;
    return [
      ...["mariadbd", "--no-defaults", "--user=root", "--skip-grant-tables", "--skip-innodb"],
      ...["--default-storage-engine=Aria"],
      ...[`--bind-address=${addressIn(place)}`, `--port=${port}`],
      `--datadir=${folder.path("data")}`,
      ...[`--socket=${folder.path("socket")}`, `--ssl-cert=${certPath}`, `--ssl-key=${keyPath}`],
    ] as ["mariadbd", ...string[]];
  }, { place });
}
