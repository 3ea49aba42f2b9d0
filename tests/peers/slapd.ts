/**
 * OpenLDAP's slapd, without TLS: something in front of it terminates that.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { type Daemon, startDaemon } from "./daemon.ts";

/** The naming context that slapd is responsible for. */
export const SLAPD_SUFFIX = "dc=firstflight,dc=test";

/** Starts slapd with an empty directory. */
export function startSlapd(): Promise<Daemon> {
  return startDaemon((folder, port) => {
    mkdirSync(folder.path("data"));
    writeFileSync(
      folder.path("slapd.conf"),
      `
include /etc/ldap/schema/core.schema
pidfile ${folder.path("slapd.pid")}
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "${SLAPD_SUFFIX}"
directory ${folder.path("data")}
`,
    );
    const where = ["-f", folder.path("slapd.conf"), "-h", `ldap://127.0.0.1:${port}/`];
    return ["slapd", "-d", "0", ...where];
  });
}
