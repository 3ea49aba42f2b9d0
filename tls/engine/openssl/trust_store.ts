/**
 * The roots to trust: the runtime's own, or the caller's.
 *
 * @module
 */

import { runtime } from "../../../runtimes/mod.ts";
import { countNative } from "../../../base/census.ts";
import { openssl } from "./library.ts";
import { eachCertificate } from "./pem.ts";

let runtimeRoots: bigint | undefined;

/** Gives a context its trust store: `caCerts`, or the runtime's own roots. */
export function setTrust(context: bigint, caCerts: readonly string[] | undefined): void {
  const library = openssl();
  if (caCerts === undefined) {
    // Reading 150 certificates takes milliseconds, so every context shares the result.
    runtimeRoots ??= makeStore(runtime.roots());
    library.SSL_CTX_set1_cert_store(context, runtimeRoots);
    return;
  }
  const store = makeStore(caCerts);
  library.SSL_CTX_set1_cert_store(context, store);
  freeStore(store);
}

/** `undefined` takes OpenSSL's default paths, which lead to the system's roots. */
function makeStore(certificates: readonly string[] | undefined): bigint {
  const library = openssl();
  const store = library.X509_STORE_new();
  countNative("X509_STORE", 1);
  try {
    if (!certificates) library.X509_STORE_set_default_paths(store);
    for (const pem of certificates ?? []) {
      eachCertificate(pem, "caCerts", (x509) => library.X509_STORE_add_cert(store, x509));
    }
  } catch (error) {
    freeStore(store);
    throw error;
  }
  return store;
}

function freeStore(store: bigint): void {
  openssl().X509_STORE_free(store);
  countNative("X509_STORE", -1);
}
