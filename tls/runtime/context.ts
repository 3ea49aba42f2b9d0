/**
 * `SecureContext`: what connections of the same configuration share.
 *
 * @module
 */

import { constants } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { OPENSSL } from "../../ffi/openssl.ts";
import { runtime } from "../../runtimes/mod.ts";
import { digest } from "../digest.ts";
import type { ClientConfig } from "../engine.ts";
import { TlsError } from "../errors.ts";
import { Trust } from "./chain.ts";
import { refuser } from "../options.ts";
import type { NodeError } from "./failure.ts";
import { ecdhCurve } from "./groups.ts";
import { chainWith, readCertificates } from "./pem.ts";

/**
 * What nearly all certificates on the web are signed with. Less than OpenSSL's lean hello has, for
 * what that leaves out for middleboxes `node:tls` can't leave out.
 */
const LEAN_SIGNATURE_ALGORITHMS = [
  ...["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384"],
  ...["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384"],
  ...["rsa_pkcs1_sha256", "rsa_pkcs1_sha384"],
].join(":");

/** Extensions without a meaning in TLS 1.3, where it is OpenSSL that would send them. */
const LEAN_OPTIONS = runtime.exportsOpenssl
  ? Number(OPENSSL.SSL_OP_NO_EXTENDED_MASTER_SECRET | OPENSSL.SSL_OP_NO_ENCRYPT_THEN_MAC)
  : 0;

/** Not every runtime needs to be told. */
const NO_RENEGOTIATION = constants.SSL_OP_NO_RENEGOTIATION ?? 0;

/** A configuration, made ready for use. */
export interface ClientContext {
  readonly secure: SecureContext;
  /** The second opinion on chains; there is none on the runtime's own roots. */
  readonly trust: Trust | undefined;
}

/** Contexts in use by recent connections, least recent first. */
const contexts = new Map<string, ClientContext>();
const MOST_CONTEXTS = 32;

/** The context for a client's configuration. */
export function clientContext(config: ClientConfig): ClientContext {
  const { caCerts, cert, key, minVersion, maxVersion, lean } = config;
  const curves = ecdhCurve(config);
  const id = digest([caCerts, cert, key, minVersion, maxVersion, lean, curves]);
  const context = contexts.get(id) ?? makeClientContext(config, curves);
  contexts.delete(id);
  contexts.set(id, context);
  const [oldest] = contexts.keys();
  if (contexts.size > MOST_CONTEXTS && oldest !== undefined) contexts.delete(oldest);
  return context;
}

function makeClientContext(config: ClientConfig, curves: string | undefined): ClientContext {
  const { caCerts, cert, key } = config;
  const roots = caCerts?.flatMap((pem) => readCertificates(pem, "caCerts"));
  const identity = cert !== undefined && key !== undefined
    ? { cert: chainWith(cert, key).map(String).join(""), key }
    : {};
  // Written anew: not every runtime reads them where they have other labels, or text around them.
  const pem = { ...(roots ? { ca: roots.map(String) } : {}), ...identity };
  return { secure: makeSecureContext(config, pem, curves), trust: roots && new Trust(roots) };
}

function makeSecureContext(
  config: ClientConfig,
  pem: SecureContextOptions,
  curves: string | undefined,
): SecureContext {
  const { minVersion, maxVersion, lean } = config;
  const refuse = refuser(config);
  try {
    return createSecureContext({
      minVersion: lean ? "TLSv1.3" : minVersion,
      maxVersion,
      secureOptions: NO_RENEGOTIATION | (lean ? LEAN_OPTIONS : 0),
      ...pem,
      ...(curves === undefined ? {} : { ecdhCurve: curves }),
      ...(lean ? { sigalgs: LEAN_SIGNATURE_ALGORITHMS } : {}),
    });
  } catch (error) {
    const { code, message } = error as NodeError;
    if (code === "ERR_CRYPTO_OPERATION_FAILED" || /curve|group/i.test(message)) {
      return refuse("groups", "known to the runtime's own TLS", config.groups);
    }
    throw new TlsError(
      "INVALID_PEM",
      `Options "caCerts", "cert" and "key" can't be used: ${message}`,
      { call: "createSecureContext", cause: error },
    );
  }
}
