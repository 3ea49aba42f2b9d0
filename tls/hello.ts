/**
 * A client's first flight, and the engines behind it.
 *
 * @module
 */

import type { FirstFlight } from "../tcp/first_flight.ts";
import type { ClientConfig, Engine } from "./engine.ts";
import { opensslClient } from "./openssl/client.ts";

/**
 * The ClientHello may go to several attempts at once, early data to one alone. A hello that announces
 * early data can't do without them, so where there are any, other attempts get a hello of a second
 * engine.
 */
export class Hello {
  /** Whether anything may have left this machine. */
  started = false;
  readonly #config: ClientConfig;
  readonly #earlyData: Uint8Array | undefined;
  readonly #engine: Engine;
  #second: Engine | undefined;

  /** @throws {TlsError} when OpenSSL is missing or refuses the configuration */
  constructor(config: ClientConfig, earlyData: Uint8Array | undefined) {
    this.#config = config;
    this.#earlyData = earlyData;
    this.#engine = opensslClient(config);
  }

  /** Makes the flight. Its early data are bound to it: none are in what is repeatable. */
  firstFlight(): FirstFlight {
    this.started = true;
    const whole = [this.#engine.start(this.#earlyData)];
    if (this.#engine.earlyDataTaken === 0) return { whole, repeatable: () => whole };
    let repeatable: Uint8Array[] | undefined;
    return { whole, repeatable: () => repeatable ??= [this.#startSecond()] };
  }

  /** The engine whose hello the connection carries; the other one is freed. */
  engineFor({ whole }: { whole: boolean }): Engine {
    const second = this.#second;
    if (!second) return this.#engine;
    const [chosen, other] = whole ? [this.#engine, second] : [second, this.#engine];
    other.free();
    return chosen;
  }

  /** Frees both engines. */
  free(): void {
    this.#engine.free();
    this.#second?.free();
  }

  #startSecond(): Uint8Array {
    this.#second = opensslClient(this.#config);
    return this.#second.start();
  }
}
