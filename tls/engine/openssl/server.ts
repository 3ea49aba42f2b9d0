/**
 * The server's side of OpenSSL.
 *
 * @module
 */

import { OPENSSL } from "../../../ffi/openssl.ts";
import { pointerIn, slotOf } from "../../../ffi/memory.ts";
import type {
  EarlyDataStatus,
  Engine,
  PlaintextSink,
  ServerConfig,
  ServerEngines,
} from "../contract.ts";
import { freeContext, makeServerContext, serverContext } from "./context.ts";
import { OpensslEngine } from "./engine.ts";

/** Engines that share one certificate and ticket key. Throws `TlsError` as `opensslClient` does. */
export function opensslServer(config: ServerConfig): ServerEngines {
  const context = makeServerContext(config);
  return {
    accept: () => new OpensslServer(context, config),
    free: () => freeContext(context),
  };
}

/**
 * An engine without a listener. Engines of equal configurations share their ticket key, and the memory of
 * the tickets that were used for early data.
 */
export function opensslServerEngine(config: ServerConfig): Engine {
  return new OpensslServer(serverContext(config), config);
}

class OpensslServer extends OpensslEngine {
  /** Whether more early data may come. */
  #early: boolean;
  #tookEarly = false;

  constructor(context: bigint, config: ServerConfig) {
    super(context, {}, {
      selectAlpn: (offered) => config.alpnProtocols.find((name) => offered.includes(name)),
      keyLog: (line) => queueMicrotask(() => config.keyLog?.(line)),
    });
    this.#early = config.maxEarlyData > 0;
    this.library.SSL_set_accept_state(this.ssl);
  }

  /** Before the end of the handshake only a client whose early data was taken may be answered. */
  get writable(): boolean {
    return this.secured || (this.#early && this.#tookEarly);
  }

  protected askEarlyData(): EarlyDataStatus {
    const status = this.library.SSL_get_early_data_status(this.ssl);
    return status === OPENSSL.SSL_EARLY_DATA_ACCEPTED
      ? "accepted"
      : status === 0
      ? "not-sent"
      : "rejected";
  }

  protected handshake(plaintext: PlaintextSink): boolean {
    const { library, ssl } = this;
    const into = this.#early ? new Uint8Array(16 * 1024) : undefined;
    while (this.#early && into) {
      const taken = slotOf(0n);
      const result = library.SSL_read_early_data(ssl, into, BigInt(into.length), taken);
      if (result === OPENSSL.SSL_READ_EARLY_DATA_ERROR) {
        this.wantsInput("SSL_read_early_data", result);
        return false;
      }
      const length = Number(pointerIn(taken));
      if (length > 0) {
        this.#tookEarly = true;
        plaintext.push(into.slice(0, length));
      }
      this.#early = result !== OPENSSL.SSL_READ_EARLY_DATA_FINISH;
    }
    const result = library.SSL_do_handshake(ssl);
    return result === 1 || !this.wantsInput("SSL_do_handshake", result);
  }

  /** Before the client's Finished this writes "0.5-RTT data" (RFC 8446, section 2.3). */
  protected override encrypt(plaintext: Uint8Array): number {
    if (this.secured || !this.#early) return super.encrypt(plaintext);
    const { library, ssl } = this;
    return library.SSL_write_early_data(ssl, plaintext, BigInt(plaintext.length), slotOf(0n));
  }
}
