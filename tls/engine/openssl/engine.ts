/**
 * TLS by OpenSSL over memory: what client and server have in common.
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
import { errorIfNotTls, type FailurePeer } from "../failures.ts";
import { countNative } from "../../../base/census.ts";
import { type Hooks, hooksOf } from "./callbacks.ts";
import { derOf } from "./der.ts";
import { sslFailure, takeError } from "./error_queue.ts";
import { type Openssl, openssl } from "./library.ts";

/** The largest plaintext of one record (RFC 8446, section 5.1). */
const RECORD = 16 * 1024;

/** Both sides; what differs is how the handshake starts. */
export abstract class OpensslEngine implements Engine {
  readonly name = "openssl";
  /** Never called: nothing happens outside of the calls. */
  onChange: Engine["onChange"];
  secured = false;
  peerClosed = false;
  resumed = false;
  earlyData: EarlyDataStatus = "not-sent";
  protected readonly library: Openssl;
  protected readonly ssl: bigint;
  protected readonly peer: FailurePeer;
  /** Always empty; stands in for input between two calls of {@linkcode feed}. */
  #noInput: bigint;
  #output: bigint;
  /** What {@linkcode feed} is reading from. */
  #input = 0n;
  #answered = false;
  #failed = false;
  #freed = false;
  #info: EngineInfo | undefined;

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
    library.BIO_up_ref(this.#noInput); // One reference for us, one for the SSL.
    library.SSL_set_bio(this.ssl, this.#noInput, this.#output);
    hooksOf.set(this.ssl, hooks);
  }

  abstract get writable(): boolean;
  protected abstract askEarlyData(): EarlyDataStatus;

  /** Called whenever a ticket may have come. */
  protected lookForTicket(): void {}

  /** Moves the handshake on; true once it is complete. May hand out early data. */
  protected abstract handshake(plaintext: PlaintextSink): boolean;

  feed(ciphertext: Uint8Array, plaintext: PlaintextSink): void {
    if (this.#freed || this.#failed || ciphertext.length === 0) return;
    if (!this.#answered) this.#checkFirstBytes(ciphertext);
    const { library, ssl } = this;
    withPinned([ciphertext], () => {
      // OpenSSL reads straight from the chunk and keeps what is incomplete in its own buffer, so
      // that nothing points here any more when the empty BIO is back in place.
      const input = library.BIO_new_mem_buf(ciphertext, ciphertext.length);
      library.BIO_ctrl(input, OPENSSL.BIO_C_SET_BUF_MEM_EOF_RETURN, -1n, 0n);
      library.SSL_set0_rbio(ssl, input);
      this.#input = input;
      try {
        library.ERR_clear_error();
        if (!this.secured && this.handshake(plaintext)) this.#settle();
        if (this.secured) this.#decrypt(ciphertext.length, plaintext);
      } finally {
        library.BIO_up_ref(this.#noInput);
        library.SSL_set0_rbio(ssl, this.#noInput);
      }
    });
  }

  settled(): undefined {}

  write(plaintext: Uint8Array): undefined {
    if (this.#freed || this.#failed || plaintext.length === 0) return;
    this.library.ERR_clear_error();
    if (this.encrypt(plaintext) <= 0) throw this.fail("SSL_write");
  }

  /** Encrypts by the call that the state of the handshake asks for. */
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
    // What is small may be a first flight, which others keep.
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
    this.#info ??= this.#ask(); // The last chance to ask.
    this.#freed = true;
    hooksOf.delete(this.ssl);
    // A connection freed without a goodbye would take the tickets it gave out along.
    const goodbye = OPENSSL.SSL_SENT_SHUTDOWN | OPENSSL.SSL_RECEIVED_SHUTDOWN;
    if (!this.#failed) this.library.SSL_set_shutdown(this.ssl, goodbye);
    this.library.SSL_free(this.ssl); // and with it the output and its reference to no input
    this.library.BIO_free(this.#noInput);
    countNative("SSL", -1);
  }

  /** The error for a call that failed, after which nothing else is called. */
  protected fail(call: string): TlsError {
    this.#failed = true;
    return sslFailure(this.ssl, call, { ...this.peer, secured: this.secured });
  }

  /** Whether a call stopped for lack of input; throws when it stopped for anything else. */
  protected wantsInput(call: string, result: number): boolean {
    const error = this.library.SSL_get_error(this.ssl, result);
    if (error === OPENSSL.SSL_ERROR_WANT_READ) return true;
    if (error === OPENSSL.SSL_ERROR_ZERO_RETURN) {
      this.peerClosed = true;
      return true;
    }
    throw this.fail(call);
  }

  /** The handshake is complete. What the hurried want to know is asked at once. */
  #settle(): void {
    this.secured = true;
    this.resumed = this.library.SSL_session_reused(this.ssl) === 1;
    this.earlyData = this.askEarlyData();
    this.lookForTicket();
  }

  /** Asked when a read gave nothing: that may have been a message of the handshake's. */
  #hasMoreInput(): boolean {
    this.lookForTicket();
    return this.library.BIO_ctrl_pending(this.#input) > 0n;
  }

  /** OpenSSL reports a wrong version number. */
  #checkFirstBytes(ciphertext: Uint8Array): void {
    this.#answered = true;
    const error = errorIfNotTls(ciphertext, this.peer);
    if (!error) return;
    this.#failed = true;
    throw error;
  }

  #decrypt(ciphertextLength: number, plaintext: PlaintextSink): void {
    const { room } = plaintext;
    if (room && room.length > 0) {
      const more = this.#readInto(room, (filled) => plaintext.filled(filled));
      if (!more) return;
    }
    // All of the chunk, and a record whose beginning had come before.
    const into = lend(ciphertextLength + RECORD);
    this.#readInto(into, (filled) => {
      const bytes = into.subarray(0, filled);
      if (filled > into.length / 2) return plaintext.push(bytes);
      plaintext.push(new Uint8Array(bytes));
      giveBack(into);
    });
  }

  /** Decrypts until `into` is full, and then returns true: there may be more. */
  #readInto(into: Uint8Array, done: (filled: number) => void): boolean {
    const { library, ssl } = this;
    let filled = 0;
    try {
      while (!this.peerClosed && filled < into.length) {
        const result = library.SSL_read(ssl, into.subarray(filled), into.length - filled);
        if (result > 0) filled += result;
        else if (this.wantsInput("SSL_read", result) && !this.#hasMoreInput()) return false;
      }
      return !this.peerClosed;
    } finally {
      done(filled); // Also what came before an error.
    }
  }

  /** OpenSSL asks the session, which must exist: it does once there is a cipher. */
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
