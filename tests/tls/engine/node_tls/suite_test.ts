/**
 * What the suite asks of connections, asked of the engine on the runtime's own TLS.
 */

import { useEngine } from "../../../peers/engine.ts";

useEngine("runtime");

const files = [
  "peers/gnutls_server",
  "peers/nginx",
  "peers/openssl_server",
  "tls/abort",
  "tls/client/errors_certificate",
  "tls/client/errors_peer",
  "tls/client/renegotiation",
  "tls/duplex",
  "tls/keylog",
  "tls/leaks",
  "tls/sessions/resumption",
  "tls/start_tls",
  "tls/streams",
  "tls/transfer",
  "tls/transports",
  "tls/truncation",
  "tls/unref",
];

for (const file of files) await import(`../../../${file}_test.ts`);
