/**
 * Takes the place of a socket under `node:tls`.
 *
 * @module
 */

import { Duplex } from "node:stream";

/** A `Duplex` whose far end is a function: it gets the bytes written. Push the bytes received. */
export class Pipe extends Duplex {
  #far: (bytes: Uint8Array) => void;

  constructor(far: (bytes: Uint8Array) => void) {
    super({ allowHalfOpen: true });
    this.#far = far;
    this.on("error", () => {}); // The TLS socket reports it, too.
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#far(chunk);
    done();
  }
}
