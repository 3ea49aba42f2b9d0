/**
 * `fetch` that trusts the test certificate. Each runtime has its own way to be told; Node is told by
 * NODE_EXTRA_CA_CERTS, which whoever starts the client sets.
 *
 * @module
 */

import process from "node:process";
import { cert } from "../harness/certificate.ts";
import { denoNamespace } from "./natives.ts";

/** The request's options that make this runtime trust the test certificate. */
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
