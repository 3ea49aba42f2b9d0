/**
 * What the system lets OpenSSL do: openssl.cnf may demand more than this library does by default
 * (`MinProtocol`, `Ciphersuites`, `Groups`, …). No function tells all of that, but a ClientHello does.
 *
 * @module
 */

import type { CFunctions } from "../../../ffi/long.ts";
import { type libcryptoSymbols, type libsslSymbols, OPENSSL } from "../../../ffi/openssl.ts";
import { type Offers, offersIn } from "../client_hello.ts";

/** What OpenSSL offers when it is asked for nothing in particular. */
export type Policy = Offers;

/** OpenSSL's functions. */
export type Openssl = CFunctions<typeof libsslSymbols & typeof libcryptoSymbols>;

/** Makes a ClientHello and reads it; `undefined` where OpenSSL can't make one. */
export function readPolicy(library: Openssl): Policy | undefined {
  const context = library.SSL_CTX_new(library.TLS_client_method());
  if (context === 0n) return undefined;
  try {
    const hello = makeHello(library, context);
    return hello && offersIn(hello);
  } finally {
    library.SSL_CTX_free(context);
  }
}

function makeHello(library: Openssl, context: bigint): Uint8Array | undefined {
  const ssl = library.SSL_new(context);
  if (ssl === 0n) return undefined;
  const output = library.BIO_new(library.BIO_s_mem());
  library.SSL_set_bio(ssl, library.BIO_new(library.BIO_s_mem()), output);
  try {
    library.SSL_set_connect_state(ssl);
    const result = library.SSL_do_handshake(ssl);
    if (library.SSL_get_error(ssl, result) !== OPENSSL.SSL_ERROR_WANT_READ) return undefined;
    const hello = new Uint8Array(Number(library.BIO_ctrl_pending(output)));
    library.BIO_read(output, hello, hello.length);
    return hello;
  } finally {
    library.SSL_free(ssl); // Frees both BIOs, too.
  }
}

/** OpenSSL's own choice among TLS 1.3's suites (RFC 8446, section B.4). */
const USUAL_SUITES = [0x1302, 0x1303, 0x1301];

/** Whether nobody but OpenSSL itself has chosen the suites of TLS 1.3. */
export function leavesSuites({ cipherSuites }: Policy): boolean {
  const ofTls13 = cipherSuites.filter((suite) => suite >> 8 === 0x13);
  return ofTls13.join() === USUAL_SUITES.join();
}
