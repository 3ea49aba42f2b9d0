/**
 * The roots to trust: the runtime's own, or the caller's.
 *
 * @module
 */

import { countNative } from "../../../base/census.ts";
import { cString } from "../../../ffi/memory.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { endsChains, factsIn, type OwnRoots, ownRoots } from "../own_roots.ts";
import { derOf } from "./der.ts";
import { openssl } from "./library.ts";
import { eachCertificate } from "./pem.ts";

/** The store of the runtime's roots, and the name of what is in it. */
let own: { readonly name: string; readonly store: bigint } | undefined;

/** Gives a context its trust store: `caCerts`, or the runtime's own roots. */
export function setTrust(context: bigint, caCerts: readonly string[] | undefined): void {
  const library = openssl();
  if (caCerts === undefined) {
    library.SSL_CTX_set1_cert_store(context, storeOfOwnRoots());
    return;
  }
  const store = makeStore((store) => addTrusted(store, caCerts));
  library.SSL_CTX_set1_cert_store(context, store);
  freeStore(store);
}

/** Reading 150 certificates takes milliseconds, so every context shares the result. */
function storeOfOwnRoots(): bigint {
  const roots = ownRoots();
  if (own?.name !== roots.name) {
    const store = makeStore((store) => addOwn(store, roots));
    if (own) freeStore(own.store); // Contexts hold references.
    own = { name: roots.name, store };
  }
  return own.store;
}

/** Adds what a caller trusts, roots or not. */
function addTrusted(store: bigint, caCerts: readonly string[]): void {
  endChainsAnywhere(store);
  for (const pem of caCerts) eachCertificate(pem, "caCerts", (x509) => addEnd(store, x509));
}

/** Adds a certificate where chains may end at it; OpenSSL itself would let them end at any. */
function addEnd(store: bigint, x509: bigint): void {
  const library = openssl();
  const facts = factsIn(derOf((slot) => library.i2d_X509(x509, slot)));
  if (facts && endsChains(facts)) library.X509_STORE_add_cert(store, x509);
}

/** Adds what the runtime trusts. It goes by without what OpenSSL can't read. */
function addOwn(store: bigint, { certificates, added, places, endsAnywhere }: OwnRoots): void {
  const library = openssl();
  if (endsAnywhere) endChainsAnywhere(store);
  const addAny = (x509: bigint) => library.X509_STORE_add_cert(store, x509);
  const addAdded = endsAnywhere ? (x509: bigint) => addEnd(store, x509) : addAny;
  for (const [list, add] of [[certificates, addAny], [added, addAdded]] as const) {
    for (const pem of list) {
      try {
        eachCertificate(pem, "caCerts", add);
      } catch {
        continue;
      }
    }
  }
  if (places === "openssl") library.X509_STORE_set_default_paths(store);
  else if (places) {
    library.X509_STORE_load_file(store, cString(places.file));
    library.X509_STORE_load_path(store, cString(places.folder));
  }
  library.ERR_clear_error(); // A place that is not there is no error.
}

/** Lets a chain end at any certificate of a store, and not only at a root. */
function endChainsAnywhere(store: bigint): void {
  openssl().X509_STORE_set_flags(store, OPENSSL.X509_V_FLAG_PARTIAL_CHAIN);
}

function makeStore(fill: (store: bigint) => void): bigint {
  const store = openssl().X509_STORE_new();
  countNative("X509_STORE", 1);
  try {
    fill(store);
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
