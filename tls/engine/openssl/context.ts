/**
 * `SSL_CTX`: the part that connections of the same configuration share.
 *
 * @module
 */

import { countNative } from "../../../base/census.ts";
import { digest } from "../../../base/digest.ts";
import { Recent } from "../../../base/recent.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { checkIdentity, unusableIdentity } from "../bad_pem.ts";
import { trustOf } from "../own_roots.ts";
import { LEAST_SECURITY_LEVEL } from "../strength.ts";
import { runtimeBounds, type Versions, versionsFor } from "../versions.ts";
import type { ClientConfig, ServerConfig, TlsVersion } from "../contract.ts";
import { alpnSelectCallback, keyLogCallback } from "./callbacks.ts";
import { takeError } from "./error_queue.ts";
import { openssl, systemPolicy } from "./library.ts";
import { clearSessions } from "./native_session.ts";
import { eachCertificate, withPrivateKey } from "./pem.ts";
import { leavesSuites } from "./policy.ts";
import { acceptSuites, offerSuites } from "./suites.ts";
import { setTrust } from "./trust_store.ts";
import { TlsError } from "../../errors.ts";

/** Versions by their numbers in TLS messages. */
const numbers: Readonly<Record<TlsVersion, number>> = {
  "TLSv1.2": OPENSSL.TLS1_2_VERSION,
  "TLSv1.3": OPENSSL.TLS1_3_VERSION,
};

/** TLS 1.3's suites (RFC 8446, section B.4) in order of preference, as a C string. */
const CIPHER_SUITES = new TextEncoder().encode(
  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256\0",
);

/** Contexts in use by recent connections; making one costs a millisecond. */
const clientContexts = new Recent<string, bigint>(32, freeContext); // Connections hold references.

/** The context for a client's configuration; owned by the cache. */
export function clientContext(config: ClientConfig): bigint {
  const { caCerts, cert, key, passphrase, keyLog } = config;
  const { oldest, newest } = versionsOf(config); // What bounds them may change.
  const who = [trustOf(caCerts).name, cert, key, passphrase];
  const id = digest([...who, oldest, newest, keyLog !== undefined]);
  return clientContexts.getOrMake(id, () => makeClientContext(config));
}

/** Contexts of servers without a listener, which share the keys of their tickets with later ones. */
const serverContexts = new Recent<string, bigint>(32, freeContext);

/** The context for the configuration of a server without a listener; owned by the cache. */
export function serverContext(config: ServerConfig): bigint {
  const { cert, key, passphrase, alpnProtocols, maxEarlyData, keyLog } = config;
  const { oldest, newest } = versionsOf(config);
  const who = [cert, key, passphrase, alpnProtocols, maxEarlyData];
  const id = digest([...who, oldest, newest, keyLog !== undefined]);
  return serverContexts.getOrMake(id, () => makeServerContext(config));
}

/** Frees what is kept for later connections; for tests that count native objects. */
export function clearContexts(): void {
  clearSessions();
  clientContexts.clear();
  serverContexts.clear();
}

function makeClientContext(config: ClientConfig): bigint {
  const library = openssl();
  return makeContext(library.TLS_client_method(), config, (context) => {
    offerSuites(context);
    library.SSL_CTX_set_verify(context, OPENSSL.SSL_VERIFY_PEER, 0n);
    setTrust(context, config.caCerts);
    if (config.cert !== undefined && config.key !== undefined) {
      setIdentity(context, config.cert, config.key, config.passphrase);
    }
    const set = (command: number, value: number) =>
      library.SSL_CTX_ctrl(context, command, BigInt(value), 0n);
    set(OPENSSL.SSL_CTRL_SET_SESS_CACHE_MODE, OPENSSL.SSL_SESS_CACHE_OFF);
    // SSL_read then returns after each ticket, so that none is missed.
    set(OPENSSL.SSL_CTRL_CLEAR_MODE, OPENSSL.SSL_MODE_AUTO_RETRY);
  });
}

/** Makes the context of a listener, which owns it and frees it with {@linkcode freeContext}. */
export function makeServerContext(config: ServerConfig): bigint {
  const library = openssl();
  return makeContext(library.TLS_server_method(), config, (context) => {
    acceptSuites(context);
    setIdentity(context, config.cert, config.key, config.passphrase);
    // OpenSSL resumes a ticket only in a context with the same id, and requires an id.
    const id = new TextEncoder().encode("firstflight");
    library.SSL_CTX_set_session_id_context(context, id, id.length);
    // With early data OpenSSL keeps a session per ticket in its internal cache, and accepts each
    // ticket only once. So it refuses replays of the same ClientHello (RFC 8446, section 8.1).
    library.SSL_CTX_set_max_early_data(context, config.maxEarlyData);
    library.SSL_CTX_set_recv_max_early_data(context, config.maxEarlyData);
    if (config.alpnProtocols.length > 0) {
      library.SSL_CTX_set_alpn_select_cb(context, alpnSelectCallback(), 0n);
    }
  });
}

