/**
 * A client's first flight, and the engines behind it.
 *
 * A ClientHello with a key share for every group that the library prefers, including
 * X25519MLKEM768, is larger than the room in a SYN. The first connection to a server sends it
 * nevertheless, and learns which group the server picks. From then on the hello carries only that
 * share. Where even this hello does not fit, it is made lean.
 *
 * Whatever is special in a first flight may be turned down. So there is an ordinary one, too.
 *
 * @module
 */

import type { Carried, FirstFlight, Refusal } from "../../tcp/dial/first_flight.ts";
import { extensionsIn, helloLength } from "../engine/client_hello.ts";
import type { ClientConfig, ClientEngine } from "../engine/contract.ts";
import { isHybrid } from "../engine/groups.ts";
import { thinkingTimeFor } from "./thinking_time.ts";
import type { Allowance } from "./allowance.ts";
import { knownServer, learnServer, type ServerFacts } from "./known_servers.ts";
import type { SpecialPart } from "./special.ts";

/** Every SYN with data has this much room: IPv4's smallest segment, minus the options of a SYN. */
const ALWAYS_FITS = 536 - 40;

/** The group whose key share is small, and which nearly every server knows. */
const SMALL_SHARE = "x25519";

const AVOIDS_SYN =
  "connections to this server failed when data were in the SYN; serverMemory says until when it is " +
  "spared them";

/** The parts from which a first flight is made. */
export interface HelloOptions {
  readonly makeEngine: (config: ClientConfig) => ClientEngine;
  readonly config: ClientConfig;
  readonly earlyData: Uint8Array | undefined;
  readonly fastOpen: boolean;
  /** What the first flight may carry; `undefined` allows nothing special. */
  readonly allowance: Allowance | undefined;
  /** Called if a special flight was ignored until the caller gave up. */
  readonly onIgnored: (refusal: Refusal) => void;
}

/**
 * The ClientHello may go to several attempts at once, but early data only to one, and a lean hello as
 * well. Then the other attempts get the hello of a second engine. Where a special flight is turned
 * down, the attempts that follow get the hello of an engine without anything special.
 */
export class Hello {
  /** Whether anything may have been sent. */
  started = false;
  /** Bytes of the ClientHello, once it is made; 0 before. */
  length = 0;
  readonly #options: HelloOptions;
  readonly #server: ServerFacts;
  #config: ClientConfig;
  #engine: ClientEngine;
  #flight: Uint8Array = new Uint8Array();
  /** The engine of attempts beside the first; `undefined` while they share the first one's. */
  #beside: ClientEngine | undefined;
  #ordinary: ClientEngine | undefined;
  /** Whether the hello needs more than one packet. */
  isLarge = false;

