/**
 * The members and events of the runtimes' `tls.TLSSocket`, and what `tlsSocket` makes of each; those of
 * `net.Socket`, and of `tcpSocket`, are among them. From this comes the table in docs/sockets.md.
 *
 * @module
 */

import type { Kind } from "../../peers/sockets/kind.ts";

/** States in which members are looked at. */
export const states = ["new", "connecting", "connected", "half-closed", "destroyed"] as const;

export type State = (typeof states)[number];

/** A member, and what is the same about it, or is not. */
export type Member = Has | Differs | Lacks;

interface Has {
  readonly name: string;
  readonly status: "has";
  /**
   * `value`: the values are the same in each state, of a method what it returns without arguments. `truth`:
   * the runtimes have several names for nothing, and this has one of them. `type`: the type is the same.
   */
  readonly same: "value" | "truth" | "type";
  /** States in which it is compared. Default all. */
  readonly in?: readonly State[];
  /** What is worth knowing. */
  readonly note?: string;
}

interface Differs {
  readonly name: string;
  readonly status: "differs";
  readonly why: string;
  /** Where the difference shows, and what is there, as {@linkcode show} tells it. */
  readonly shows: { readonly state: State; readonly ours: string };
}

interface Lacks {
  readonly name: string;
  readonly status: "lacks";
  readonly why: string;
}

const value = (...names: string[]): Member[] =>
  names.map((name) => ({ name, status: "has", same: "value" }));
const truth = (...names: string[]): Member[] =>
  names.map((name) => ({ name, status: "has", same: "truth" }));
const type = (...names: string[]): Member[] =>
  names.map((name) => ({ name, status: "has", same: "type" }));
const lacks = (why: string, ...names: string[]): Member[] =>
  names.map((name) => ({ name, status: "lacks", why }));
const differs = (name: string, state: State, ours: string, why: string): Member => ({
  name,
  status: "differs",
  why,
  shows: { state, ours },
});

const KEPT = "Once agreed, it is told after the end as well. Node's then have nothing.";

/** How a `net.Socket` waits for `connect()`, which a socket of TLS does here as well. */
const waiting: readonly Member[] = [
  differs(
    "connecting",
    "new",
    "false",
    "A socket that waits for `connect()` is not connecting. Node's TLSSocket says that it is; its net.Socket says no.",
  ),
  differs("readyState", "new", '"open"', "As on a net.Socket that waits for `connect()`."),
];

/** Members of `net.Socket`, without {@linkcode waiting}. */
const connection: readonly Member[] = [
  {
    name: "connect",
    status: "has",
    same: "type",
    note:
      "Once: on a socket that is destroyed it throws `ERR_SOCKET_CLOSED`. A net.Socket connects again.",
  },
  ...value("pending"),
  ...value("localAddress", "localFamily", "localPort", "address"),
  ...value("remoteAddress", "remoteFamily", "remotePort"),
  ...value("bytesWritten"),
  ...truth("bufferSize"),
  ...type("bytesRead"),
  ...truth("timeout"),
  ...type("setTimeout", "setNoDelay", "setKeepAlive", "ref", "unref"),
  ...type("destroySoon"),
  {
    name: "resetAndDestroy",
    status: "has",
    same: "type",
    note: "It sends a reset. Node's TLSSocket throws, Deno's fails.",
  },
  ...lacks(
    "Where none could be connected to, `attempts` of the error's `cause` has the addresses.",
    "autoSelectFamilyAttemptedAddresses",
  ),
  ...lacks("Linux's IP_TOS is set by nobody here.", "getTypeOfService", "setTypeOfService"),
  ...lacks("A client has none; it reads as `undefined`.", "server"),
];

