/** What sockets of both kinds do: the scenarios of `tlsSocket` with `tcpSocket`, beside `net.connect`. */

import { useKind } from "../../peers/sockets/kind.ts";

useKind("tcp");

const judged = ["connect", "destroy", "flow", "half_open", "time"];
for (const each of judged) await import(`../../tls/socket/${each}_judge_test.ts`);
await import("../../tls/socket/members_test.ts");
await import("../../tls/socket/unref_test.ts");
