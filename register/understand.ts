/**
 * Which options of `tls.connect` and `net.connect` the flag understands. A connection with any other option
 * is the runtime's, as it was asked for.
 *
 * Libraries pass on whatever they were given themselves, so most names mean nothing to any runtime. What the
 * tested runtimes read is listed here, and a test compares that with Node's sources. A newer runtime may read
 * more; there a name that is not listed is not understood.
 *
 * @module
 */

import { isAtLeast, runtimeIn } from "../runtimes/versions.ts";

/** Options of a call, by Node's names. */
export type Options = Readonly<Record<string, unknown>>;

/** Options that the library has by the same names, and with the same meaning. */
const OF_SOCKETS: ReadonlySet<string> = new Set([
  ...["host", "port", "family", "localAddress", "lookup", "signal", "timeout"],
  ...["allowHalfOpen", "highWaterMark", "keepAlive", "keepAliveInitialDelay", "noDelay"],
  ...["autoSelectFamily", "autoSelectFamilyAttemptTimeout"],
]);

/** The same for those of TLS. */
const OF_TLS: ReadonlySet<string> = new Set([
  ...["servername", "ca", "cert", "key", "passphrase", "checkServerIdentity"],
  ...["ALPNProtocols", "minVersion", "maxVersion", "ecdhCurve", "rejectUnauthorized"],
]);

/** Options that are a secure context's. */
const OF_CONTEXTS: ReadonlySet<string> = new Set([
  ...["ca", "cert", "key", "passphrase", "pfx", "crl", "allowPartialTrustChain"],
  ...["clientCertEngine", "privateKeyEngine", "privateKeyIdentifier", "certificateCompression"],
  ...["minVersion", "maxVersion", "secureProtocol", "secureOptions", "sessionIdContext"],
  ...["ciphers", "dhparam", "ecdhCurve", "sigalgs"],
]);

/** Other options that runtimes read, with the value by which one asks for nothing, if there is any. */
const OF_RUNTIMES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  // Where to, and how.
  ...named("blockList", "fd", "handle", "localPort", "manualStart", "onread", "pauseOnCreate"),
  ...named("socket", "typeOfService", "objectMode", "readableObjectMode", "writableObjectMode"),
  ...[["readable", true], ["writable", true]] as const,
  ...[["hints", 0], ["path", ""], ["socketPath", ""]] as const,
  // Whom to trust, and who the client is.
  ...named("allowPartialTrustChain", "certificateCompression", "clientCertEngine", "crl", "pfx"),
  ...named("privateKeyEngine", "privateKeyIdentifier", "pskCallback", "secureContext", "session"),
  // How to speak.
  ...named("ALPNCallback", "ciphers", "dhparam", "minDHSize", "secureProtocol"),
  ...named("sessionIdContext", "sigalgs"),
  ...[["enableTrace", false], ["isServer", false], ["requestOCSP", false]] as const,
  ...[["secureOptions", 0]] as const,
]);

/** Whether an option is a secure context's. What a context was given for connections means nothing to it. */
export function isOfContext(name: string): boolean {
  if (OF_CONTEXTS.has(name)) return true;
  return name !== "secureContext" && !OF_SOCKETS.has(name) && !OF_TLS.has(name) &&
    !OF_RUNTIMES.has(name);
}

function named(...names: string[]): (readonly [string, undefined])[] {
  return names.map((name) => [name, undefined]);
}

/** What the library is to be asked for, or the option for which it is not asked. */
export type Understood = { readonly options: Options } | { readonly reason: string };

/** Reads options of `tls.connect`; `isKnown` knows more of them. */
export function understandTls(
  given: Options,
  isKnown: (name: string, value: unknown) => boolean,
): Understood {
  return understand(given, (name, value) => {
    return OF_SOCKETS.has(name) || OF_TLS.has(name) || isKnown(name, value);
  });
}

/** Reads options of `net.connect`. */
export function understandNet(given: Options): Understood {
  return understand(given, (name) => OF_SOCKETS.has(name));
}

function understand(
  given: Options,
  isKnown: (name: string, value: unknown) => boolean,
): Understood {
  const options: Record<string, unknown> = {};
  for (const name in given) { // As in Node, also what an object inherits.
    const value = given[name];
    if (value === undefined || value === null) continue;
    if (OF_PEM.has(name) && isBlank(value)) return { reason: `option ${name}` };
    if (isKnown(name, value)) options[name] = value;
    else if (isRead(name, value)) return { reason: `option ${name}` };
  }
  return { options };
}

/** Options in which the library wants PEM, and runtimes take an empty text for none. */
const OF_PEM: ReadonlySet<string> = new Set(["ca", "cert", "key"]);

function isBlank(value: unknown): boolean {
  return value === "" || (Array.isArray(value) && value.includes(""));
}

/** Whether an option that is not understood may mean something to the runtime. */
function isRead(name: string, value: unknown): boolean {
  return OF_RUNTIMES.has(name) ? OF_RUNTIMES.get(name) !== value : !isTested();
}

/** The newest major versions that the list was made for. */
const TESTED = { deno: 2, bun: 1, node: 26 };

function isTested(): boolean {
  const { versions } = globalThis.process;
  const runtime = runtimeIn(versions);
  return !isAtLeast((versions as Record<string, string>)[runtime] ?? "", [TESTED[runtime] + 1, 0]);
}
