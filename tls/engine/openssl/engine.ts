/**
 * TLS by OpenSSL over memory: the part that clients and servers share.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { pointerIn, readMemory, readString, slotOf } from "../../../ffi/memory.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { withPinned } from "../../../ffi/pin.ts";
import { giveBack, lend } from "../../../base/buffers.ts";
import type {
  EarlyDataStatus,
  Engine,
  EngineInfo,
  PlaintextSink,
  TlsVersion,
} from "../contract.ts";
import { TlsError } from "../../errors.ts";
import { errorIfNotTls, type FailurePeer, protocolError } from "../failures.ts";
import { countNative } from "../../../base/census.ts";
import { type Hooks, hooksOf } from "./callbacks.ts";
import { derOf } from "./der.ts";
import { sslFailure, takeError } from "./error_queue.ts";
import { type Openssl, openssl } from "./library.ts";

/** The largest plaintext of one record (RFC 8446, section 5.1). */
const RECORD = 16 * 1024;

/** A Finished has as many bytes as the longest hash. */
const LONGEST_FINISHED = 64;

/** The base of both sides, which differ in how the handshake starts. */
export abstract class OpensslEngine implements Engine {
  readonly name = "openssl";
  /** Never called: nothing happens outside of the calls. */
  onChange: Engine["onChange"];
  secured = false;
  peerClosed = false;
  resumed = false;
  earlyData: EarlyDataStatus = "not-sent";
  refusedRenegotiation = false;
  protected readonly library: Openssl;
  protected readonly ssl: bigint;
  protected readonly peer: FailurePeer;
  /** Always empty; OpenSSL's input between two calls of {@linkcode feed}. */
  #noInput: bigint;
  #output: bigint;
  /** The BIO that {@linkcode feed} reads from. */
  #input = 0n;
  #answered = false;
  #failed = false;
  #freed = false;
  #info: EngineInfo | undefined;
  /** Whether the peer can ask for another handshake, which TLS 1.3 has no more. */
  #hasRenegotiation = false;
  #renegotiating = false;
  /** Plaintext that waits for the end of a renegotiation. */
  #late: { readonly plaintext: Uint8Array; readonly written: () => void } | undefined;