/** Releases a context. */
export function freeContext(context: bigint): void {
  openssl().SSL_CTX_free(context);
  countNative("SSL_CTX", -1);
}

function makeContext(
  method: bigint,
  config: Versioned & Pick<ClientConfig, "keyLog">,
  fill: (context: bigint) => void,
): bigint {
  const library = openssl();
  const { oldest, newest } = versionsOf(config);
  library.ERR_clear_error();
  const context = library.SSL_CTX_new(method);
  if (context === 0n) {
    const { reason } = takeError();
    throw new TlsError("ENGINE_UNAVAILABLE", `OpenSSL could not start: ${reason}`, {
      call: "SSL_CTX_new",
    });
  }
  countNative("SSL_CTX", 1);
  const set = (command: number, value: number) =>
    library.SSL_CTX_ctrl(context, command, BigInt(value), 0n);
  try {
    set(OPENSSL.SSL_CTRL_SET_MIN_PROTO_VERSION, numbers[oldest]);
    set(OPENSSL.SSL_CTRL_SET_MAX_PROTO_VERSION, numbers[newest]);
    // As in browsers: AES-128 is the fastest, and nothing is known that makes it the weakest.
    if (leavesSuites(systemPolicy())) library.SSL_CTX_set_ciphersuites(context, CIPHER_SUITES);
    const level = Math.max(library.SSL_CTX_get_security_level(context), LEAST_SECURITY_LEVEL);
    library.SSL_CTX_set_security_level(context, level);
    // An idle connection then takes a few kilobytes of memory instead of tens.
    set(OPENSSL.SSL_CTRL_MODE, OPENSSL.SSL_MODE_RELEASE_BUFFERS);
    library.SSL_CTX_set_options(context, OPENSSL.SSL_OP_NO_RENEGOTIATION);
    if (config.keyLog) library.SSL_CTX_set_keylog_callback(context, keyLogCallback());
    fill(context);
  } catch (error) {
    freeContext(context);
    throw error;
  }
  return context;
}

/** What decides the versions; a listener has no peer to be named in an error. */
type Versioned =
  & Pick<ClientConfig, "minVersion" | "maxVersion">
  & Partial<Pick<ClientConfig, "hostname" | "port">>;

/** The versions for a configuration. The policies of the system and of the runtime bound them. */
export function versionsOf(config: Versioned): Versions {
  const { oldest, newest } = runtimeBounds();
  const { versions } = systemPolicy();
  const bounds = {
    oldest: versions.includes(numbers["TLSv1.2"]) ? oldest : "TLSv1.3",
    newest: versions.includes(numbers["TLSv1.3"]) ? newest : "TLSv1.2",
  } as const;
  const { hostname, port } = config;
  return versionsFor(
    config,
    bounds,
    hostname === undefined || port === undefined ? {} : { hostname, port },
  );
}

/** Gives a context a certificate chain, leaf first, and the leaf's key. */
function setIdentity(
  context: bigint,
  cert: string,
  key: string,
  passphrase: string | undefined,
): void {
  const library = openssl();
  const check = (call: string, result: number | bigint) => {
    if (Number(result) === 1) return;
    throw unusableIdentity(takeError().reason, { call });
  };
  withPrivateKey(key, passphrase, (pkey) => {
    const belongs: boolean[] = [];
    const chain = eachCertificate(cert, "cert", (x509, index) => {
      belongs.push(library.X509_check_private_key(x509, pkey) === 1);
      library.ERR_clear_error();
      if (index === 0) {
        check("SSL_CTX_use_certificate", library.SSL_CTX_use_certificate(context, x509));
      } else {
        const { SSL_CTRL_CHAIN_CERT } = OPENSSL; // 1: takes a reference of its own
        check(
          "SSL_CTX_add1_chain_cert",
          library.SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1n, x509),
        );
      }
    });
    checkIdentity(chain, belongs, { call: "X509_check_private_key" });
    library.ERR_clear_error();
    check("SSL_CTX_use_PrivateKey", library.SSL_CTX_use_PrivateKey(context, pkey));
  });
}
