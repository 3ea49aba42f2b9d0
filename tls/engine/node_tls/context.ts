/**
 * `SecureContext`: the part that connections of the same configuration share.
 *
 * @module
 */

import { constants } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { digest } from "../../../base/digest.ts";
import { bytesOfBlock } from "../../../base/pem.ts";
import { Recent } from "../../../base/recent.ts";
import { badOption } from "../../../base/option_errors.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { runtime } from "../../../runtimes/mod.ts";
import type { ClientConfig } from "../contract.ts";
import { Trust } from "./chain.ts";
import { ecdhCurve } from "./curves.ts";
import type { NodeError } from "./node_error.ts";
import { readCertificates, readIdentity } from "./pem.ts";
import { ownRoots, trustOf } from "../own_roots.ts";
import { runtimeBounds, type Versions, versionsFor } from "../versions.ts";
import { TlsError } from "../../errors.ts";

/**
 * The algorithms that nearly all certificates on the web are signed with. OpenSSL's lean hello has
 * room for more, because it leaves out parts for middleboxes that `node:tls` can't leave out.
 */
const LEAN_SIGNATURE_ALGORITHMS = [
  ...["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384"],
  ...["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384"],
  ...["rsa_pkcs1_sha256", "rsa_pkcs1_sha384"],
].join(":");

/**
 * What a hello offers that is not lean. OpenSSL's own list depends on its security level. BoringSSL's
 * includes SHA-1, by which a server of TLS 1.2 could sign its key share.
 */
const SIGNATURE_ALGORITHMS = runtime.exportsOpenssl ? undefined : [
  ...["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512", "ed25519"],
  ...["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"],
  ...["rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512"],
].join(":");

/** Leaves out extensions without a meaning in TLS 1.3, where the runtime's own TLS is OpenSSL. */
const LEAN_OPTIONS = runtime.exportsOpenssl
  ? Number(OPENSSL.SSL_OP_NO_EXTENDED_MASTER_SECRET | OPENSSL.SSL_OP_NO_ENCRYPT_THEN_MAC)
  : 0;

/** Not every runtime has this option. */
const NO_RENEGOTIATION = constants.SSL_OP_NO_RENEGOTIATION ?? 0;

/** The objects that are made from a configuration. */
export interface ClientContext {
  readonly secure: SecureContext;
  /** The second check of chains. */
  readonly trust: Trust;
}

/** Contexts in use by recent connections. */
const contexts = new Recent<string, ClientContext>(32);

/** The context for a client's configuration. */
export function clientContext(config: ClientConfig): ClientContext {
  const { hostname, port, caCerts, cert, key, passphrase, hello } = config;
  const curves = ecdhCurve(config);
  const versions = versionsFor(config, runtimeBounds(), { hostname, port });
  const { name: trusted } = trustOf(caCerts);
  const id = digest([trusted, cert, key, passphrase, versions, hello === "lean", curves]);
  return contexts.getOrMake(id, () => makeClientContext(config, versions, curves));
}

function makeClientContext(
  config: ClientConfig,
  versions: Versions,
  curves: string | undefined,
): ClientContext {
  const { caCerts, cert, key, passphrase } = config;
  const roots = caCerts?.flatMap((pem) => readCertificates(pem, "caCerts"));
  const identity = cert !== undefined && key !== undefined
    ? readIdentity(cert, key, passphrase)
    : {};
  // The PEM is written anew: not every runtime reads other labels, or text around the blocks.
  const pem = {
    // A chain may end at any of them. Deno's TLS does it anyway, and knows no option for it.
    ...(roots ? { ca: roots.map(String), allowPartialTrustChain: true } : {}),
    ...identity,
  };
  const trust = roots ? new Trust(roots.map(({ raw }) => raw), true) : trustInOwnRoots();
  return { secure: makeSecureContext(config, versions, pem, curves), trust };
}

let own: { readonly name: string; readonly trust: Trust } | undefined;

/** The second check of chains that lead to the runtime's own roots. All contexts share it. */
function trustInOwnRoots(): Trust {
  const { name, certificates, added, places, untold } = ownRoots();
  if (own?.name !== name) {
    const known = [...certificates, ...added].map(bytesOfBlock);
    own = { name, trust: new Trust(known, places === undefined && untold === undefined) };
  }
  return own.trust;
}

function makeSecureContext(
  config: ClientConfig,
  { oldest, newest }: Versions,
  pem: SecureContextOptions,
  curves: string | undefined,
): SecureContext {
  const { hostname, port, hello } = config;
  const lean = hello === "lean";
  const sigalgs = lean ? LEAN_SIGNATURE_ALGORITHMS : SIGNATURE_ALGORITHMS;
  try {
    return createSecureContext({
      minVersion: lean ? newest : oldest,
      maxVersion: newest,
      secureOptions: NO_RENEGOTIATION | (lean ? LEAN_OPTIONS : 0),
      ...pem,
      ...(curves === undefined ? {} : { ecdhCurve: curves }),
      ...(sigalgs === undefined ? {} : { sigalgs }),
    });
  } catch (error) {
    const { code, message } = error as NodeError;
    if (code === "ERR_CRYPTO_OPERATION_FAILED" || /curve|group/i.test(message)) {
      const peer = { hostname, port };
      throw badOption("groups", "known to the runtime's own TLS", config.groups, peer);
    }
    throw new TlsError(
      "INVALID_PEM",
      `Options "caCerts", "cert" and "key" can't be used: ${message}`,
      { call: "createSecureContext", cause: error },
    );
  }
}
