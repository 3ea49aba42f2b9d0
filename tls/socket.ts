/**
 * A TLS connection in the shape of Node's sockets.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { CipherNameAndProtocol, DetailedPeerCertificate, PeerCertificate } from "node:tls";
import { callOut } from "../base/call_out.ts";
import { checkInside, inside } from "../base/constructors.ts";
import { nodeError } from "../tcp/face/node_error.ts";
import { StreamSocket } from "../tcp/face/stream_socket.ts";
import type { Heard } from "../tcp/face/underneath.ts";
import type { EarlyDataStatus, EngineInfo } from "./engine/contract.ts";
import { TlsError } from "./errors.ts";
import { describeCertificate, describeChain } from "./face/certificates.ts";
import { describeGroup, nameOfCipher } from "./face/suites.ts";
import { authorizationErrorOf, nodeTlsErrorOf } from "./face/node_tls_error.ts";
import type { TlsHeard, TlsSocketKind, TlsSocketSettings, TlsUnderneath } from "./underneath.ts";
import type { TlsWarning } from "./warnings.ts";

const NEWLINE = "\n";

/** Makes a socket that connects: at once if it knows where to, otherwise by `connect()`. */
export let makeTlsSocket: (
  settings: TlsSocketSettings,
  kind: TlsSocketKind,
  isReady: boolean,
) => TlsSocket;

/** Makes a socket over a connection that stands. */
export let makeTlsSocketOver: (
  settings: TlsSocketSettings,
  underneath: TlsUnderneath,
) => TlsSocket;

/**
 * A TLS connection in the shape that Node's ecosystem expects, that of `tls.TLSSocket`: with what
 * `https.Agent`, `ws`, `pg`, `ioredis` and their like look for. `tlsSocket` makes it, and `conn.duplex`;
 * destroying it closes the connection. docs/sockets.md has all members, and where they differ from
 * Node's.
 */
export class TlsSocket extends StreamSocket {
  /** Always `true`, as on `tls.TLSSocket`. */
  readonly encrypted = true;
  /** Why the server was not accepted, as a code; there is never a connection to such a server. */
  authorizationError: string | null = null;
  /** Whether the handshake is still to come, or under way. */
  secureConnecting = true;
  #settings: TlsSocketSettings;
  #session: Buffer | undefined;

  private constructor(key: typeof inside, settings: TlsSocketSettings, kind: TlsSocketKind) {
    checkInside(key, "tlsSocket and conn.duplex make sockets");
    super(key, settings, {
      open: (given, heard) => kind.open(given, this.#listen(heard)),
      discard: () => kind.discard?.(),
      collectsFirstWrites: kind.collectsFirstWrites,
      errorOf: (error, syscall) => {
        const { serverName, hostname: host, port } = this.#settings;
        const meant = { host: serverName ?? host, port };
        const shown = nodeTlsErrorOf(error, syscall, meant, this.writableLength > 0);
        if (syscall === "connect") this.authorizationError = authorizationErrorOf(error, shown);
        return shown;
      },
      isCut: (error) => {
        return !settings.strict && error instanceof TlsError && error.code === "TRUNCATED";
      },
      isEndOfHandshake: (error) => error instanceof TlsError && error.code === "HANDSHAKE_CLOSED",
      onReady: () => this.#secured(),
    });
    this.#settings = settings;
  }

  static {
    makeTlsSocket = (settings, kind, isReady) => {
      const socket = new TlsSocket(inside, settings, kind);
      if (isReady) socket.begin({});
      return socket;
    };
    makeTlsSocketOver = (settings, underneath) => {
      const kind = { open: () => underneath, collectsFirstWrites: false };
      const socket = new TlsSocket(inside, settings, kind);
      socket.secureConnecting = false;
      socket.standOn(underneath);
      return socket;
    };
  }

  #listen(heard: Heard): TlsHeard {
    return {
      ...heard,
      promised: () => {
        heard.connected();
        this.#secured();
      },
      session: (session) => {
        this.#session = Buffer.from(session);
        if (!this.destroyed) callOut(() => this.emit("session", this.#session));
      },
      keyLog: () => {
        if (this.listenerCount("keylog") === 0) return undefined;
        return (line) => void (this.destroyed || this.emit("keylog", Buffer.from(line + NEWLINE)));
      },
    };
  }

  #secured(): void {
    if (!this.secureConnecting || this.destroyed) return;
    this.secureConnecting = false;
    callOut(() => this.emit("secureConnect"));
  }

  get #tls(): TlsUnderneath | undefined {
    return this.underneath as TlsUnderneath | undefined;
  }