  constructor(context: bigint, peer: FailurePeer, hooks: Hooks) {
    const library = openssl();
    this.library = library;
    this.peer = peer;
    library.ERR_clear_error();
    this.ssl = library.SSL_new(context);
    if (this.ssl === 0n) {
      throw new TlsError("ENGINE_UNAVAILABLE", `OpenSSL could not start: ${takeError().reason}`, {
        ...peer,
        call: "SSL_new",
      });
    }
    countNative("SSL", 1);
    this.#noInput = library.BIO_new(library.BIO_s_mem());
    this.#output = library.BIO_new(library.BIO_s_mem());
    library.BIO_up_ref(this.#noInput); // One reference is this engine's, one the SSL's.
    library.SSL_set_bio(this.ssl, this.#noInput, this.#output);
    hooksOf.set(this.ssl, hooks);
  }

  abstract get writable(): boolean;
  protected abstract askEarlyData(): EarlyDataStatus;

  /** Called whenever a ticket may have arrived. */
  protected lookForTicket(): void {}

  /** Whether the peer may begin another handshake on the connection (TLS 1.2). */
  protected get allowsRenegotiation(): boolean {
    return false;
  }

  /** Continues the handshake; true once it is complete. May hand out early data. */
  protected abstract handshake(plaintext: PlaintextSink): boolean;

  feed(ciphertext: Uint8Array, plaintext: PlaintextSink): void {
    if (this.#freed || this.#failed || ciphertext.length === 0) return;
    if (!this.#answered) this.#checkFirstBytes(ciphertext);
    const { library, ssl } = this;
    withPinned([ciphertext], () => {
      // OpenSSL reads directly from the chunk, and copies an incomplete record to its own buffer.
      // So nothing points into the chunk any more when the empty BIO is back in place.
      const input = library.BIO_new_mem_buf(ciphertext, ciphertext.length);
      library.BIO_ctrl(input, OPENSSL.BIO_C_SET_BUF_MEM_EOF_RETURN, -1n, 0n);
      library.SSL_set0_rbio(ssl, input);
      this.#input = input;
      try {
        library.ERR_clear_error();
        if (!this.secured && this.handshake(plaintext)) this.#settle();
        if (this.secured) this.#decryptAll(ciphertext.length, plaintext);
      } finally {
        library.BIO_up_ref(this.#noInput);
        library.SSL_set0_rbio(ssl, this.#noInput);
      }
    });
  }

  settled(): undefined {}

  write(plaintext: Uint8Array): Promise<void> | undefined {
    if (this.#freed || this.#failed || plaintext.length === 0) return;
    this.library.ERR_clear_error();
    const result = this.encrypt(plaintext);
    if (result > 0) return;
    const waits = this.library.SSL_get_error(this.ssl, result) === OPENSSL.SSL_ERROR_WANT_READ;
    if (!waits || !this.#allowsNow) throw this.fail("SSL_write");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#late = { plaintext: new Uint8Array(plaintext), written: resolve };
    return promise;
  }

  /** Encrypts by the function that the state of the handshake requires. */
  protected encrypt(plaintext: Uint8Array): number {
    return this.library.SSL_write(this.ssl, plaintext, plaintext.length);
  }

  get hasOutput(): boolean {
    return !this.#freed && this.library.BIO_ctrl_pending(this.#output) > 0n;
  }

  output(): Uint8Array | undefined {
    if (this.#freed) return undefined;
    const pending = Number(this.library.BIO_ctrl_pending(this.#output));
    if (pending === 0) return undefined;
    // Small output may be a first flight. Others keep that, so its buffer must not be used again.
    const bytes = pending < RECORD ? Buffer.allocUnsafeSlow(pending) : lend(pending);
    this.library.BIO_read(this.#output, bytes, pending);
    return bytes.subarray(0, pending);
  }

  close(): undefined {
    if (this.#freed || this.#failed || !this.secured) return;
    this.library.ERR_clear_error();
    this.library.SSL_shutdown(this.ssl);
    this.library.ERR_clear_error();
  }

  info(): EngineInfo {
    if (this.#info) return this.#info;
    const info = this.#ask();
    if (this.secured) this.#info = info;
    return info;
  }

  peerChain(): readonly Uint8Array[] {
    // A session that was resumed has no verification, but what was presented at first.
    const verified = this.#freed ? 0n : this.library.SSL_get0_verified_chain(this.ssl);
    return verified === 0n ? this.#presentedChain() : this.#certificatesIn(verified);
  }

  #presentedChain(): readonly Uint8Array[] {
    const chain = this.#freed ? 0n : this.library.SSL_get_peer_cert_chain(this.ssl);
    return chain === 0n ? [] : this.#certificatesIn(chain);
  }

  #certificatesIn(chain: bigint): readonly Uint8Array[] {
    const { library } = this;
    return Array.from({ length: library.OPENSSL_sk_num(chain) }, (_, index) => {
      const x509 = library.OPENSSL_sk_value(chain, index);
      return derOf((slot) => library.i2d_X509(x509, slot));
    });
  }

  exportKeyingMaterial(
    length: number,
    label: string,
    context: Uint8Array | undefined,
  ): Uint8Array | undefined {
    if (this.#freed || !this.secured) return undefined;
    const { library, ssl } = this;
    const out = new Uint8Array(length);
    const name = new TextEncoder().encode(label);
    const sizes = [BigInt(length), BigInt(name.length), BigInt(context?.length ?? 0)] as const;
    const given = context ?? null;
    const isGiven = context ? 1 : 0;
    library.ERR_clear_error();
    const result = library.SSL_export_keying_material(
      ...[ssl, out, sizes[0], name, sizes[1], given, sizes[2], isGiven] as const,
    );
    library.ERR_clear_error();
    return result === 1 ? out : undefined;
  }

  finishedOf(side: "own" | "peer"): Uint8Array | undefined {
    if (this.#freed) return undefined;
    const { library, ssl } = this;
    const bytes = new Uint8Array(LONGEST_FINISHED);
    const room = BigInt(bytes.length);
    const length = side === "own"
      ? library.SSL_get_finished(ssl, bytes, room)
      : library.SSL_get_peer_finished(ssl, bytes, room);
    return length === 0n ? undefined : bytes.subarray(0, Number(length));
  }

  #ask(): EngineInfo {
    const { library, ssl } = this;
    const cipher = library.SSL_get_current_cipher(ssl);
    return {
      protocol: readString(library.SSL_get_version(ssl)) as TlsVersion,
      cipher: readString(library.SSL_CIPHER_standard_name(cipher)) ?? "",
      group: cipher === 0n ? undefined : this.#group(),
      alpnProtocol: this.#alpnProtocol(),
      resumed: library.SSL_session_reused(ssl) === 1,
      earlyData: this.askEarlyData(),
      peerCertificate: this.#peerCertificate(),
    };
  }

  free(): void {
    if (this.#freed) return;
    this.#info ??= this.#ask(); // The SSL can't be asked later.
    this.#freed = true;
    this.#late?.written(); // The writer finds that the connection is over.
    hooksOf.delete(this.ssl);
    // OpenSSL invalidates the tickets of a connection that is freed without a shutdown.
    const goodbye = OPENSSL.SSL_SENT_SHUTDOWN | OPENSSL.SSL_RECEIVED_SHUTDOWN;
    if (!this.#failed) this.library.SSL_set_shutdown(this.ssl, goodbye);
    this.library.SSL_free(this.ssl); // Frees the output, too, and one reference to #noInput.
    this.library.BIO_free(this.#noInput);
    countNative("SSL", -1);
  }

  /** The error for a failed call. After it the engine takes neither ciphertext nor plaintext. */
  protected fail(call: string): TlsError {
    this.#failed = true;
    const peer = { ...this.peer, secured: this.secured };
    return sslFailure(this.ssl, call, peer, () => this.#presentedChain()[0]);
  }

  /** Whether a call needs more input, or the peer has closed; throws for any other reason. */
  protected wantsInput(call: string, result: number): boolean {
    const error = this.library.SSL_get_error(this.ssl, result);
    if (error === OPENSSL.SSL_ERROR_WANT_READ) return true;
    if (error === OPENSSL.SSL_ERROR_ZERO_RETURN) {
      this.peerClosed = true;
      return true;
    }
    throw this.fail(call);
  }

  /** The handshake is complete. Reads facts that may be needed before {@linkcode info}. */
  #settle(): void {
    this.secured = true;
    this.resumed = this.library.SSL_session_reused(this.ssl) === 1;
    this.earlyData = this.askEarlyData();
    this.#hasRenegotiation = readString(this.library.SSL_get_version(this.ssl)) === "TLSv1.2";
    if (this.#allowsNow) this.info(); // Keeps the certificate, which must stay the same.
    this.lookForTicket();
  }

  get #allowsNow(): boolean {
    return this.#hasRenegotiation && this.allowsRenegotiation;
  }

  /**
   * Follows a renegotiation, after a read whose plaintext was not handed out yet. Throws when it has
   * changed the peer: what was said before would be taken for the new peer's, or the other way round
   * (RFC 9325, section 3.5).
   */
  #followRenegotiation(): void {
    const wasUnderWay = this.#renegotiating;
    this.#renegotiating = this.library.SSL_in_init(this.ssl) === 1;
    if (!wasUnderWay || this.#renegotiating) return;
    const { peerCertificate: before } = this.info();
    this.#info = undefined;
    const { peerCertificate: now } = this.info();
    if (before && now && Buffer.from(before).equals(now)) return;
    this.#failed = true;
    const failure = { ...this.peer, secured: true, call: "SSL_read" };
    throw protocolError("another certificate was shown in a renegotiation", failure);
  }

  /** Writes what had to wait for the end of a renegotiation. */
  #writeLate(): void {
    const late = this.#late;
    if (!late || this.#renegotiating) return;
    this.#late = undefined;
    if (this.encrypt(late.plaintext) <= 0) throw this.fail("SSL_write");
    late.written();
  }

  /** Called when a read returned nothing, perhaps because it processed a handshake message. */
  #hasMoreInput(): boolean {
    if (!this.#renegotiating) this.lookForTicket();
    return this.library.BIO_ctrl_pending(this.#input) > 0n;
  }

  /** Checks for TLS: OpenSSL would only report a wrong version number. */
  #checkFirstBytes(ciphertext: Uint8Array): void {
    this.#answered = true;
    const error = errorIfNotTls(ciphertext, this.peer);
    if (!error) return;
    this.#failed = true;
    throw error;
  }

  #decryptAll(ciphertextLength: number, plaintext: PlaintextSink): void {
    if (!this.#hasRenegotiation) return this.#decrypt(ciphertextLength, plaintext);
    const said = this.library.BIO_ctrl_pending(this.#output);
    this.#decrypt(ciphertextLength, plaintext);
    if (this.allowsRenegotiation) return this.#writeLate();
    // In TLS 1.2 a read that succeeds has nothing else to say.
    this.refusedRenegotiation ||= this.library.BIO_ctrl_pending(this.#output) > said;
  }

  #decrypt(ciphertextLength: number, plaintext: PlaintextSink): void {
    const { room } = plaintext;
    if (room && room.length > 0) {
      const more = this.#readInto(room, (filled) => plaintext.filled(filled));
      if (!more) return;
    }
    // Room for the whole chunk, and for a record that began in an earlier chunk.
    const into = lend(ciphertextLength + RECORD);
    this.#readInto(into, (filled) => {
      const bytes = into.subarray(0, filled);
      if (filled > into.length / 2) return plaintext.push(bytes);
      plaintext.push(new Uint8Array(bytes));
      giveBack(into);
    });
  }

  /** Decrypts until `into` is full. Returns true then, because there may be more. */
  #readInto(into: Uint8Array, done: (filled: number) => void): boolean {
    const { library, ssl } = this;
    let filled = 0;
    try {
      while (!this.peerClosed && filled < into.length) {
        const result = library.SSL_read(ssl, into.subarray(filled), into.length - filled);
        if (this.#allowsNow) this.#followRenegotiation();
        if (result > 0) filled += result;
        else if (this.wantsInput("SSL_read", result) && !this.#hasMoreInput()) return false;
      }
      return !this.peerClosed;
    } finally {
      done(filled); // Also reports bytes that were read before an error.
    }
  }

  /** OpenSSL reads the group from the session, which exists once there is a cipher. */
  #group(): string | undefined {
    const { library, ssl } = this;
    const group = Number(library.SSL_ctrl(ssl, OPENSSL.SSL_CTRL_GET_NEGOTIATED_GROUP, 0n, 0n));
    return group === 0 ? undefined : readString(library.SSL_group_to_name(ssl, group));
  }

  #alpnProtocol(): string | null {
    const data = slotOf(0n);
    const length = new Uint8Array(4);
    this.library.SSL_get0_alpn_selected(this.ssl, data, length);
    const size = new DataView(length.buffer).getUint32(0, true);
    return size === 0 ? null : new TextDecoder().decode(readMemory(pointerIn(data), size));
  }

  #peerCertificate(): Uint8Array | undefined {
    const x509 = this.library.SSL_get0_peer_certificate(this.ssl);
    if (x509 === 0n) return undefined;
    return derOf((slot) => this.library.i2d_X509(x509, slot));
  }
}
