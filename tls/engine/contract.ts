/**
 * The engine contract: TLS as a function from bytes to bytes. An engine never sees a socket.
 *
 *     start() ─► first flight ─┐                    ┌─► feed(ciphertext) ─► plaintext
 *                              ├─► the network ─────┤
 *     write(plaintext) ─► output()                  └─► output(): output of TLS itself
 *
 * An engine may work only inside these calls, as OpenSSL does, or go on after them, as `node:tls`
 * does. A call that is done when it returns gives no promise, so that its caller need not wait. A
 * call that is not done returns a promise, and {@linkcode Engine.onChange} reports everything that
 * happens between the calls.
 *
 * @module
 */

import type { TlsError } from "../errors.ts";
import type { NameCheck } from "./names.ts";

/** TLS protocol versions, by the names OpenSSL and Node give them. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** The outcome of early data (RFC 8446, section 4.2.10). */
export type EarlyDataStatus = "accepted" | "rejected" | "not-sent";

/** The result of the handshake; complete once {@linkcode Engine.secured} is true. */
export interface EngineInfo {
  readonly protocol: TlsVersion;
  /** The cipher suite's IANA name, such as `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  /** The key-exchange group, such as `x25519`; `undefined` where none was used. */
  readonly group: string | undefined;
  readonly alpnProtocol: string | null;
  readonly resumed: boolean;
  readonly earlyData: EarlyDataStatus;
  /** The peer's certificate, DER; `undefined` where it sent none. */
  readonly peerCertificate: Uint8Array | undefined;
}

/** A session to resume later. */
export interface SessionTicket {
  /** Opaque bytes, meant for the engine that made them. */
  readonly session: Uint8Array;
  /**
   * Milliseconds from now during which the server promises to know the session and the server's
   * certificate is valid. A session with 0 or less must not be kept.
   */
  readonly lifetime: number;
  /** The group of the full handshake that the session comes from. */
  readonly group: string | undefined;
}

/** Where an engine puts plaintext; an inbox. */
export interface PlaintextSink {
  /** The buffer of a waiting reader, to fill directly; `undefined` where no reader waits. */
  readonly room: Uint8Array | undefined;
  /** Says how much of {@linkcode PlaintextSink.room} was filled. */
  filled(length: number): void;
  /** Hands over a buffer with plaintext; the sink owns it from then on. */
  push(bytes: Uint8Array): void;
}

/** The names of the engines, as `TlsConn.engine` reports them. */
export type EngineName = "openssl" | "runtime";

/** One side of one TLS connection, without a network. */
export interface Engine {
  readonly name: EngineName;
  /**
   * Called when something has happened outside of the calls below: there is new output, or the
   * state has changed. With an error, the connection can't go on.
   */
  onChange: ((error?: TlsError) => void) | undefined;
  /** The handshake is complete and the peer verified. */
  readonly secured: boolean;
  /** The peer has sent close_notify: nothing more will come. */
  readonly peerClosed: boolean;
  /** Plaintext may be written: {@linkcode secured} is true, or a server has accepted early data. */
  readonly writable: boolean;
  /**
   * The peer has asked for another handshake (renegotiation, TLS 1.2), and this side has refused by
   * the alert no_renegotiation. Most peers break off then, each in its own way.
   */
  readonly refusedRenegotiation: boolean;

  /**
   * Takes ciphertext and hands out all the plaintext in it.
   *
   * @throws {TlsError} when the connection can't go on; {@linkcode output} may hold an alert then
   */
  feed(ciphertext: Uint8Array, plaintext: PlaintextSink): void;
  /** Resolves when everything that was fed is processed; `undefined` where it is already. */
  settled(): Promise<void> | undefined;
  /** Encrypts plaintext. When that is done, {@linkcode output} has the ciphertext. */
  write(plaintext: Uint8Array): Promise<void> | undefined;
  /** Whether there is ciphertext to be sent. Cheap enough to ask after every chunk. */
  readonly hasOutput: boolean;
  /** Takes the ciphertext to be sent; `undefined` when there is none. */
  output(): Uint8Array | undefined;
  /** Makes a close_notify. When that is done, {@linkcode output} has it. */
  close(): Promise<void> | undefined;