  get #result(): EngineInfo | undefined {
    return this.#tls?.result();
  }

  /** The outcome of the early data; `undefined` before. Node's sockets have no such thing. */
  get earlyData(): EarlyDataStatus | undefined {
    return this.#tls?.stream.isSecure ? this.#result?.earlyData : undefined;
  }

  /** Problems that cost time, or a feature, but not the connection. */
  get warnings(): readonly TlsWarning[] {
    return this.#tls?.warnings() ?? [];
  }

  /** Whether the peer's certificate was verified. */
  get authorized(): boolean {
    if (this.secureConnecting || !this.#tls) return false;
    const { side, isSecure } = this.#tls.stream;
    if (side === "client") return true;
    return isSecure && this.#result?.peerCertificate !== undefined;
  }

  /** The application protocol (RFC 7301); `false` where there is none, `null` before it is known. */
  get alpnProtocol(): string | false | null {
    const result = this.#result;
    return result && !this.secureConnecting ? result.alpnProtocol ?? false : null;
  }

  /** The name that was sent to the server (SNI); `false` for none, `null` while it is not secure. */
  get servername(): string | false | null {
    if (this.secureConnecting) return null;
    const { serverName, hostname } = this.#settings;
    const name = serverName ?? hostname;
    return name === undefined || isIP(name) ? false : name;
  }

  /** The protocol's version, such as `TLSv1.3`; `null` before it is known. */
  getProtocol(): string | null {
    return this.#result?.protocol ?? null;
  }

  /** The cipher suite; an empty object before it is known. */
  getCipher(): CipherNameAndProtocol | Record<string, never> {
    const result = this.#result;
    if (!result?.cipher) return {};
    const { cipher, protocol } = result;
    return { name: nameOfCipher(cipher), standardName: cipher, version: protocol };
  }

  /** The key of the exchange; an empty object where there is none, as after a pure resumption. */
  getEphemeralKeyInfo(): object {
    return describeGroup(this.#result?.group);
  }

  /** Whether the session was resumed. */
  isSessionReused(): boolean {
    return this.#result?.resumed ?? false;
  }

  /** The last ticket that the server has sent; opaque bytes. The option `sessions` keeps them by itself. */
  getSession(): Buffer | undefined {
    return this.#session;
  }

  /**
   * The peer's certificate as Node's `tls` describes it, with `detailed` also those of its issuers; an
   * empty object where it sent none.
   */
  getPeerCertificate(detailed: true): DetailedPeerCertificate | Record<string, never>;
  /** The peer's certificate alone. */
  getPeerCertificate(detailed?: boolean): PeerCertificate | Record<string, never>;
  getPeerCertificate(detailed = false): PeerCertificate | Record<string, never> {
    const leaf = this.#tls?.peerCertificate();
    if (!detailed || !leaf) return describeCertificate(leaf);
    const chain = this.#tls?.stream.bindings?.peerChain() ?? [];
    return describeChain(chain.length > 0 ? chain : [leaf]);
  }

  /** The peer's certificate; `undefined` where it sent none. */
  getPeerX509Certificate(): X509Certificate | undefined {
    const der = this.#tls?.peerCertificate();
    return der && new X509Certificate(der);
  }

  /** The certificate of this end; an empty object where it has none. */
  getCertificate(): PeerCertificate | Record<string, never> {
    const certificate = this.getX509Certificate();
    return describeCertificate(certificate?.raw);
  }

  /** The certificate of this end; `undefined` where it has none. */
  getX509Certificate(): X509Certificate | undefined {
    const { cert } = this.#settings;
    return cert === undefined ? undefined : new X509Certificate(cert);
  }

  /**
   * Keying material for another protocol over this connection (RFC 5705; RFC 8446, section 7.5), such as
   * a channel binding.
   *
   * @throws {Error} with Node's code `ERR_TLS_INVALID_STATE` before the connection is secure
   */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    const material = this.#tls?.stream.bindings?.exportKeyingMaterial(length, label, context);
    if (material) return Buffer.from(material);
    const message = "TLS socket connection must be securely established";
    throw nodeError(message, { code: "ERR_TLS_INVALID_STATE" }, undefined);
  }

  /** The Finished message that this end has sent; `undefined` before. */
  getFinished(): Buffer | undefined {
    return bufferOf(this.#tls?.stream.bindings?.finishedOf("own"));
  }

  /** The Finished message that the peer has sent; `undefined` before. */
  getPeerFinished(): Buffer | undefined {
    return bufferOf(this.#tls?.stream.bindings?.finishedOf("peer"));
  }

  /** Does nothing: a renegotiation is never allowed, unless `postHandshakeAuth` asks for it. */
  disableRenegotiation(): void {}

  /** Always `false`: a renegotiation is never begun. */
  renegotiate(_options?: object, _callback?: (error: Error | null) => void): boolean {
    return false;
  }

  /** Always `false`: the size of records is the library's. */
  setMaxSendFragment(_size?: number): boolean {
    return false;
  }
}

function bufferOf(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes);
}
