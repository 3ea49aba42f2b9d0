/**
 * The TLS connection that callers get.
 *
 * @module
 */

import { inside } from "../base/constructors.ts";
import type { Known } from "../tcp/facts.ts";
import { handOver, StreamConn } from "../tcp/stream_conn.ts";
import type { EarlyDataStatus, EngineInfo, TlsVersion } from "./engine/contract.ts";
import { makeTlsSocketOver, type TlsSocket } from "./socket.ts";
import type { TlsByteStream } from "./stream.ts";
import { plainTlsSettings } from "./underneath.ts";
import { refusedRenegotiation, type TlsWarning } from "./warnings.ts";

/** The result of the handshake, in the shape of `Deno.TlsHandshakeInfo`. */
export interface TlsHandshakeInfo {
  /** The application protocol agreed on (RFC 7301); `null` where there is none. */
  alpnProtocol: string | null;
}

/** When the steps of making a connection were complete, in milliseconds since it was begun. */
export interface TlsTiming {
  /** The name was looked up. */
  readonly lookup: number;
  /** The SYN was handed to the kernel. */
  readonly open: number;
  /** The peer's first byte arrived. */
  readonly firstByte: number;
  /** The handshake was complete and verified; a server with early data answers before that. */
  readonly secure: number;
}

/** Facts about a TLS connection after it was made. */
export interface TlsKnown extends Known {
  readonly timing: TlsTiming;
  readonly warnings: readonly TlsWarning[];
  /** The name that was sent and verified; missing on a server. */
  readonly serverName?: string;
}

/** Makes a connection from its byte stream. */
export let makeTlsConn: (stream: TlsByteStream, known: TlsKnown) => TlsConn;

/**
 * A TLS connection. It has the shape of `Deno.TlsConn`, and Node's face in
 * {@linkcode TlsConn.duplex}, which takes over the bytes. `connectTls`, `startTls`, `listenTls` and
 * `acceptTls` make it.
 *
 * Reading and writing throw `TlsError` (`"TRUNCATED"`, `"ALERT_RECEIVED"`, …) or `ConnectError`
 * (`"CONNECTION_RESET"`, …) when the connection is cut or broken. Bytes that arrived earlier can
 * still be read first.
 *
 * ```ts
 * import { connectTls, listenTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 *
 * const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * const accepted = listener.accept();
 * const { port } = listener.addr;
 * using client = await connectTls({ hostname: "127.0.0.1", port, caCerts: [cert] });
 * using server = await accepted;
 *
 * await client.write(new TextEncoder().encode("hello"));
 * const p = new Uint8Array(16);
 * console.log(await server.read(p)); // 5
 * console.log(client.cipher, client.timing.secure);
 * listener.close();
 * ```
 */
export class TlsConn extends StreamConn {
  #stream: TlsByteStream;
  #known: TlsKnown;
  #duplex: TlsSocket | undefined;

  /** Connections are made by the functions that open them. */
  protected constructor(key: typeof inside, stream: TlsByteStream, known: TlsKnown) {
    super(key, stream, known);
    this.#stream = stream;
    this.#known = known;
  }

  static {
    makeTlsConn = (stream, known) => new TlsConn(inside, stream, known);
  }

  /**
   * Resolves when the handshake is complete. A client gets its connection after the handshake. A
   * connection that waits for its first write is made by this call, without early data. A server
   * with early data gets its connection before: data that it reads until then may be a replay (RFC
   * 8446, section 8).
   */
  async handshake(): Promise<TlsHandshakeInfo> {
    await this.#stream.handshake();
    return { alpnProtocol: this.alpnProtocol };
  }

  /** When the steps of making the connection were complete. */
  get timing(): TlsTiming {
    return this.#known.timing;
  }

  /** Problems that cost time, or a feature, but not the connection. Later warnings are added. */
  get warnings(): readonly TlsWarning[] {
    const { warnings } = this.#known;
    const { refusedRenegotiation: refused, side } = this.#stream;
    return refused ? [...warnings, refusedRenegotiation(side)] : warnings;
  }

  /** The version of TLS. */
  get protocol(): TlsVersion {
    return this.#info.protocol;
  }

  /** The cipher suite's IANA name, such as `TLS_AES_128_GCM_SHA256`. */
  get cipher(): string {
    return this.#info.cipher;
  }

  /** The key-exchange group, such as `x25519`; `undefined` where none was used. */
  get group(): string | undefined {
    return this.#info.group;
  }

  /** The application protocol agreed on (RFC 7301); `null` where there is none. */
  get alpnProtocol(): string | null {
    return this.#info.alpnProtocol;
  }

  /** Whether an earlier session was resumed (RFC 8446, section 2.2). */
  get resumed(): boolean {
    return this.#info.resumed;
  }

  /**
   * The outcome of the early data. Rejected early data were sent again after the handshake, unless
   * {@linkcode TlsConn.warnings} has `EARLY_DATA_UNSENT`.
   */
  get earlyData(): EarlyDataStatus {
    return this.#info.earlyData;
  }

  /** The TLS implementation that does the work. */
  get engine(): "openssl" | "runtime" {
    return this.#stream.engineName;
  }

  /** The peer's certificate in DER; `undefined` where it sent none. */
  get peerCertificate(): Uint8Array | undefined {
    return this.#info.peerCertificate;
  }

  /**
   * The same connection as a socket of Node's shape, for `https.Agent` and similar users. It takes over
   * the bytes: afterwards reading and writing here are the error `IN_USE`, and `close()` destroys the
   * socket.
   *
   * @throws {ConnectError} `IN_USE` while a read or a write is under way, or a stream was taken
   */
  get duplex(): TlsSocket {
    if (this.#duplex) return this.#duplex;
    handOver(this);
    return this.#duplex = this.makeDuplex();
  }

  /** @ignore */
  protected makeDuplex(): TlsSocket {
    const { serverName } = this.#known;
    const stream = this.#stream;
    const known = this.#known;
    return makeTlsSocketOver({ ...plainTlsSettings, serverName }, {
      stream,
      ready: Promise.resolve(),
      facts: () => known.facts,
      result: () => stream.info(),
      peerCertificate: () => stream.info().peerCertificate,
      warnings: () => known.warnings,
    });
  }

  get #info(): EngineInfo {
    return this.#stream.info();
  }
}
