/**
 * TLS options: what they are, and checks that name a slip.
 *
 * @module
 */

import { canonicalHost } from "../tcp/hostname.ts";
import { mustBe } from "../tcp/options.ts";
import type { EngineName, TlsVersion } from "./engine.ts";
import { TlsError } from "./errors.ts";
import type { SessionStore } from "./session.ts";

/** Options that clients and servers share. */
export interface CommonTlsOptions {
  /**
   * Protocols to offer or accept, most wanted first (RFC 7301). Default none.
   *
   * A server's OpenSSL calls JavaScript to choose among them. Node 26.10 aborts when a worker is terminated
   * in the middle of that: close the listener first.
   */
  alpnProtocols?: string[];
  /** A certificate chain in PEM, leaf first. */
  cert?: string;
  /** The private key of `cert` in PEM, not encrypted. */
  key?: string;
  /** The lowest version to accept. Default `"TLSv1.2"`. */
  minVersion?: TlsVersion;
  /** The highest version to accept. Default `"TLSv1.3"`. */
  maxVersion?: TlsVersion;
  /**
   * Called with each line of the key log that Wireshark reads: whoever has it can read the
   * connection. Lines also go to the file that the environment variable SSLKEYLOGFILE names. What it
   * throws is an uncaught exception.
   *
   * OpenSSL calls JavaScript for each. Node 26.10 aborts when a worker is terminated in the middle of that:
   * close its connections and listeners first.
   */
  keyLog?: (line: string) => void;
  /**
   * The TLS implementation:
   *
   * - `"auto"`, the default: OpenSSL where it can be loaded, else the runtime's own. What that can't do
   *   is left out then, such as early data, and `conn.warnings` says so; a list of `groups` that it can't
   *   offer is the error `"FEATURE_UNAVAILABLE"`
   * - `"openssl"`: OpenSSL 3, or the error `"ENGINE_UNAVAILABLE"`
   * - `"runtime"`: the runtime's own `node:tls`, which needs no FFI. It sends no early data, in Deno it
   *   resumes no sessions, and it does not listen; `fastOpenSupport().engines` has the whole list.
   *   Beside it, an option that asks for what it can't do is the error `"FEATURE_UNAVAILABLE"`
   */
  engine?: "auto" | EngineName;
}

/** Options of a TLS client, whatever it runs over. */
export interface TlsClientOptions extends CommonTlsOptions {
  /** Root certificates in PEM to trust instead of the runtime's own. */
  caCerts?: string[];
  /** The name to send and to verify; by default the host name. */
  serverName?: string;
  /**
   * Where sessions to resume are kept; `false` keeps none. By default a store in memory that all
   * connections of the process share.
   */
  sessions?: SessionStore | false;
  /**
   * Key-exchange groups (RFC 8446, section 4.2.7), and with them the size of the ClientHello:
   *
   * - `"fit"`, the default: the first connection to a server offers everything and learns which group
   *   the server picks; from then on the hello carries that share alone, and is cut to fit the SYN.
   *   Never weaker than what the server chose before: a resumption may use X25519 where the session
   *   was agreed with X25519MLKEM768, whose secret it inherits, and if that is refused the handshake
   *   is made again with X25519MLKEM768.
   * - `"full"`: what the library sends by itself, whatever its size
   * - a list: these groups and no others, with a key share for the first
   */
  groups?: "fit" | "full" | string[];
  /** Accepts any name in a certificate that is otherwise valid: anybody with one can pose as it. */
  unsafelyDisableHostnameVerification?: boolean;
}

/** Throws `INVALID_OPTION` unless the condition holds. */
type Refuse = (name: string, expectation: string, value: unknown) => never;

const versions: readonly unknown[] = ["TLSv1.2", "TLSv1.3"];

/** Refuses options, and says where the connection was to lead. */
export function refuser(peer: { hostname?: string; port?: number }): Refuse {
  const host = peer.hostname === undefined ? "" : ` (connecting to "${peer.hostname}")`;
  return (name, expectation, value) => {
    throw new TlsError("INVALID_OPTION", mustBe(name, expectation, value) + host, peer);
  };
}

