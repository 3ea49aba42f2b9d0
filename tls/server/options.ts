/**
 * Options of servers, and the rules by which they are read.
 *
 * @module
 */

import {
  callback,
  calledElsewhere,
  defaulted,
  integer,
  milliseconds,
  optional,
  required,
  type Rules,
} from "../../base/options.ts";
import type { ConnectError } from "../../tcp/errors.ts";
import type { NetAddr } from "../../tcp/facts.ts";
import { patienceRules } from "../../tcp/options.ts";
import { type ListenOptions, listenRules, type ListenSettings } from "../../tcp/listen/listen.ts";
import type { TlsError } from "../errors.ts";
import {
  type CommonTlsOptions,
  commonTlsRules,
  type CommonTlsSettings,
  type Pem,
  pem,
} from "../options.ts";

/** Options of a TLS server, with a listener or without. */
export interface TlsServerOptions extends CommonTlsOptions {
  /** The certificate chain to present, leaf first. */
  cert: Pem;
  /** The certificate's private key. */
  key: Pem;
  /**
   * Bytes of early data to take per connection (RFC 8446, section 2.3). Default 0: none. Early data
   * may be a replay by an attacker who has recorded them. A listener accepts each ticket once, and so
   * do calls of `acceptTls` with the same options, but another server with the same ticket key would
   * accept it again. Before `conn.handshake()` resolves, answer only requests that may be repeated.
   */
  maxEarlyData?: number;
  /** Milliseconds a client may take for its handshake. Default 10,000. */
  handshakeTimeout?: number;
}

/** Options of `acceptTls`. */
export interface AcceptTlsOptions extends TlsServerOptions {
  /**
   * Gives up when aborted; the promise rejects with the signal's reason, and the transport is
   * closed.
   */
  signal?: AbortSignal;
}

/** Options of `listenTls`. */
export interface ListenTlsOptions extends ListenOptions, TlsServerOptions {
  /**
   * Called when the handshake of a client failed. That client is not handed out, and no other
   * client is affected. The address of a client that left at once may be unknown: `""` and 0. An
   * error that this function throws is an uncaught exception, and any client could cause it.
   */
  onHandshakeError?: (error: TlsError | ConnectError, client: NetAddr) => void;
  /**
   * Called when no connection can be accepted, because the process or the system has no descriptor
   * left (`errno` is `EMFILE` or `ENFILE`): once until there are some again. The listener goes on
   * then. Meanwhile clients wait; in Node they are closed. This is looked for four times a second.
   * Default: `process.emitWarning`.
   */
  onAcceptError?: (error: ConnectError) => void;
}

/** {@linkcode TlsServerOptions} after they were read. */
export interface TlsServerSettings extends CommonTlsSettings {
  readonly cert: string;
  readonly key: string;
  readonly maxEarlyData: number;
  readonly handshakeTimeout: number;
}

/** {@linkcode AcceptTlsOptions} after they were read. */
export interface AcceptTlsSettings extends TlsServerSettings {
  readonly signal: AbortSignal | undefined;
}

/** {@linkcode ListenTlsOptions} after they were read. */
export interface ListenTlsSettings extends ListenSettings, TlsServerSettings {
  readonly onHandshakeError: ListenTlsOptions["onHandshakeError"];
  readonly onAcceptError: ListenTlsOptions["onAcceptError"];
}

/** How {@linkcode TlsServerOptions} are read. */
const serverRules: Rules<TlsServerSettings> = {
  ...commonTlsRules,
  cert: required(pem),
  key: required(pem),
  maxEarlyData: defaulted(integer(0, 0xffffffff, "a number of bytes"), 0),
  handshakeTimeout: calledElsewhere(defaulted(milliseconds, 10_000), "timeout"),
};

/** How {@linkcode AcceptTlsOptions} are read. */
export const acceptTlsRules: Rules<AcceptTlsSettings> = {
  ...serverRules,
  signal: patienceRules.signal,
};

/** How {@linkcode ListenTlsOptions} are read. */
export const listenTlsRules: Rules<ListenTlsSettings> = {
  ...listenRules,
  ...serverRules,
  onHandshakeError: optional(callback()),
  onAcceptError: optional(callback()),
};
