/**
 * Dovecot, an IMAP server, without TLS: something in front of it terminates that.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { type Daemon, startDaemon, User } from "./daemon.ts";

/** What everybody's password is. */
export const DOVECOT_PASSWORD = "secret";

/** Starts Dovecot, in which everybody has an empty mailbox. Its processes end when its first one does. */
export function startDovecot(): Promise<Daemon> {
  return startDaemon((folder, port) => {
    mkdirSync(folder.path("run"));
    const user = new User("mail");
    const mail = user.makeFolder(folder, "mail");
    const { uid, username } = userInfo();
    const internal = (name: string) => uid === 0 ? name : username;
    writeFileSync(
      folder.path("dovecot.conf"),
      `
base_dir = ${folder.path("run")}
log_path = ${folder.path("log")}
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:${mail}/%u
default_internal_user = ${internal("dovecot")}
default_login_user = ${internal("dovenull")}
first_valid_uid = ${user.uid}
passdb {
  driver = static
  args = password=${DOVECOT_PASSWORD}
}
userdb {
  driver = static
  args = uid=${user.uid} gid=${user.gid} home=${mail}/%u
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
    );
    return ["dovecot", "-F", "-c", folder.path("dovecot.conf")];
  });
}