/** Checks what clients and servers share. */
export function checkCommonOptions(
  options: CommonTlsOptions,
  peer: { hostname?: string; port?: number },
): void {
  const { alpnProtocols, cert, key, minVersion, maxVersion, keyLog, engine } = options;
  const refuse = refuser(peer);
  if (alpnProtocols !== undefined) {
    if (!isProtocolList(alpnProtocols)) {
      refuse("alpnProtocols", "an array of names of 1 to 255 bytes, 65535 in all", alpnProtocols);
    }
  }
  for (const [name, value] of [["cert", cert], ["key", key]] as const) {
    if (value !== undefined && typeof value !== "string") refuse(name, "a string in PEM", value);
  }
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "cert" : "key";
    refuse(missing, `given together with "${cert === undefined ? "key" : "cert"}"`, undefined);
  }
  for (const [name, value] of [["minVersion", minVersion], ["maxVersion", maxVersion]] as const) {
    if (value !== undefined && !versions.includes(value)) {
      refuse(name, '"TLSv1.2" or "TLSv1.3"', value);
    }
  }
  if (minVersion === "TLSv1.3" && maxVersion === "TLSv1.2") {
    refuse("minVersion", 'at most "maxVersion"', minVersion);
  }
  if (keyLog !== undefined && typeof keyLog !== "function") {
    refuse("keyLog", "a function", keyLog);
  }
  if (engine !== undefined && !["auto", "openssl", "runtime"].includes(engine)) {
    refuse("engine", '"auto", "openssl" or "runtime"', engine);
  }
}

/** The lengths that RFC 7301, section 3.1 has room for; each name stands behind its own. */
function isProtocolList(list: unknown): boolean {
  if (!Array.isArray(list) || !list.every((name) => typeof name === "string")) return false;
  const lengths = list.map((name) => new TextEncoder().encode(name).length);
  const total = lengths.reduce((sum, length) => sum + length + 1, 0);
  return total <= 65_535 && lengths.every((length) => length >= 1 && length <= 255);
}

/** Checks a client's options. */
export function checkClientOptions(
  options: TlsClientOptions & { earlyData?: Uint8Array | "first-write" },
  peer: { hostname: string; port: number },
): void {
  checkCommonOptions(options, peer);
  const { caCerts, serverName, sessions, groups, earlyData } = options;
  const { unsafelyDisableHostnameVerification: unsafely } = options;
  const refuse = refuser(peer);
  if (caCerts !== undefined) {
    const valid = Array.isArray(caCerts) && caCerts.length > 0 &&
      caCerts.every((pem) => typeof pem === "string");
    if (!valid) refuse("caCerts", "an array of certificates in PEM, not empty", caCerts);
  }
  if (serverName !== undefined && !isServerName(serverName)) {
    refuse("serverName", "a host name or an IP address", serverName);
  }
  if (sessions !== undefined && sessions !== false) {
    const valid = typeof sessions === "object" && sessions !== null &&
      typeof sessions.take === "function" && typeof sessions.put === "function";
    if (!valid) refuse("sessions", "a SessionStore or false", sessions);
  }
  if (groups !== undefined && groups !== "fit" && groups !== "full" && !isGroupList(groups)) {
    refuse("groups", '"fit", "full" or a list of group names, not empty', groups);
  }
  const early = earlyData instanceof Uint8Array || earlyData === "first-write";
  if (earlyData !== undefined && !early) {
    refuse("earlyData", 'a Uint8Array or "first-write"', earlyData);
  }
  if (unsafely !== undefined && typeof unsafely !== "boolean") {
    refuse("unsafelyDisableHostnameVerification", "a boolean", unsafely);
  }
}

function isGroupList(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0 && list.every(isGroupName);
}

/** Whether it looks like a group's name and nothing else: OpenSSL's lists know more than names. */
export function isGroupName(name: unknown): boolean {
  return typeof name === "string" && /^[\w-]+$/.test(name);
}

function isServerName(name: unknown): boolean {
  return typeof name === "string" && canonicalHost(name) !== undefined;
}

/** A valid name as certificates spell it, which is without a scope. */
export function certificateName(name: string): string {
  const [withoutScope = ""] = name.split("%", 1);
  return canonicalHost(withoutScope) ?? withoutScope;
}
