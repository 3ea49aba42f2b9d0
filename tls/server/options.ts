/**
 * Options of servers: what they are, and how they are read.
 *
 * @module
 */

import {
  callback,
  defaulted,
  integer,
  milliseconds,
  optional,
  required,
  type Rules,
} from "../../base/options.ts";
import type { ConnectError } from "../../tcp/errors.ts";
import type { NetAddr } from "../../tcp/facts.ts";
import { type ListenOptions, listenRules, type ListenSettings } from "../../tcp/listen/listen.ts";
import type { TlsError } from "../errors.ts";
import { type CommonTlsOptions, commonTlsRules, type CommonTlsSettings, pem } from "../options.ts";

/** Options of `listenTls`. */
export interface ListenTlsOptions extends ListenOptions, CommonTlsOptions {
  /** The certificate chain to present, in PEM, leaf first. */
  cert: string;
  /** Its private key in PEM, not encrypted. */
  key: string;
  /**
   * Bytes of early data to take per connection (RFC 8446, section 2.3). Default 0: none. Early data
   * may be a replay of what somebody else recorded; each ticket is taken once here, but another
   * server with the same key would take it again. Answer only what may be repeated before
   * `conn.handshake()` resolves.
   */
  maxEarlyData?: number;
  /** Milliseconds a client may take for its handshake. Default 10,000. */
  handshakeTimeout?: number;
  /**
   * Hears of clients whose handshake failed; they are not handed out and disturb nothing else. Of one
   * that left at once the address may be unknown: `""` and 0. What it throws is an uncaught exception,
   * which any client could bring about.
   */
  onHandshakeError?: (error: TlsError | ConnectError, client: NetAddr) => void;
}

/** {@linkcode ListenTlsOptions} as they were read. */
export interface ListenTlsSettings extends ListenSettings, CommonTlsSettings {
  readonly cert: string;
  readonly key: string;
  readonly maxEarlyData: number;
  readonly handshakeTimeout: number;
  readonly onHandshakeError: ListenTlsOptions["onHandshakeError"];
}

/** How {@linkcode ListenTlsOptions} are read. */
export const listenTlsRules: Rules<ListenTlsSettings> = {
  ...listenRules,
  ...commonTlsRules,
  cert: required(pem),
  key: required(pem),
  maxEarlyData: defaulted(integer(0, 0xffffffff, "a number of bytes"), 0),
  handshakeTimeout: defaulted(milliseconds, 10_000),
  onHandshakeError: optional(callback()),
};