  info(): EngineInfo;
  /** The certificates that the peer sent, the leaf first, DER; empty where none is known any more. */
  peerChain(): readonly Uint8Array[];
  /**
   * Keying material for another protocol (RFC 5705; RFC 8446, section 7.5); `undefined` where there is
   * none yet, or none any more.
   */
  exportKeyingMaterial(
    length: number,
    label: string,
    context: Uint8Array | undefined,
  ): Uint8Array | undefined;
  /** The Finished message of one side, for channel bindings; `undefined` where there is none. */
  finishedOf(side: "own" | "peer"): Uint8Array | undefined;
  /** Frees everything that the engine holds. Afterwards only its state may be read. */
  free(): void;
}

/** The engine of a client, which starts the handshake. */
export interface ClientEngine extends Engine {
  /**
   * Starts the handshake. Returns the first flight as one piece for one SYN: the ClientHello, and
   * as much of `earlyData` as the session allows.
   *
   * @throws {TlsError} when a handshake can't begin with the session
   */
  start(earlyData?: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** The first flight may go to several attempts at once. */
  readonly repeatable: boolean;
  /** The given session could be read, and is offered to the server. */
  readonly offersSession: boolean;
  /** The session was resumed; known once {@linkcode secured}. */
  readonly resumed: boolean;
  /** The session that was offered may be offered again: sessions of TLS 1.2 are not used up. */
  readonly sessionReusable: boolean;
  /** The outcome of early data; known once {@linkcode secured}. */
  readonly earlyData: EarlyDataStatus;
  /** How many bytes of `earlyData` the first flight took. */
  readonly earlyDataTaken: number;
  /** The protocol (ALPN) that the early data were sent for; known once they are. */
  readonly earlyProtocol: string | null;
}

/**
 * How much a ClientHello carries:
 *
 * - `"full"`: everything that the library sends by itself, with key shares for several groups
 * - `"single-share"`: the same with one key share, for the group that the server is known to pick
 * - `"lean"`: one key share, only TLS 1.3, short lists, and nothing that only middleboxes or
 *   earlier versions need (RFC 8446, appendix D.4)
 */
export type HelloForm = "full" | "single-share" | "lean";

/** What a session promises of the connection that resumes it. */
export interface SessionFacts {
  /** How many bytes of early data the server takes. */
  readonly maxEarlyData: number;
  /** The result of the handshake, if the server takes the session. */
  readonly info: EngineInfo;
}

/** The server that a client connects to. */
export interface EnginePeer {
  readonly hostname: string;
  readonly port: number;
}

/** The configuration of a client engine. */
export interface ClientConfig extends EnginePeer {
  /** Sent as SNI and verified against the certificate; an IP address is only verified. */
  readonly serverName: string;
  readonly verifyName: NameCheck;
  /** PEM; `undefined` trusts the runtime's own roots. */
  readonly caCerts: readonly string[] | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Opens an encrypted `key`. */
  readonly passphrase: string | undefined;
  /** The server may ask for the certificate after the handshake. */
  readonly postHandshakeAuth: boolean;
  readonly alpnProtocols: readonly string[];
  /** `undefined` is the default, which never loosens a policy of the system. */
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
  /** The only groups to offer; a key share is sent for the first one. */
  readonly groups: readonly string[] | undefined;
  readonly hello: HelloForm;
  /** The group of the single key share; `undefined` lets the library choose the key shares. */
  readonly keyShare: string | undefined;
  /** The hello is meant for a SYN and should be small. */
  readonly ridesInSyn: boolean;
  /** A session to resume, as {@linkcode SessionTicket} carried it. */
  readonly session: Uint8Array | undefined;
  /** Called with every ticket the server sends. */
  readonly onTicket: ((ticket: SessionTicket) => void) | undefined;
  /** Called with every line of the NSS key log. */
  readonly keyLog: ((line: string) => void) | undefined;
}

/** The configuration of a listener's engines. */
export interface ServerConfig {
  /** PEM, leaf first. */
  readonly cert: string;
  readonly key: string;
  /** Opens an encrypted `key`. */
  readonly passphrase: string | undefined;
  readonly alpnProtocols: readonly string[];
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
  /** Bytes of early data taken per connection; 0 takes none. */
  readonly maxEarlyData: number;
  readonly keyLog: ((line: string) => void) | undefined;
}

/** Makes the engines of one listener. */
export interface ServerEngines {
  /** An engine for one accepted connection. */
  accept(): Engine;
  /** Releases what the engines share. Engines that exist already go on. */
  free(): void;
}
