/**
 * TLS options, and the rules by which they are read.
 *
 * @module
 */

import type { OptionErrorDetails } from "../base/errors.ts";
import { badOption } from "../base/option_errors.ts";
import {
  boolean,
  bytes,
  callback,
  calledElsewhere,
  type Check,
  checkOf,
  defaulted,
  listOf,
  oneOf,
  optional,
  type Rules,
} from "../base/options.ts";
import { canonicalHost } from "../tcp/name/hostname.ts";
import { host } from "../tcp/options.ts";
import type { EngineName, TlsVersion } from "./engine/contract.ts";
import { isGroupName } from "./engine/groups.ts";
import { MemorySessionStore } from "./sessions/memory_store.ts";
import type { SessionStore } from "./sessions/store.ts";

/** Certificates or keys in PEM: a text, or the bytes of a file, or several of them. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** Options that clients and servers share. */
export interface CommonTlsOptions {
  /**
   * Protocols to offer or accept, most wanted first (RFC 7301). Default none.
   *
   * On a server OpenSSL calls JavaScript to choose a protocol. Node 26.10 aborts when a worker is
   * terminated during such a call: close the listener first.
   */
  alpnProtocols?: readonly string[];
  /** A certificate chain, leaf first. */
  cert?: Pem;
  /** The private key of `cert`. Other blocks are passed over, so the same file may be `cert`, too. */
  key?: Pem;
  /** What opens an encrypted `key`. With a key that is not encrypted it does nothing. */
  passphrase?: string;
  /** The lowest version to accept. Default `"TLSv1.2"`, or a stricter policy of system or runtime. */
  minVersion?: TlsVersion;
  /** The highest version to accept. Default `"TLSv1.3"`, or what a policy of system or runtime says. */
  maxVersion?: TlsVersion;
  /**
   * Called with each line of the key log that Wireshark reads. The key log decrypts the connection.
   * The lines also go to the file that the environment variable SSLKEYLOGFILE names. An error that
   * this function throws is an uncaught exception.
   *
   * OpenSSL calls JavaScript for each line. Node 26.10 aborts when a worker is terminated during
   * such a call: close the worker's connections and listeners first.
   */
  keyLog?: (line: string) => void;
  /**
   * The TLS implementation:
   *
   * - `"auto"`, the default: OpenSSL where it can be used, else the runtime's own TLS. Features
   *   that the runtime's TLS lacks are then left out, such as early data, and `conn.warnings` says
   *   so. A list of `groups`, and `postHandshakeAuth`, are the error `"FEATURE_UNAVAILABLE"` where it
   *   can't do them
   * - `"openssl"`: OpenSSL 3, or the error `"ENGINE_UNAVAILABLE"`
   * - `"runtime"`: the runtime's own `node:tls`, which needs no FFI. It sends no early data,
   *   resumes no sessions in Deno, and does not listen; `fastOpenSupport().engines` has the whole
   *   list. An option that asks for a feature it lacks is the error `"FEATURE_UNAVAILABLE"`
   */
  engine?: "auto" | EngineName;
}

/** Options of a TLS client, over a new connection or one that is open already. */
export interface TlsClientOptions extends CommonTlsOptions {
  /**
   * Certificates to trust instead of the runtime's own: of roots, of other authorities, or of
   * a server that has signed its own.
   */
  caCerts?: Pem;
  /** The name to send and to verify; by default the host name. */
  serverName?: string;
  /**
   * Where sessions to resume are kept; `false` keeps none. The default is a store in memory that
   * all connections of the process share.
   */
  sessions?: SessionStore | false;
  /**
   * Key-exchange groups (RFC 8446, section 4.2.7). They also decide the size of the ClientHello:
   *
   * - `"fit"`, the default: the first connection to a server offers everything, and learns which
   *   group the server picks. From then on the ClientHello carries only that key share, and is cut
   *   to fit the SYN. It is never weaker than the server's earlier choice. A resumption may use
   *   X25519 where the session was agreed with X25519MLKEM768, because it inherits that secret. If
   *   the server refuses the session, the handshake is made again with X25519MLKEM768.
   * - `"full"`: the ClientHello that the library sends by itself, of any size
   * - a list: only these groups, with a key share for the first
   */
  groups?: "fit" | "full" | readonly string[];
  /**
   * Lets the server ask for `cert` after the handshake, as Apache does for a single path: in TLS 1.3
   * by post-handshake authentication (RFC 8446, section 4.6.2), in TLS 1.2 by renegotiation (RFC
   * 5746), where the server must show the same certificate again. Default `false`: a server that asks
   * is refused.
   *
   * What was sent before may then count as sent by the owner of `cert`. Not for HTTP/2, which forbids
   * both. Needs OpenSSL: with the runtime's own TLS it is the error `"FEATURE_UNAVAILABLE"`.
   */
  postHandshakeAuth?: boolean;
  /** Accepts any name in an otherwise valid certificate: its owner can pose as the server. */
  unsafelyDisableHostnameVerification?: boolean;
  /**
   * Accepts the common name of a certificate that has no host name in its subjectAltName, as `node:tls` does
   * and RFC 9525 forbids: whoever may choose a common name there can pose as the server.
   */
  unsafelyAcceptCommonName?: boolean;
}

/** {@linkcode CommonTlsOptions} after they were read. */
export interface CommonTlsSettings {
  readonly alpnProtocols: readonly string[];
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly passphrase: string | undefined;
  /** `undefined` leaves it to the system's policy, and to the default. */
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
  readonly keyLog: ((line: string) => void) | undefined;
  readonly engine: "auto" | EngineName;
}

