/**
 * The engine contract: TLS as a function from bytes to bytes. An engine never sees a socket.
 *
 *     start() ─► first flight ─┐                    ┌─► feed(ciphertext) ─► plaintext
 *                              ├─► the network ─────┤
 *     write(plaintext) ─► output()                  └─► output(): what TLS itself has to say
 *
 * An engine works inside these calls, as OpenSSL does, or goes on after them, as `node:tls` does. One
 * that is done when a call returns promises nothing, so that nobody waits for it; one that is not
 * returns a promise, and tells by {@linkcode Engine.onChange} of all that happens between the calls.
 *
 * @module
 */

import type { TlsError } from "../errors.ts";

/** TLS protocol versions, by the names OpenSSL and Node give them. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** What became of early data (RFC 8446, section 4.2.10). */
export type EarlyDataStatus = "accepted" | "rejected" | "not-sent";

/** What the handshake settled; complete once {@linkcode Engine.secured}. */
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
   * Milliseconds from now during which the server promises to know it, and its certificate is valid;
   * where there are none, it is not for keeping.
   */
  readonly lifetime: number;
  /** The group of the full handshake it goes back to. */
  readonly group: string | undefined;
}

/** Where an engine puts plaintext; an inbox. */
export interface PlaintextSink {
  /** A buffer to fill directly, where somebody waits for one. */
  readonly room: Uint8Array | undefined;
  /** Says how much of {@linkcode PlaintextSink.room} was filled. */
  filled(length: number): void;
  /** Hands over bytes of the engine's own. */
  push(bytes: Uint8Array): void;
}

/** The engines there are, by the names that `TlsConn.engine` reports. */
export type EngineName = "openssl" | "runtime";

/** One side of one TLS connection, without a network. */
export interface Engine {
  readonly name: EngineName;
  /**
   * Called when something has happened outside of the calls below: there is output to be fetched, a
   * state was reached, or, with an error, the connection can't go on.
   */
  onChange: ((error?: TlsError) => void) | undefined;
  /** The handshake is complete and the peer verified. */
  readonly secured: boolean;
  /** The peer has sent close_notify: nothing more will come. */
  readonly peerClosed: boolean;
  /** Plaintext may be written: {@linkcode secured}, or a server that has accepted early data. */
  readonly writable: boolean;

  /**
   * Takes ciphertext and hands out all the plaintext in it.
   *
   * @throws {TlsError} when the connection can't go on; {@linkcode output} may hold an alert then
   */
  feed(ciphertext: Uint8Array, plaintext: PlaintextSink): void;
  /** Resolves when all that was fed has been dealt with. */
  settled(): Promise<void> | undefined;
  /** Encrypts plaintext; fetch it with {@linkcode output} when it is done. */
  write(plaintext: Uint8Array): Promise<void> | undefined;
  /** Whether there is ciphertext to be sent. Cheap enough to ask after every chunk. */
  readonly hasOutput: boolean;
  /** Takes the ciphertext to be sent; `undefined` when there is none. */
  output(): Uint8Array | undefined;
  /** Says close_notify; fetch it with {@linkcode output} when it is done. */
  close(): Promise<void> | undefined;

  info(): EngineInfo;
  /** Frees everything it holds. The engine is not used afterwards. */
  free(): void;
}

/** A client's side, which begins. */
export interface ClientEngine extends Engine {
  /**
   * Starts the handshake. Returns the first flight, the ClientHello and as much of `earlyData` as the
   * session allows, as one piece for one SYN.
   *
   * @throws {TlsError} when the session is none that a handshake can begin with
   */
  start(earlyData?: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** The first flight may go to several attempts at once. */
  readonly repeatable: boolean;
  /** The session it was given could be read, and is offered to the server. */
  readonly offersSession: boolean;
  /** The session was resumed; known once {@linkcode secured}. */
  readonly resumed: boolean;
  /** The session that was offered may be offered again: TLS 1.2's are not used up. */
  readonly sessionReusable: boolean;
  /** What became of early data; known once {@linkcode secured}. */
  readonly earlyData: EarlyDataStatus;
  /** How many bytes of `earlyData` the first flight took. */
  readonly earlyDataTaken: number;
}

/**
 * How much a ClientHello carries:
 *
 * - `"full"`: what the library sends by itself, key shares for several groups among it
 * - `"single-share"`: the same with a key share for one group, the one the server is known to pick
 * - `"lean"`: a single share, for TLS 1.3 alone, with short lists, and without what middleboxes and
 *   earlier versions want (RFC 8446, appendix D.4)
 */
export type HelloForm = "full" | "single-share" | "lean";

/** Whom a connection is with. */
export interface EnginePeer {
  readonly hostname: string;
  readonly port: number;
}

/** What a client engine needs to know. */
export interface ClientConfig extends EnginePeer {
  /** Sent as SNI and verified against the certificate; an IP address is only verified. */
  readonly serverName: string;
  readonly verifyName: boolean;
  /** PEM; `undefined` trusts what the runtime trusts. */
  readonly caCerts: readonly string[] | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly alpnProtocols: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** The groups to offer, and no others; a share is sent for the first. */
  readonly groups: readonly string[] | undefined;
  readonly hello: HelloForm;
  /** The group of the single share; `undefined` leaves the shares to the library. */
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

/** What a server engine needs to know beside its context. */
export interface ServerConfig {
  /** PEM, leaf first. */
  readonly cert: string;
  readonly key: string;
  readonly alpnProtocols: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Bytes of early data taken per connection; 0 takes none. */
  readonly maxEarlyData: number;
  readonly keyLog: ((line: string) => void) | undefined;
}

/** Makes the engines of one listener. */
export interface ServerEngines {
  /** An engine for one accepted connection. */
  accept(): Engine;
  /** Releases what the engines share; those that exist go on. */
  free(): void;
}