/** Members of `tls.TLSSocket` alone. */
const security: readonly Member[] = [
  ...value("encrypted", "authorized", "secureConnecting", "alpnProtocol", "authorizationError"),
  {
    name: "servername",
    status: "has",
    same: "truth",
    in: ["connected", "half-closed", "destroyed"],
    note: "The name that was sent. Deno's and Bun's tell it before the handshake.",
  },
  differs("getProtocol", "destroyed", '"TLSv1.3"', KEPT),
  differs("getCipher", "destroyed", "a suite", KEPT),
  differs("getPeerCertificate", "destroyed", "a certificate", KEPT),
  differs("getPeerX509Certificate", "destroyed", "a certificate", KEPT),
  ...truth("isSessionReused"),
  ...type("getCertificate", "getX509Certificate", "getFinished", "getPeerFinished"),
  ...type("getEphemeralKeyInfo", "exportKeyingMaterial"),
  differs(
    "getSession",
    "connected",
    "undefined",
    "The last ticket, once the server has sent it. Node's is whatever OpenSSL holds, also what can't be resumed.",
  ),
  ...type("disableRenegotiation"),
  {
    name: "renegotiate",
    status: "has",
    same: "type",
    note: "It returns `false`: TLS 1.3 has none, and in TLS 1.2 none is begun.",
  },
  {
    name: "setMaxSendFragment",
    status: "has",
    same: "type",
    note: "It returns `false`: how large records are is for the engine to say.",
  },
  ...lacks("The key log serves for that: the event `keylog`, the option `keyLog`.", "enableTrace"),
  ...lacks("The option `sessions` keeps what is to be resumed.", "setSession", "getTLSTicket"),
  ...lacks("The option `serverName` is read before the hello is made.", "setServername"),
  ...lacks("The options `cert` and `key` are read before the hello is made.", "setKeyCert"),
  ...lacks("OpenSSL's list is not asked for.", "getSharedSigalgs"),
  ...lacks("OpenSSL's object is not handed out.", "ssl"),
  ...lacks("Bun's alone.", "ALPNProtocols", "ciphers", "isServer"),
];

/** Members that belong to one or the other. */
const others: readonly Member[] = [
  // What begins with an underscore is nobody's promise. These are read by libraries all the same.
  ...lacks("There is none: `undefined` is what a socket without one has.", "_handle"),
  ...lacks("Not needed: addresses are told by `remoteAddress` and `localAddress`.", "_peername"),
  ...lacks("Not needed: addresses are told by `remoteAddress` and `localAddress`.", "_sockname"),
  ...lacks("`node:http` writes it, and reads what it wrote.", "_httpMessage", "_hadError"),
  ...lacks("Deno's and Node's tls.connect read it of a socket to connect over.", "_host"),
  ...lacks("There is no socket below.", "_parent"),
  ...lacks("Options are not kept where others could change them.", "_tlsOptions", "_requestCert"),
];

/** Members of both kinds of sockets. */
export const membersOf: Readonly<Record<Kind["name"], readonly Member[]>> = {
  tls: [...waiting, ...connection, ...security, ...others],
  tcp: [
    ...value("connecting", "readyState"),
    ...connection,
    ...lacks("Bun's alone.", "isServer", "servername"),
    ...others,
  ],
};

/** Members that come from `stream.Duplex` and `EventEmitter`, and are the very same. */
export const inherited: readonly string[] = [
  ...["addListener", "emit", "eventNames", "getMaxListeners", "listenerCount", "listeners", "off"],
  ...["on", "once", "prependListener", "prependOnceListener", "rawListeners"],
  ...["removeAllListeners", "removeListener", "setMaxListeners"],
  ...["allowHalfOpen", "closed", "compose", "constructor", "cork", "destroy", "destroyed", "drop"],
  ...[
    "end",
    "errored",
    "every",
    "filter",
    "find",
    "flatMap",
    "forEach",
    "isPaused",
    "iterator",
    "map",
  ],
  ...["pause", "pipe", "push", "read", "readable", "readableAborted", "readableBuffer"],
  ...["readableDidRead", "readableEncoding", "readableEnded", "readableFlowing"],
  ...["readableHighWaterMark", "readableLength", "readableObjectMode", "reduce", "resume"],
  ...[
    "setDefaultEncoding",
    "setEncoding",
    "some",
    "take",
    "toArray",
    "uncork",
    "unpipe",
    "unshift",
  ],
  ...["wrap", "writable", "writableAborted", "writableBuffer", "writableCorked", "writableEnded"],
  ...["writableFinished", "writableHighWaterMark", "writableLength", "writableNeedDrain"],
  ...["writableObjectMode", "write"],
];

