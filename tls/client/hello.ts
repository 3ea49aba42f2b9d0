/**
 * A client's first flight, and the engines behind it.
 *
 * A hello with a share for every group the library would like, X25519MLKEM768 among them, is larger
 * than a SYN has room for. The first connection to a server sends it all the same and learns which
 * group the server picks; from then on the hello carries that share alone, and where even that does not
 * fit it is made lean.
 *
 * @module
 */

import type { FirstFlight } from "../../tcp/dial/first_flight.ts";
import type { ClientConfig, ClientEngine } from "../engine/contract.ts";
import { helloLength } from "../engine/client_hello.ts";
import { type KnownServer, learnServer } from "./known_servers.ts";

/** No SYN that carries data has less room: IPv4's smallest segments, less the options of a SYN. */
const ALWAYS_FITS = 536 - 40;

/** What a first flight is made from. */
export interface HelloOptions {
  readonly makeEngine: (config: ClientConfig) => ClientEngine;
  readonly config: ClientConfig;
  readonly earlyData: Uint8Array | undefined;
  readonly server: KnownServer;
}

/**
 * The ClientHello may go to several attempts at once, early data to one alone. Where a flight is not
 * repeatable, the attempts beside the first get a larger hello, by a second engine.
 */
export class Hello {
  /** Whether anything may have left this machine. */
  started = false;
  /** Bytes of the ClientHello, once it is made. */
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

  /** Makes the flight, for a SYN with room for so many bytes. */
  firstFlight(room: () => number): FirstFlight | Promise<FirstFlight> {
    this.started = true;
    const flight = this.#start();
    if (!(flight instanceof Promise)) return this.#fit(flight, room);
    return flight.then((late) => this.#fit(late, room));
  }

  /** The engine whose hello the connection carries; the other one is freed. */
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

  /** A session can be read and still be none to begin with: another library's, or of tomorrow. */
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

  /** The flight, or that of a smaller hello where this one does not fit. */
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

  /** Only engines whose flights can't be repeated have a second, and those start at once. */
  #startSecond(): Uint8Array {
    const { hello } = this.#options.config;
    this.#second = this.#options.makeEngine({ ...this.#config, hello });
    return this.#second.start() as Uint8Array;
  }
}

/** A resumption is small, and a hello that resumes must offer what the session was agreed with. */
function mayBeLean(config: ClientConfig, { smallest }: KnownServer): boolean {
  const { ridesInSyn, maxVersion, session } = config;
  return smallest === "lean" && ridesInSyn && maxVersion === "TLSv1.3" && session === undefined;
}
