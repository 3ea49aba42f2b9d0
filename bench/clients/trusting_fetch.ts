/**
 * `fetch` that trusts the test certificate. Deno and Bun take the certificate as an option. Node
 * takes it from NODE_EXTRA_CA_CERTS, which the benchmark sets when it starts the client.
 *
 * @module
 */

import process from "node:process";
import { cert } from "../harness/certificate.ts";
import { denoNamespace } from "./natives.ts";

/** Request options that make this runtime trust the test certificate. */
function trust(): object {
  if ("deno" in process.versions) {
    return { client: denoNamespace().createHttpClient({ caCerts: [cert] }) };
  }
  if ("bun" in process.versions) return { tls: { ca: cert } };
  return {};
}

let trusting: object | undefined;

/** A GET that does not share its connection with others. */
export function trustingFetch(url: string): Promise<Response> {
  trusting ??= trust();
  return fetch(url, { headers: { connection: "close" }, ...trusting });
}
