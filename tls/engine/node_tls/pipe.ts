/**
 * What stands in for a socket under `node:tls`.
 *
 * @module
 */

import { Duplex } from "node:stream";

/** A `Duplex` whose far end is a function: what is written goes there, what is pushed was received. */
export class Pipe extends Duplex {
  #far: (bytes: Uint8Array) => void;

  constructor(far: (bytes: Uint8Array) => void) {
    super({ allowHalfOpen: true });
    this.#far = far;
    this.on("error", () => {}); // The socket above it tells as well.
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#far(chunk);
    done();
  }
}
