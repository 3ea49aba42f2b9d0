/**
 * Exim, a mail server, without TLS: something in front of it terminates that.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { type Daemon, startDaemon } from "./daemon.ts";

/** Starts Exim, which takes mail for everybody and throws it away. */
export function startExim(): Promise<Daemon> {
  return startDaemon((folder, port) => {
    const { uid, gid } = userInfo();
    writeFileSync(
      folder.path("exim.conf"),
      `
exim_user = ${uid}
exim_group = ${gid}
never_users =
primary_hostname = localhost
spool_directory = ${folder.path()}
log_file_path = ${folder.path()}/%slog
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
host_lookup =
rfc1413_query_timeout = 0s
smtp_enforce_sync = true
acl_smtp_rcpt = take
acl_smtp_data = take
queue_only
begin acl
take:
  accept
begin routers
everybody:
  driver = accept
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
`,
    );
    return ["exim4", "-bdf", "-C", folder.path("exim.conf")];
  });
}
