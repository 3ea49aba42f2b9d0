/**
 * The suites of TLS 1.2 (RFC 9325, section 4). Those of TLS 1.3 are all good, and in `context.ts`.
 *
 * @module
 */

import { readString } from "../../../ffi/memory.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { openssl } from "./library.ts";

/** Suites with forward secrecy and authenticated encryption, AES-128 first, as in TLS 1.3. */
const GOOD = [
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ...["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ...["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
];

/** CBC, which many old servers have nothing better than. The secrecy is forward, too. */
const FOR_OLD_SERVERS = [
  ...["ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256"],
  ...["ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA384"],
  ...["ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA"],
  ...["ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA"],
];

/** What a client offers. */
export function offerSuites(context: bigint): void {
  limitSuites(context, [...GOOD, ...FOR_OLD_SERVERS]);
}

/** What a server takes, by its own preference, but for a client that is slow at AES. */
export function acceptSuites(context: bigint): void {
  limitSuites(context, GOOD);
  const { SSL_OP_CIPHER_SERVER_PREFERENCE, SSL_OP_PRIORITIZE_CHACHA } = OPENSSL;
  openssl().SSL_CTX_set_options(
    context,
    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA,
  );
}

/** Leaves those of `wanted` that the system's settings allow; all that they allow, if that is none. */
function limitSuites(context: bigint, wanted: readonly string[]): void {
  const library = openssl();
  const allowed = namesOf(library.SSL_CTX_get_ciphers(context));
  const left = wanted.filter((name) => allowed.has(name));
  if (left.length === 0) return;
  library.SSL_CTX_set_cipher_list(context, new TextEncoder().encode(`${left.join(":")}\0`));
}

/** The names of the suites in a stack. */
function namesOf(stack: bigint): Set<string | undefined> {
  const library = openssl();
  const names = new Set<string | undefined>();
  for (let index = 0; index < library.OPENSSL_sk_num(stack); index++) {
    names.add(readString(library.SSL_CIPHER_get_name(library.OPENSSL_sk_value(stack, index))));
  }
  return names;
}
