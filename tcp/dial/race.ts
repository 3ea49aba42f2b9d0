/**
 * Many ways to one host: the first that answers wins (RFC 8305, made safe for Fast Open).
 *
 * The addresses are tried in turn. The next one starts when the last one has been silent for too
 * long or has failed. If a SYN with Fast Open stays unanswered, the same address is tried without
 * Fast Open: the kernel by itself would do so only after a second.
 *
 * @module
 */

import { type Attempt, attempt, AttemptError, type AttemptOptions } from "./attempt.ts";
import { TimeUp } from "./deadline.ts";
import type { FirstFlight } from "./first_flight.ts";
import { interleave } from "./interleave.ts";
import { judge, learn, type Suspect } from "./verdict.ts";
import { type AttemptFailure, describe } from "../errors.ts";
import type { ConnFacts } from "../facts.ts";
import { type Address, formatAddress, networkOf } from "../name/address.ts";
import { adviseWays, type Way } from "../paths/advice.ts";
import { roundTrip } from "../paths/paths.ts";
import type { Arrived } from "../wire/arrived.ts";

/** What a race is for. */
export interface RaceOptions {
  readonly flight: FirstFlight;
  readonly fastOpen: boolean;
  readonly until: AttemptOptions["until"];
  readonly signal: AbortSignal;
}

/** The connection that has won. */
export interface Link {
  readonly arrived: Arrived;
  readonly facts: ConnFacts;
  /** Whether it carries the whole first flight, or only the repeatable part. */
  readonly isComplete: boolean;
  /** `performance.now()` when the SYN was handed to the kernel. */
  readonly openedAt: number;
  /** `performance.now()` at the moment the attempt succeeded. */
  readonly provedAt: number;
}

/** A race without a winner. */
export class RaceLost extends Error {
  /** Every address that was tried, and how its attempt ended. */
  readonly attempts: readonly AttemptFailure[];

  constructor(errors: readonly AttemptError[]) {
    super("no address could be connected to", { cause: errors.at(-1)?.cause });
    this.attempts = errors.map(({ failure }) => failure);
  }
}

/** Milliseconds to wait for an answer over a path never used before (RFC 8305, section 8). */
const PATIENCE = 250;

/**
 * Over a known path an answer is overdue after two round trips. The shortest wait allows for a busy
 * machine at either end. The longest is the kernel's own: it resends a plain SYN after a second.
 */
const PATIENCE_ROUND_TRIPS = 2;
const SHORTEST_PATIENCE = 20;
const LONGEST_PATIENCE = 1000;

/** Milliseconds a host may take between acknowledging the SYN and sending its first byte. */
const THINKING_TIME = 1000;

/** A way that is being tried. */
interface Runner {
  readonly way: Way;
  readonly attempt: Attempt;
  /** Whether the attempt was given the whole first flight. */
  readonly isComplete: boolean;
  /** When the SYN had been handed to the kernel. */
  readonly openedAt: number;
  /** Whether the SYN was acknowledged, and then nothing more came. */
  fellSilent: boolean;
}

/**
 * Races for a connection to one of `addresses`. Rejects with `RaceLost` or the signal's reason;
 * nothing is left open then.
 */
export function race(addresses: readonly Address[], options: RaceOptions): Promise<Link> {
  return new Race(addresses, options).result.promise;
}

class Race {
  readonly result: PromiseWithResolvers<Link> = Promise.withResolvers();
  #options: RaceOptions;
  #flightBytes: number;
  #ways: Way[];
  #runners = new Set<Runner>();
  /** Addresses for which `#retryPlain` has queued a plain attempt, at most one for each. */
  #retried = new Set<Address>();
  #suspects: Suspect[] = [];
  /** By address, in the order of the first failure. The last failure of an address counts. */
  #failures = new Map<string, AttemptError>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(addresses: readonly Address[], options: RaceOptions) {
    const { flight, fastOpen, signal } = options;
    this.#options = options;
    this.#flightBytes = flight.complete.reduce((total, piece) => total + piece.length, 0);
    this.#ways = interleave(addresses).map((address) => ({ address, fastOpen }));
    signal.addEventListener("abort", this.#onAbort);
    if (signal.aborted) this.#onAbort();
    else this.#next();
  }

  /** Starts the next way. If there is none, the race is lost once no attempt is running. */
  #next(): void {
    const way = this.#ways.shift();
    if (way) return this.#take(way);
    if (this.#runners.size === 0) this.#lose(new RaceLost([...this.#failures.values()]));
  }

