/** What sockets of both kinds do: the scenarios of `tlsSocket` with `tcpSocket`, beside `net.connect`. */

import { useKind } from "../../peers/sockets/kind.ts";

useKind("tcp");

const files = ["connect", "destroy", "flow", "half_open", "time"];
for (const file of files) await import(`../../tls/socket/${file}_judge_test.ts`);
