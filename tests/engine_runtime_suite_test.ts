/**
 * What the suite asks of connections, asked of the engine on the runtime's own TLS.
 */

import { useEngine } from "./peers/engine.ts";

useEngine("runtime");

const files = [
  "abort",
  "duplex",
  "errors_certificate",
  "errors_peer",
  "gnutls_server_peer",
  "keylog",
  "leaks",
  "nginx_peer",
  "openssl_server_peer",
  "sessions",
  "starttls",
  "streams",
  "transfer",
  "truncation",
  "unref",
];

for (const file of files) await import(`./${file}_test.ts`);
