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

import type { FirstFlight } from "../tcp/first_flight.ts";
import { helloLength } from "./client_hello.ts";
import type { ClientConfig, Engine } from "./engine.ts";
import { type KnownServer, learnServer } from "./known_servers.ts";

/** No SYN that carries data has less room: IPv4's smallest segments, less the options of a SYN. */
const ALWAYS_FITS = 536 - 40;

/** What a first flight is made from. */
export interface HelloOptions {
  readonly makeEngine: (config: ClientConfig) => Engine;
  readonly config: ClientConfig;
  readonly earlyData: Uint8Array | undefined;
  readonly server: KnownServer;
  /** Whether the hello may be cut to fit a SYN. */
  readonly fit: boolean;
}

/**
 * The ClientHello may go to several attempts at once, early data to one alone. Where a flight is not
 * repeatable, the attempts beside the first get the full hello of a second engine.
 */
export class Hello {
  /** Whether anything may have left this machine. */
  started = false;
  /** Bytes of the ClientHello, once it is made. */
  length = 0;
  readonly #options: HelloOptions;
  #config: ClientConfig;
  #engine: Engine;
  #second: Engine | undefined;

  /** @throws {TlsError} when the engine refuses the configuration */
  constructor(options: HelloOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#config = { ...this.#config, lean: this.#mayBeLean && options.server.needsLean === true };
    this.#engine = options.makeEngine(this.#config);
  }

  /** Makes the flight, for a SYN with room for so many bytes. */
  firstFlight(room: () => number): FirstFlight | Promise<FirstFlight> {
    this.started = true;
    const flight = this.#start();
    if (!(flight instanceof Promise)) return this.#fitted(flight, room);
    return flight.then((late) => this.#fitted(late, room));
  }

  /** The engine whose hello the connection carries; the other one is freed. */
  engineFor({ whole }: { whole: boolean }): Engine {
    const second = this.#second;
    if (!second) return this.#engine;
    const [chosen, other] = whole ? [this.#engine, second] : [second, this.#engine];
    other.free();
    return chosen;
  }

  /** Whether `engine` has sent a lean hello. */
  isLean(engine: Engine): boolean {
    return this.#config.lean === true && engine === this.#engine;
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
      this.#begin({ ...this.#config, session: undefined });
      return this.#engine.start(this.#options.earlyData);
    }
  }

  /** Goes on with another engine. */
  #begin(config: ClientConfig): void {
    this.#engine.free();
    this.#config = config;
    this.#engine = this.#options.makeEngine(config);
  }

  /** A resumption is small, and a hello that resumes must offer what the session was agreed with. */
  get #mayBeLean(): boolean {
    const { server, fit } = this.#options;
    const { maxVersion, session } = this.#config;
    const modern = server.speaksTls13 && maxVersion === "TLSv1.3";
    return fit && modern === true && !server.refusesLean && session === undefined;
  }

  /** The flight, or that of a smaller hello where it has to be. */
  #fitted(flight: Uint8Array, room: () => number): FirstFlight | Promise<FirstFlight> {
    const { hostname, port, forSyn, lean } = this.#config;
    this.length = helloLength(flight);
    const tooLarge = forSyn && this.length > ALWAYS_FITS && this.length > room();
    if (tooLarge && !lean && this.#mayBeLean) {
      learnServer(hostname, port, { needsLean: true });
      this.#begin({ ...this.#config, lean: true });
      return this.firstFlight(room);
    }
    return this.#flightOf(flight);
  }

  #flightOf(flight: Uint8Array): FirstFlight {
    const whole = [flight];
    if (this.#engine.repeatable) return { whole, repeatable: () => whole };
    let repeatable: Uint8Array[] | undefined;
    return { whole, repeatable: () => repeatable ??= [this.#startSecond()] };
  }

  /** Only engines whose flights can't be repeated have a second, and those start at once. */
  #startSecond(): Uint8Array {
    this.#second = this.#options.makeEngine({ ...this.#config, lean: false });
    return this.#second.start() as Uint8Array;
  }
}