  #take(way: Way): void {
    clearTimeout(this.#timer);
    const [first, ...others] = this.#flightBytes > 0 ? adviseWays(way) : [way] as const;
    this.#ways.unshift(...others);
    let runner: Runner;
    try {
      runner = this.#start(first);
    } catch (error) {
      if (!(error instanceof AttemptError)) return this.#lose(error);
      this.#failures.set(error.failure.address, error);
      return this.#next();
    }
    this.#runners.add(runner);
    if (first.probe) {
      this.#retried.add(first.address); // The plain attempt beside it is the next way.
      return this.#next();
    }
    const { opened } = runner.attempt;
    if (this.#ways.length === 0 && !opened.usesFastOpen) return; // No other way could start.
    this.#timer = setTimeout(() => this.#doubt(runner), this.#patienceWith(runner));
  }

  #start(way: Way): Runner {
    const { flight, until } = this.#options;
    const isTaken = this.#runners.values().some(({ isComplete }) => isComplete);
    // The plain attempt beside a probe is the likely winner, so it gets the whole flight. But the
    // probe gets it if nothing is repeatable: a probe without data proves nothing.
    const isComplete = !isTaken && !(way.probe && flight.repeatable().length > 0);
    const runner: Runner = {
      way,
      isComplete,
      fellSilent: false,
      attempt: attempt(way.address, {
        flight: isComplete ? flight.complete : flight.repeatable(),
        fastOpen: way.fastOpen,
        until,
        onEnd: (end) => {
          if (end instanceof AttemptError) this.#fail(runner, end);
          else this.#win(runner, end);
        },
      }),
      openedAt: performance.now(),
    };
    return runner;
  }

  #patienceWith({ way, attempt }: Runner): number {
    const local = attempt.opened.localAddress();
    const rtt = local && roundTrip(formatAddress(way.address), networkOf(local));
    if (rtt === undefined) return PATIENCE;
    return Math.min(Math.max(PATIENCE_ROUND_TRIPS * rtt, SHORTEST_PATIENCE), LONGEST_PATIENCE);
  }

  /** Called when an answer is overdue. If the SYN was acknowledged, only the host is slow. */
  #doubt(runner: Runner): void {
    if (!runner.attempt.opened.established()) return this.#giveWay(runner);
    this.#timer = setTimeout(() => {
      runner.fellSilent = true;
      this.#giveWay(runner);
    }, THINKING_TIME);
  }

  /** Lets other attempts start beside `runner`. */
  #giveWay(runner: Runner): void {
    this.#retryPlain(runner);
    this.#next();
  }

  /**
   * Queues a plain attempt to the same address. A SYN with data was probably lost because of the
   * data, so the plain attempt comes next. If only the option was in the SYN, the address is more
   * likely dead; if the SYN was answered, the host is more likely stuck: the others come first.
   */
  #retryPlain({ way: { address }, attempt: { opened }, fellSilent }: Runner): void {
    const lostData = opened.synBytes > 0;
    const lostOption = opened.usesFastOpen && !fellSilent;
    if (this.#retried.has(address) || !(lostData || lostOption)) return;
    this.#retried.add(address);
    const plain: Way = { address, fastOpen: false };
    if (lostData && !fellSilent) this.#ways.unshift(plain);
    else this.#ways.push(plain);
  }

  #fail(runner: Runner, error: AttemptError): void {
    const { failure } = error;
    this.#runners.delete(runner);
    this.#failures.set(failure.address, error);
    if (runner.attempt.opened.synBytes > 0) {
      this.#suspect(runner, true, `the SYN with data failed: ${describe(failure)}`);
      this.#retryPlain(runner);
    }
    this.#next();
  }

  #win(winner: Runner, arrived: Arrived): void {
    const provedAt = performance.now();
    const { way, isComplete, openedAt, attempt: { opened } } = winner;
    this.#runners.delete(winner);
    for (const loser of this.#runners) {
      const answered = loser.attempt.opened.established();
      if (!answered) this.#suspect(loser, true, "no answer to the SYN");
      else if (loser.fellSilent) this.#suspect(loser, true, "the SYN was answered, then silence");
      else this.#suspect(loser, false, "the plain attempt beside it was faster");
    }
    const plainIsSilent = this.#runners.values().some((loser) =>
      loser.way.address === way.address && !loser.way.fastOpen &&
      provedAt - loser.openedAt > this.#patienceWith(loser)
    );
    const { facts, lesson } = judge({
      way,
      opened,
      flightBytes: this.#flightBytes,
      elapsed: provedAt - openedAt,
      plainIsSilent,
    }, this.#suspects);
    if (lesson) learn(lesson);
    this.#settle();
    this.result.resolve({ arrived, facts, isComplete, openedAt, provedAt });
  }

  #suspect({ way, attempt: { opened } }: Runner, lost: boolean, reason: string): void {
    if (opened.usesFastOpen) this.#suspects.push({ way, synBytes: opened.synBytes, lost, reason });
  }

  #onAbort = (): void => {
    const { reason } = this.#options.signal;
    if (reason instanceof TimeUp) {
      const failures = new Map(this.#failures.entries().map(([to, { failure }]) => [to, failure]));
      for (const { way, attempt: { opened } } of this.#runners) {
        const address = formatAddress(way.address);
        const accepted = opened.established();
        failures.set(address, { address, code: "TIMED_OUT", ...(accepted ? { accepted } : {}) });
      }
      reason.attempts = [...failures.values()];
    }
    this.#lose(reason);
  };

  #lose(reason: unknown): void {
    this.#settle();
    this.result.reject(reason);
  }

  /** Cancels all running attempts. No other attempt starts afterwards. */
  #settle(): void {
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    for (const { attempt } of this.#runners) attempt.cancel();
    this.#runners.clear();
    this.#ways = [];
  }
}
