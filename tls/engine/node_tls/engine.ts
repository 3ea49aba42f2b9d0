/**
 * TLS by `node:tls` over memory: the part that does not depend on the side.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import type { TLSSocket } from "node:tls";
import { countNative } from "../../../base/census.ts";
import { ConnectError } from "../../../tcp/errors.ts";
import type { Engine, EngineInfo, PlaintextSink, TlsVersion } from "../contract.ts";
import { directionOf, errorIfNotTls, type FailurePeer } from "../failures.ts";
import { featuresOf } from "../features.ts";
import { failureOf, type NodeError } from "./node_error.ts";
import { AlertWatch, Overheard } from "./overheard.ts";
import { Pipe } from "./pipe.ts";
import type { TlsError } from "../../errors.ts";

/** The alert that announces the end of a connection (RFC 8446, section 6.1). */
const CLOSE_NOTIFY = 0;

/** Chains that runtimes accept are shorter. */
const LONGEST_CHAIN = 32;

/** The base of an engine for either side. The side makes the socket, and verifies the peer. */
export abstract class RuntimeEngine implements Engine {
  readonly name = "runtime";
  onChange: Engine["onChange"];
  secured = false;
  peerClosed = false;
  resumed = false;
  protected readonly peer: FailurePeer;
  #socket: TLSSocket | undefined;
  #pipe: Pipe = new Pipe((bytes) => this.#say(bytes));
  #received = new Overheard();
  #sent = new Overheard();
  #plaintext: PlaintextSink | undefined;
  #output: Uint8Array[] = [];
  /** Whether a call is under way. Its caller looks at the result, so `onChange` is not called. */
  #calling = false;
  #answered = false;
  /** How often {@linkcode feed} was called, and in which call this side last said an alert. */
  #feeds = 0;
  #alerts = new AlertWatch();
  #alertIn: number | undefined;
  #closing = false;
  #failure: TlsError | undefined;
  #freed = false;
  #info: EngineInfo | undefined;

  constructor(peer: FailurePeer) {
    this.peer = peer;
    countNative("TLSSocket", 1);
  }

  /** Throws when the peer is not the expected one. */
  protected abstract verify(socket: TLSSocket): void;

  /** The application protocol agreed on, from the runtime's spelling of its name. */
  protected agreedOn(protocol: string): string {
    return protocol;
  }

  /** The peer's certificate where the runtime does not keep it. */
  protected rememberedCertificate(): Uint8Array | undefined {
    return undefined;
  }

  get writable(): boolean {
    return this.secured;
  }

  /** In TLS 1.2 only this makes a connection that goes on say an alert, but for a close_notify. */
  get refusedRenegotiation(): boolean {
    return this.#alertIn !== undefined;
  }