  /** @throws {TlsError} when the engine refuses the configuration */
  constructor(options: HelloOptions) {
    const { config } = options;
    this.#options = options;
    this.#server = knownServer(config);
    const isLean = this.#server.fitting === "lean" && this.#mayBeLean(config);
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

  /** The engine whose flight a connection has carried. Frees the others. */
  engineFor(carries: Carried): ClientEngine {
    const chosen = this.#engineOf(carries);
    for (const engine of this.#engines()) if (engine !== chosen) engine.free();
    return chosen;
  }

  /** What is special in a flight, the most unusual first. */
  specialParts(carries: Carried): SpecialPart[] {
    const engine = this.#engineOf(carries);
    const isFirst = engine === this.#engine;
    const parts: SpecialPart[] = [];
    if (engine.earlyDataTaken > 0) parts.push("early data");
    if (engine.offersSession) parts.push("session");
    if (isFirst && this.#config.hello === "lean") parts.push("lean hello");
    if (isFirst && this.isLarge) parts.push("large hello");
    return parts;
  }

  /** The ClientHello's extensions, and their bytes. */
  get extensions(): ReadonlyMap<number, number> {
    return extensionsIn(this.#flight);
  }

  /** Whether the first flight offers the session that was given. */
  get offersSession(): boolean {
    return this.#engine.offersSession;
  }

  /** The protocol that the early data were sent for; `undefined` if they were not. */
  get earlyProtocol(): string | null | undefined {
    return this.#engine.earlyDataTaken > 0 ? this.#engine.earlyProtocol : undefined;
  }

  /** Frees all engines. */
  free(): void {
    for (const engine of this.#engines()) engine.free();
  }

  #engines(): ClientEngine[] {
    return [this.#engine, this.#beside, this.#ordinary].filter((engine) => engine !== undefined);
  }

  #engineOf(carries: Carried): ClientEngine {
    const other = { complete: undefined, repeatable: this.#beside, ordinary: this.#ordinary };
    return other[carries] ?? this.#engine;
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

  /** The flight, or the flight of a smaller hello where this one does not fit. */
  #fit(flight: Uint8Array, room: () => number): FirstFlight | Promise<FirstFlight> {
    const config = this.#config;
    const { allowance, fastOpen } = this.#options;
    this.length = helloLength(flight);
    this.#flight = flight;
    this.isLarge = this.length > ALWAYS_FITS && this.length > room();
    if (this.isLarge && config.hello !== "lean") {
      if (this.#mayBeLean(config)) {
        learnServer(config, { fitting: "lean" });
        this.#replaceEngine({ ...config, hello: "lean" });
        return this.firstFlight(room);
      }
      if (hasLargeShare(config) && allowance?.allows("large hello") === false) {
        this.#replaceEngine(withSmallShare(config));
        return this.firstFlight(room);
      }
    }
    const mayRide = !fastOpen || !allowance || allowance.allows("data in the SYN") &&
        (!this.isLarge || allowance.allows("large hello"));
    return this.#flightOf(flight, mayRide);
  }

  #flightOf(flight: Uint8Array, mayRide: boolean): FirstFlight {
    const complete = [flight];
    let repeatable: Uint8Array[] | undefined;
    let ordinary: Uint8Array[] | Promise<Uint8Array[]> | undefined;
    const parts = this.#options.allowance ? this.specialParts("complete") : [];
    return {
      complete,
      repeatable: () => this.#engine.repeatable ? complete : repeatable ??= [this.#startBeside()],
      ordinary: parts.length > 0 ? () => ordinary ??= this.#startOrdinary() : undefined,
      avoidsSyn: mayRide ? undefined : AVOIDS_SYN,
      thinkingTime: thinkingTimeFor(parts, this.#server),
      onIgnored: this.#options.onIgnored,
    };
  }

  /** Starts a second engine. Engines whose flights can't be repeated start synchronously. */
  #startBeside(): Uint8Array {
    this.#beside = this.#options.makeEngine(this.#withoutLean());
    return this.#beside.start() as Uint8Array;
  }

  #startOrdinary(): Uint8Array[] | Promise<Uint8Array[]> {
    const config = ordinaryConfig(this.#withoutLean(), this.isLarge);
    this.#ordinary = this.#options.makeEngine(config);
    const flight = this.#ordinary.start();
    return flight instanceof Promise ? flight.then((late) => [late]) : [flight];
  }

  #withoutLean(): ClientConfig {
    const { hello } = this.#config;
    return { ...this.#config, hello: hello === "lean" ? this.#options.config.hello : hello };
  }

  /** A resumption is never lean: its hello is small, and must match its session. */
  #mayBeLean({ ridesInSyn, maxVersion, session }: ClientConfig): boolean {
    return this.#server.usesTls13 === true && ridesInSyn && maxVersion !== "TLSv1.2" &&
      session === undefined && this.#options.allowance?.allows("lean hello") === true;
  }
}

/** The configuration of a hello that nobody minds: a full handshake, and a small key share if need be. */
export function ordinaryConfig(config: ClientConfig, isLarge: boolean): ClientConfig {
  const full = { ...config, session: undefined };
  return isLarge && hasLargeShare(full) ? withSmallShare(full) : full;
}

function hasLargeShare({ groups, keyShare }: ClientConfig): boolean {
  return groups === undefined && (keyShare === undefined || isHybrid(keyShare));
}

/** The same groups are offered: a server that wants a hybrid asks for it by a HelloRetryRequest. */
function withSmallShare(config: ClientConfig): ClientConfig {
  return { ...config, hello: "single-share", keyShare: SMALL_SHARE };
}
