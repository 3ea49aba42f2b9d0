/**
 * Options of TLS sockets, and Node's names for those that have another name here.
 *
 * @module
 */

import type { EarlyDataRule } from "../base/early_data_rule.ts";
import { badOption } from "../base/option_errors.ts";
import {
  boolean,
  callback,
  calledElsewhere,
  type Check,
  checkOf,
  defaulted,
  optional,
  readOptions,
  type Rules,
} from "../base/options.ts";
import {
  type NodeNames,
  socketNames,
  type SocketOptions,
  socketRules,
  type SocketSettings,
  withOwnNames,
} from "../tcp/face/settings.ts";
import { destinationIn } from "../tcp/options.ts";
import type { OpenTransport } from "./client/open_transport.ts";
import type { CheckServerIdentity } from "./client/server_identity.ts";
import { type AnyTransport, isTransport } from "./transport.ts";
import {
  checkTlsSettings,
  type Pem,
  type TlsClientOptions,
  tlsClientRules,
  type TlsClientSettings,
} from "./options.ts";

/** Options of `tlsSocket`: those of `connectTls` and of sockets, and Node's names for the same. */
export interface TlsSocketOptions extends SocketOptions, TlsClientOptions {
  /** Node's name for `serverName`. */
  servername?: string | undefined;
  /** Node's name for `caCerts`. */
  ca?: Pem | undefined;
  /** Node's name for `alpnProtocols`. */
  ALPNProtocols?: readonly string[] | undefined;
  /** Node's name for `groups`: names with colons between them, or `"auto"`. */
  ecdhCurve?: string | undefined;
  /** Only `true` is allowed: a server that fails the verification is never talked to. */
  rejectUnauthorized?: true;
  /**
   * Called with the name and the certificate of a server that was verified, also where a session was
   * resumed, before "secureConnect". An error that it returns or throws ends the connection. In Node it
   * takes the place of the verification of the name; here it comes on top of that, unless
   * `unsafelyDisableHostnameVerification` leaves the name to it alone. Sessions are kept for each
   * function apart, so pass the same one each time.
   */
  checkServerIdentity?: CheckServerIdentity;
  /**
   * What may be sent as early data, out of what is written first. Others can **replay** early data (RFC
   * 8446, section 8), so it is judged by the bytes: `safe.http1`, `safe.http2`, or a rule of your own.
   * `"first-write"` lets through whatever is written first; only you can know that it may be repeated.
   *
   * With a ticket at hand the socket waits for the first write, for 10 ms at most. Without one it
   * connects at once. Default: no early data.
   */
  earlyData?: EarlyDataRule | "first-write";
  /**
   * Says "secureConnect" as soon as a ticket is at hand, before anything was sent, so that libraries
   * which wait for it write what `earlyData` then lets through. Until the handshake is over,
   * `authorized`, `alpnProtocol` and the certificate are those of the ticket. If the server then comes
   * out as another, the socket is destroyed with `PROMISE_BROKEN` before a byte of its answer is handed
   * on. Needs `earlyData`. Default `false`.
   */
  optimisticSecureConnect?: boolean;
  /**
   * A stream to start TLS on, as `startTls` does, in the place of a connection of its own: what a proxy
   * has opened, a channel of SSH, a `net.Socket`, a `TlsConn`. The name to verify must be given, as
   * `servername` or `host`. Once it is given here, it is closed with the socket.
   *
   * A function opens it when the socket connects: for protocols that agree on TLS in the clear, and for
   * proxies. It gets where to, as `connect` takes it, and may take as long as `connectTimeout` says. What it
   * throws is the socket's error.
   */
  socket?: AnyTransport | OpenTransport | undefined;
  /** Lets a cut without close_notify be the error `TRUNCATED`; Node takes it for the end. */
  strict?: boolean;
}

/** {@linkcode TlsSocketOptions} as they were read. */
export interface TlsSocketOptionSettings extends SocketSettings, TlsClientSettings {
  readonly checkServerIdentity: CheckServerIdentity | undefined;
  readonly earlyData: EarlyDataRule | undefined;
  readonly optimisticSecureConnect: boolean;
  readonly socket: AnyTransport | OpenTransport | undefined;
  readonly strict: boolean;
  readonly rejectUnauthorized: true;
}

const names: NodeNames = {
  ...socketNames,
  servername: "serverName",
  ca: "caCerts",
  ALPNProtocols: "alpnProtocols",
  ecdhCurve: "groups",
};

const everything: EarlyDataRule = { mayRide: ({ length }) => length };

const earlyDataRule: Check<EarlyDataRule> = {
  expectation: '"first-write" or a rule with a function mayRide, such as safe.http1',
  read(value) {
    if (value === "first-write") return everything;
    const { mayRide, asksAgain } = (value ?? {}) as Partial<Record<keyof EarlyDataRule, unknown>>;
    if (typeof mayRide !== "function") return undefined;
    if (asksAgain !== undefined && typeof asksAgain !== "function") return undefined;
    const rule = value as EarlyDataRule; // It stays as it is now, whatever becomes of the object.
    return {
      mayRide: (first) => mayRide.call(rule, first),
      ...(asksAgain ? { asksAgain: (answer) => asksAgain.call(rule, answer) } : {}),
    };
  },
};

const rules: Rules<TlsSocketOptionSettings> = {
  ...socketRules,
  ...tlsClientRules,
  caCerts: calledElsewhere(tlsClientRules.caCerts, "pfx", "secureContext"),
  checkServerIdentity: optional(callback()),
  earlyData: optional(earlyDataRule),
  optimisticSecureConnect: defaulted(boolean, false),
  socket: optional(checkOf<AnyTransport | OpenTransport>(
    "a stream of bytes, a TlsConn, or a function that opens one",
    (value) => typeof value === "function" || isTransport(value),
  )),
  strict: defaulted(boolean, false),
  rejectUnauthorized: defaulted(
    checkOf<true>(
      "true; caCerts names whom to trust, and unsafelyDisableHostnameVerification accepts any name",
      (value) => value === true,
    ),
    true,
  ),
};

/**
 * Reads the options of a TLS socket.
 *
 * @throws {OptionError} when one is wrong or not known, or two contradict each other
 */
export function readTlsSocketOptions(given: unknown): TlsSocketOptionSettings {
  const options = withOwnNames(given, names);
  const { groups, serverName } = options;
  if (serverName === "") delete options["serverName"]; // For Node it means that there is none.
  if (groups === "auto") delete options["groups"];
  else if (typeof groups === "string" && groups !== "fit" && groups !== "full") {
    options["groups"] = groups.split(":");
  }
  const settings = readOptions(options, rules, destinationIn);
  const details = destinationIn({ ...settings });
  checkTlsSettings(settings, details);
  if (settings.optimisticSecureConnect && !settings.earlyData) {
    const expectation = 'given together with "earlyData"';
    throw badOption("optimisticSecureConnect", expectation, true, details);
  }
  const { socket, hostname } = settings;
  const tellsWhere = typeof socket !== "object"; // A function is told.
  if (!tellsWhere && hostname === undefined && settings.serverName === undefined) {
    const expectation = 'given, or "servername": "socket" does not tell whom it leads to';
    throw badOption("host", expectation, undefined, details);
  }
  return settings;
}