/** Values of inherited members that are compared in each state, too. */
export const inheritedValues: readonly string[] = [
  ...[
    "allowHalfOpen",
    "closed",
    "destroyed",
    "errored",
    "isPaused",
    "readable",
    "readableEncoding",
  ],
  ...[
    "readableFlowing",
    "readableHighWaterMark",
    "readableObjectMode",
    "writable",
    "writableCorked",
  ],
  ...["writableEnded", "writableFinished", "writableHighWaterMark", "writableLength"],
  ...["writableNeedDrain", "writableObjectMode"],
];

/** A member that Node's has not. */
interface Additional {
  readonly name: string;
  readonly why: string;
}

const added: readonly Additional[] = [
  { name: "truncated", why: "whether the peer has ended without close_notify" },
  { name: "fastOpen", why: "how Fast Open ended" },
];

/** Members that Node's have not. */
export const additional: Readonly<Record<Kind["name"], readonly Additional[]>> = {
  tls: [
    ...added,
    { name: "earlyData", why: "how the early data ended" },
    { name: "warnings", why: "problems that cost time or a feature, but not the connection" },
  ],
  tcp: added,
};

/** What the two classes of sockets here share. TypeScript keeps others from it. */
export const insides: readonly string[] = ["begin", "standOn", "underneath"];

/** An event, and what is the same about it, or is not. */
export interface EventRow {
  readonly name: string;
  readonly status: "has" | "differs" | "lacks";
  readonly why?: string;
}

/** Events. The judge compares their order and their arguments. */
export const events: readonly EventRow[] = [
  { name: "lookup", status: "has" },
  {
    name: "connect",
    status: "differs",
    why:
      "It comes with the server's first bytes, as nobody knows before which attempt has won. Where TCP " +
      "connects and nothing comes of TLS, it may not come at all.",
  },
  { name: "ready", status: "has", why: "Right after `connect`." },
  { name: "secureConnect", status: "has" },
  { name: "session", status: "has" },
  { name: "keylog", status: "has", why: "Deno's own has none." },
  ...["data", "readable", "pause", "resume", "end", "finish", "drain", "timeout", "close"]
    .map((name) => ({ name, status: "has" } as const)),
  {
    name: "error",
    status: "differs",
    why:
      "With Node's `code`, and the properties that go with it. `cause` is this module's error. A chain " +
      "without its end is `UNABLE_TO_GET_ISSUER_CERT_LOCALLY` or `UNABLE_TO_VERIFY_LEAF_SIGNATURE`, and " +
      "the message is another.",
  },
  { name: "OCSPResponse", status: "lacks", why: "Nobody asks for it, so none comes." },
  {
    name: "connectionAttempt",
    status: "lacks",
    why:
      "As `connectionAttemptFailed` and `connectionAttemptTimeout`. `attempts` of a `ConnectError`, the `cause` of the error, has them.",
  },
  {
    name: "secure",
    status: "lacks",
    why: "Node's own servers listen to it. A client has secureConnect.",
  },
];

/** A value in words that do not change from run to run. */
export function show(value: unknown): string {
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value === "number" && value > 1024 && value < 65_536) return "a port";
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  if ("raw" in value) return "a certificate";
  if ("standardName" in value) return "a suite";
  return JSON.stringify(value, Object.keys(value).filter((key) => key !== "port").sort());
}
