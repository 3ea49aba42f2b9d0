/**
 * What TLS sockets of Node's shape stand on, beyond what all sockets do.
 *
 * @module
 */

import { plainSocketSettings, type SocketSettings } from "../tcp/face/settings.ts";
import type { Heard, SocketKind, Underneath } from "../tcp/face/underneath.ts";
import type { EngineInfo } from "./engine/contract.ts";
import type { TlsByteStream } from "./stream.ts";
import type { TlsWarning } from "./warnings.ts";

/** What a TLS socket stands on. */
export interface TlsUnderneath extends Underneath {
  readonly stream: TlsByteStream;
  /** The result of the handshake, or what a ticket promises of it; `undefined` before. */
  result(): EngineInfo | undefined;
  peerCertificate(): Uint8Array | undefined;
  warnings(): readonly TlsWarning[];
}

/** What a TLS socket says while its connection is being made. */
export interface TlsHeard extends Heard {
  /** There is a ticket, and the socket is to say that it is secure. */
  promised(): void;
  /** The server has sent a ticket. */
  session(session: Uint8Array): void;
  /** What gets the lines of the key log, if anybody listens. */
  keyLog(): ((line: string) => void) | undefined;
}

/** Options of TLS sockets, as they were read. */
export interface TlsSocketSettings extends SocketSettings {
  readonly serverName: string | undefined;
  readonly cert: string | undefined;
  /** A cut without close_notify is an error. */
  readonly strict: boolean;
}

/** The settings of a TLS socket over a connection that stands. */
export const plainTlsSettings: TlsSocketSettings = {
  ...plainSocketSettings,
  serverName: undefined,
  cert: undefined,
  strict: false,
};

/** How a TLS socket gets its connection. */
export interface TlsSocketKind extends Pick<SocketKind, "collectsFirstWrites" | "discard"> {
  open(given: Readonly<Record<string, unknown>>, heard: TlsHeard): TlsUnderneath;
}