  /** Starts the handshake with the socket that `make` makes over memory. */
  protected begin(make: (pipe: Pipe) => TLSSocket): TLSSocket {
    const socket = this.#socket = this.#call(() => make(this.#pipe));
    return socket
      .on("data", (chunk: Uint8Array) => this.#plaintext?.push(chunk))
      .on("end", () => this.#ended())
      .on("close", () => this.secured || this.#ended())
      .on("error", (error: NodeError) => this.#fail(error));
  }

  /** Must be called when the runtime says that the handshake is complete. */
  protected complete(socket: TLSSocket): void {
    if (this.#freed || this.#failure) return;
    this.resumed = socket.isSessionReused();
    try {
      this.verify(socket);
    } catch (error) {
      return this.#fail(error as Error);
    }
    this.#info = this.#ask(socket);
    this.secured = true;
    this.#changed();
  }

  feed(ciphertext: Uint8Array, plaintext: PlaintextSink): void {
    if (this.#freed || ciphertext.length === 0) return;
    if (!this.#answered) {
      this.#answered = true;
      this.#failure = errorIfNotTls(ciphertext, this.peer);
    }
    if (this.#failure) throw this.#failure;
    if (!this.secured) this.#received.hear(ciphertext);
    this.#plaintext = plaintext;
    this.#feeds++;
    this.#call(() => {
      this.#pipe.push(new Uint8Array(ciphertext));
      if (!this.secured && this.#received.alert === CLOSE_NOTIFY) this.#ended();
    });
    if (this.#failure) throw this.#failure;
  }

  settled(): Promise<void> | undefined {
    if (this.#freed) return undefined;
    return new Promise((resolve) => setImmediate(resolve));
  }

  write(plaintext: Uint8Array): Promise<void> | undefined {
    const socket = this.#socket;
    if (this.#freed || this.#failure || plaintext.length === 0) return undefined;
    if (this.peerClosed && !featuresOf(this.name).halfClose) throw this.#overByPeer();
    const { promise, resolve } = Promise.withResolvers<void>();
    // An error of the write is an event, too.
    this.#call(() => socket?.write(plaintext, () => resolve()));
    return promise;
  }

  get hasOutput(): boolean {
    return this.#output.length > 0;
  }

  output(): Uint8Array | undefined {
    const pieces = this.#output.splice(0);
    return pieces.length > 1 ? Buffer.concat(pieces) : pieces[0];
  }

  close(): Promise<void> | undefined {
    const socket = this.#socket;
    if (this.#freed || this.#failure || !this.secured || !socket) return undefined;
    if (socket.destroyed) return undefined;
    this.#closing = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once("finish", resolve).once("close", resolve);
    this.#call(() => socket.end());
    return promise;
  }

  info(): EngineInfo {
    if (this.#info) return this.#info;
    return this.#socket ? this.#ask(this.#socket) : UNKNOWN;
  }

  peerChain(): readonly Uint8Array[] {
    const chain: Uint8Array[] = [];
    let each = this.#freed ? undefined : this.#socket?.getPeerX509Certificate();
    for (; each && chain.length < LONGEST_CHAIN; each = each.issuerCertificate) {
      const last = chain.at(-1);
      if (last && each.raw.equals(last)) break; // A root is its own issuer.
      chain.push(new Uint8Array(each.raw));
    }
    return chain;
  }

  exportKeyingMaterial(
    length: number,
    label: string,
    context: Uint8Array | undefined,
  ): Uint8Array | undefined {
    if (this.#freed || !this.secured) return undefined;
    const given = context && Buffer.from(context);
    try {
      return this.#socket?.exportKeyingMaterial(
        ...[length, label, given] as [number, string, Buffer],
      );
    } catch {
      return undefined; // Deno's has none.
    }
  }

  finishedOf(side: "own" | "peer"): Uint8Array | undefined {
    const socket = this.#freed ? undefined : this.#socket;
    return side === "own" ? socket?.getFinished() : socket?.getPeerFinished();
  }

  free(): void {
    if (this.#freed) return;
    this.#info ??= this.info(); // The socket can't be asked later.
    this.#freed = true;
    this.onChange = undefined;
    this.#socket?.destroy();
    this.#pipe.destroy();
    countNative("TLSSocket", -1);
  }

  #ask(socket: TLSSocket): EngineInfo {
    const certificate = socket.getPeerX509Certificate()?.raw;
    return {
      protocol: (socket.getProtocol() ?? "TLSv1.3") as TlsVersion,
      cipher: socket.getCipher()?.standardName ?? "",
      group: this.#received.group ?? this.#sent.group,
      alpnProtocol: socket.alpnProtocol ? this.agreedOn(socket.alpnProtocol) : null,
      resumed: this.resumed,
      earlyData: "not-sent",
      peerCertificate: certificate ? new Uint8Array(certificate) : this.rememberedCertificate(),
    };
  }

  #say(bytes: Uint8Array): void {
    if (this.#freed) return;
    if (!this.secured) this.#sent.hear(bytes);
    const alert = this.#alerts.hear(bytes) && this.secured && !this.#closing;
    if (alert && this.#info?.protocol === "TLSv1.2") this.#alertIn = this.#feeds;
    this.#output.push(bytes);
    this.#changed();
  }

  /** The peer has sent close_notify: this side never ends the pipe. */
  #ended(): void {
    if (this.#freed || this.#failure || this.peerClosed) return;
    this.peerClosed = true;
    this.#changed();
  }

  #fail(error: NodeError): void {
    if (this.#freed || this.#failure) return;
    // Runtimes report this when the peer closed the connection before TLS was established.
    if (!this.secured && error.code === "ECONNRESET") return this.#ended();
    const { secured } = this;
    if (this.#alertIn === this.#feeds) this.#alertIn = undefined; // It told the peer of this error.
    this.#failure = failureOf(error, { ...this.peer, secured }, this.#received.alert);
    this.#output = []; // Output that was not sent yet is not meant for this peer.
    this.#changed();
  }

  #changed(): void {
    if (!this.#calling) this.onChange?.(this.#failure);
  }

  #call<T>(work: () => T): T {
    this.#calling = true;
    try {
      return work();
    } catch (error) {
      throw failureOf(error as Error, this.peer, undefined);
    } finally {
      this.#calling = false;
    }
  }

  #overByPeer(): ConnectError {
    return new ConnectError(
      "CLOSED_BY_PEER",
      `The connection ${
        directionOf(this.peer)
      } was closed by the peer, and this runtime's own TLS does not go on alone`,
      this.peer,
    );
  }
}

const UNKNOWN: EngineInfo = {
  protocol: "TLSv1.3",
  cipher: "",
  group: undefined,
  alpnProtocol: null,
  resumed: false,
  earlyData: "not-sent",
  peerCertificate: undefined,
};
