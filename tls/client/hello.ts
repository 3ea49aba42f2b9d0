/**
 * A client's first flight, and the engines behind it.
 *
 * A ClientHello with a key share for every group that the library prefers, including
 * X25519MLKEM768, is larger than the room in a SYN. The first connection to a server sends it
 * nevertheless, and learns which group the server picks. From then on the hello carries only that
 * share. Where even this hello does not fit, it is made lean.
 *
 * @module
 */

import type { FirstFlight } from "../../tcp/dial/first_flight.ts";
import type { ClientConfig, ClientEngine } from "../engine/contract.ts";
import { helloLength } from "../engine/client_hello.ts";
import { type KnownServer, learnServer } from "./known_servers.ts";

/** Every SYN with data has this much room: IPv4's smallest segment, minus the options of a SYN. */
const ALWAYS_FITS = 536 - 40;

/** The parts from which a first flight is made. */
export interface HelloOptions {
  readonly makeEngine: (config: ClientConfig) => ClientEngine;
  readonly config: ClientConfig;
  readonly earlyData: Uint8Array | undefined;
  readonly server: KnownServer;
}

/**
 * The ClientHello may go to several attempts at once, but early data only to one. Where a flight is
 * not repeatable, the other attempts get the hello of a second engine, without early data and never
 * lean.
 */
export class Hello {
  /** Whether anything may have been sent. */
  started = false;
  /** Bytes of the ClientHello, once it is made; 0 before. */
  length = 0;
  readonly #options: HelloOptions;
  #config: ClientConfig;
  #engine: ClientEngine;
  #second: ClientEngine | undefined;

  /** @throws {TlsError} when the engine refuses the configuration */
  constructor(options: HelloOptions) {
    const { config, server } = options;
    this.#options = options;
    const isLean = server.fitting === "lean" && mayBeLean(config, server);
    this.#config = isLean ? { ...config, hello: "lean" } : config;
    this.#engine = options.makeEngine(this.#config);
  }

  /** Makes the flight, for a SYN that has room for `room()` bytes. */
  firstFlight(room: () => number): FirstFlight | Promise<FirstFlight> {
    this.started = true;
    const flight = this.#start();
    if (!(flight instanceof Promise)) return this.#fit(flight, room);
    return flight.then((late) => this.#fit(late, room));
  }

  /** The engine whose hello was sent on the connection. Frees the other engine. */
  engineFor({ isComplete }: { isComplete: boolean }): ClientEngine {
    const second = this.#second;
    if (!second) return this.#engine;
    const [chosen, other] = isComplete ? [this.#engine, second] : [second, this.#engine];
    other.free();
    return chosen;
  }

  /** Whether `engine` has sent a lean hello. */
  isLean(engine: ClientEngine): boolean {
    return this.#config.hello === "lean" && engine === this.#engine;
  }

  /** Frees both engines. */
  free(): void {
    this.#engine.free();
    this.#second?.free();
  }

  /** Starts without a session that the engine can't use: another library's, or a future one. */
  #start(): Uint8Array | Promise<Uint8Array> {
    try {
      return this.#engine.start(this.#options.earlyData);
    } catch (error) {
      if (this.#config.session === undefined) throw error;
      this.#replaceEngine({ ...this.#config, session: undefined });
      return this.#engine.start(this.#options.earlyData);
    }
  }

  #replaceEngine(config: ClientConfig): void {
    this.#engine.free();
    this.#config = config;
    this.#engine = this.#options.makeEngine(config);
  }

  /** The flight, or the flight of a lean hello where this one does not fit. */
  #fit(flight: Uint8Array, room: () => number): FirstFlight | Promise<FirstFlight> {
    const config = this.#config;
    this.length = helloLength(flight);
    const isTooLarge = config.ridesInSyn && this.length > ALWAYS_FITS && this.length > room();
    if (isTooLarge && config.hello !== "lean" && mayBeLean(config, this.#options.server)) {
      learnServer(config, { fitting: "lean" });
      this.#replaceEngine({ ...config, hello: "lean" });
      return this.firstFlight(room);
    }
    return this.#flightOf(flight);
  }

  #flightOf(flight: Uint8Array): FirstFlight {
    const complete = [flight];
    if (this.#engine.repeatable) return { complete, repeatable: () => complete };
    let repeatable: Uint8Array[] | undefined;
    return { complete, repeatable: () => repeatable ??= [this.#startSecond()] };
  }

  /** Starts a second engine. Engines whose flights can't be repeated start synchronously. */
  #startSecond(): Uint8Array {
    const { hello } = this.#options.config;
    this.#second = this.#options.makeEngine({ ...this.#config, hello });
    return this.#second.start() as Uint8Array;
  }
}

/** A resumption is never lean: its hello is small, and must match its session. */
function mayBeLean(config: ClientConfig, { smallest }: KnownServer): boolean {
  const { ridesInSyn, maxVersion, session } = config;
  return smallest === "lean" && ridesInSyn && maxVersion !== "TLSv1.2" && session === undefined;
}