/** {@linkcode TlsClientOptions} after they were read. */
export interface TlsClientSettings extends CommonTlsSettings {
  readonly caCerts: readonly string[] | undefined;
  /** `undefined` stands for the host name. */
  readonly serverName: string | undefined;
  readonly sessions: SessionStore | false;
  readonly groups: "fit" | "full" | readonly string[];
  readonly postHandshakeAuth: boolean;
  readonly unsafelyDisableHostnameVerification: boolean;
  readonly unsafelyAcceptCommonName: boolean;
}

/** The session store of connections that name none. */
export const defaultSessions: SessionStore = new MemorySessionStore();

/** Certificates or keys, one text or more. */
const pems: Check<readonly string[]> = {
  expectation: "PEM as a string, a Uint8Array, or an array of them that is not empty",
  read(value) {
    const texts = (Array.isArray(value) ? Array.from(value) : [value]).map(pemText);
    if (texts.length === 0 || !texts.every((text) => text !== undefined)) return undefined;
    return Object.freeze(texts);
  },
};

function pemText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  const file = bytes.read(value);
  return file && new TextDecoder().decode(file);
}

/** Certificates or keys, as one text. */
export const pem: Check<string> = { ...pems, read: (value) => pems.read(value)?.join("\n") };

/** OpenSSL takes so many bytes of a passphrase, up to the first that is 0. */
const LONGEST_PASSPHRASE = 1024;

const passphrase: Check<string> = {
  isSecret: true,
  ...checkOf(`a string of at most ${LONGEST_PASSPHRASE} bytes without NUL`, isPassphrase),
};

function isPassphrase(value: unknown): boolean {
  if (typeof value !== "string" || value.includes("\0")) return false;
  return new TextEncoder().encode(value).length <= LONGEST_PASSPHRASE;
}

const version: Check<TlsVersion> = oneOf("TLSv1.2", "TLSv1.3");

/** How {@linkcode CommonTlsOptions} are read. */
export const commonTlsRules: Rules<CommonTlsSettings> = {
  alpnProtocols: defaulted(
    listOf<string>("an array of names of 1 to 255 bytes, 65535 in all", isProtocolList),
    [],
  ),
  cert: optional(pem),
  key: optional(pem),
  passphrase: calledElsewhere(optional(passphrase), "password", "pass"),
  minVersion: optional(version),
  maxVersion: optional(version),
  keyLog: optional(callback()),
  engine: defaulted(oneOf("auto", "openssl", "runtime"), "auto"),
};

/** Checks the lengths that RFC 7301, section 3.1 allows; a byte before each name has its length. */
function isProtocolList(list: readonly unknown[]): boolean {
  if (!list.every((name) => typeof name === "string")) return false;
  const lengths = list.map((name) => new TextEncoder().encode(name).length);
  const total = lengths.reduce((sum, length) => sum + length + 1, 0);
  return total <= 65_535 && lengths.every((length) => length >= 1 && length <= 255);
}

/** How {@linkcode TlsClientOptions} are read. */
export const tlsClientRules: Rules<TlsClientSettings> = {
  ...commonTlsRules,
  caCerts: calledElsewhere(
    optional(pems),
    ...["ca", "rejectUnauthorized"],
  ),
  serverName: calledElsewhere(
    optional({ ...host, expectation: "a host name or an IP address" }),
    "checkServerIdentity",
  ),
  sessions: calledElsewhere(
    defaulted(checkOf("a SessionStore or false", isStoreOrFalse), defaultSessions),
    "session",
  ),
  groups: calledElsewhere(defaulted(groupsCheck(), "fit"), "ecdhCurve"),
  postHandshakeAuth: calledElsewhere(
    defaulted(boolean, false),
    ...["renegotiate", "renegotiation", "allowRenegotiation"],
  ),
  unsafelyDisableHostnameVerification: defaulted(boolean, false),
  unsafelyAcceptCommonName: defaulted(boolean, false),
};

function isStoreOrFalse(value: unknown): boolean {
  if (value === false) return true;
  const { take, put } = (value ?? {}) as Partial<Record<keyof SessionStore, unknown>>;
  return typeof value === "object" && typeof take === "function" && typeof put === "function";
}

function groupsCheck(): Check<TlsClientSettings["groups"]> {
  const isList = (list: readonly unknown[]) => list.length > 0 && list.every(isGroupName);
  const list = listOf<string>("", isList);
  return {
    expectation: '"fit", "full" or a list of group names, not empty',
    read: (value) => value === "fit" || value === "full" ? value : list.read(value),
  };
}

/**
 * Checks options against each other.
 *
 * @throws {OptionError} when two options contradict each other
 */
export function checkTlsSettings(
  settings: CommonTlsSettings & Partial<Pick<TlsClientSettings, "postHandshakeAuth">>,
  details: OptionErrorDetails,
): void {
  const { cert, key, passphrase, minVersion, maxVersion, alpnProtocols } = settings;
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, given] = cert === undefined ? ["cert", "key"] : ["key", "cert"];
    throw badOption(missing, `given together with "${given}"`, undefined, details);
  }
  if (passphrase !== undefined && key === undefined) {
    throw badOption("key", 'given together with "passphrase"', undefined, details);
  }
  if (minVersion === "TLSv1.3" && maxVersion === "TLSv1.2") {
    throw badOption("minVersion", 'at most "maxVersion"', minVersion, details);
  }
  const { postHandshakeAuth } = settings;
  if (postHandshakeAuth && alpnProtocols.includes("h2")) {
    const expectation =
      'false where "alpnProtocols" offers h2, which forbids it (RFC 9113, RFC 8740)';
    throw badOption("postHandshakeAuth", expectation, postHandshakeAuth, details);
  }
}

/** A valid name as certificates spell it: canonical, and without a scope. */
export function certificateName(name: string): string {
  const [withoutScope = ""] = name.split("%", 1);
  return canonicalHost(withoutScope) ?? withoutScope;
}
