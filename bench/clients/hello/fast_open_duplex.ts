/**
 * This project's TCP connection as a Node stream, for a TLS implementation that makes its own
 * ClientHello.
 *
 * @module
 */

import { Duplex } from "node:stream";
import { connect, type FastOpenResult, type TcpConn } from "../../../mod.ts";
import type { Target } from "../latency/way.ts";

/** Bytes read at a time. */
const READ_SIZE = 16 * 1024;

/** A connection that the first write opens. The SYN carries as much of that write as fits. */
export class FastOpenDuplex extends Duplex {
  readonly #target: Target;
  readonly #opened = Promise.withResolvers<TcpConn>();
  #opening = false;

  constructor(target: Target) {
    super();
    this.#target = target;
    this.#opened.promise.catch(() => {}); // The first write gets the rejection.
  }

  /** Resolves to the result of Fast Open. */
  async fastOpen(): Promise<FastOpenResult> {
    return (await this.#opened.promise).fastOpen;
  }

  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#send(chunk).then(() => done(), done);
  }

  override _read(): void {
    this.#receive().then((chunk) => this.push(chunk), (error) => this.destroy(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#opening) this.#opened.promise.then((conn) => conn.close(), () => {});
    done(error);
  }

  async #send(chunk: Uint8Array): Promise<void> {
    if (!this.#opening) {
      this.#opening = true;
      connect({ ...this.#target, data: chunk }).then(this.#opened.resolve, this.#opened.reject);
      await this.#opened.promise;
    } else {
      const conn = await this.#opened.promise;
      await conn.write(chunk);
    }
  }

  async #receive(): Promise<Uint8Array | null> {
    const conn = await this.#opened.promise;
    const buffer = new Uint8Array(READ_SIZE);
    const length = await conn.read(buffer);
    return length === null ? null : buffer.subarray(0, length);
  }
}
