/**
 * Many ways to one host: the first that answers wins (RFC 8305, made safe for Fast Open).
 *
 * The addresses are tried in turn. The next one starts when the last one has been silent for too
 * long or has failed. If a SYN with Fast Open stays unanswered, the same address is tried without
 * Fast Open: the kernel by itself would do so only after a second. If a peer accepts a connection
 * and then turns an unusual flight down, the ordinary flight follows.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers";
import { afterReading } from "../../base/turns.ts";
import { attempt, AttemptError, type AttemptOptions } from "./attempt.ts";
import { TimeUp } from "./deadline.ts";
import type { Carried, FirstFlight, Refusal } from "./first_flight.ts";
import { interleave } from "./interleave.ts";
import type { Kept } from "../wire/keep.ts";
import { patienceForResent, patienceWith } from "./patience.ts";
import { endOf, refusalIn, refusalOf, type Runner } from "./runner.ts";
import { ignoredAmong, isUnusual, thinkingTimeOf } from "./unusual.ts";
import { judge, learn, type Suspect } from "./verdict.ts";
import { type AttemptFailure, describe } from "../errors.ts";
import type { ConnFacts } from "../facts.ts";
import { type Address, formatAddress } from "../name/address.ts";
import { adviseWays, plainWay, type Way } from "../paths/advice.ts";
import type { Arrived } from "../wire/arrived.ts";

/** What a race is for. */
export interface RaceOptions extends Kept {
  /** The local address to connect from; `undefined` leaves it to the kernel. */
  readonly from: Address | undefined;
  readonly flight: FirstFlight;
  readonly fastOpen: boolean;
  readonly until: AttemptOptions["until"];
  readonly signal: AbortSignal;
}

/** The connection that has won. */
export interface Link {
  readonly arrived: Arrived;
  readonly facts: ConnFacts;
  readonly carries: Carried;
  /** How another attempt to the same host was turned down before this one won. */
  readonly refusal: Refusal | undefined;
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
  /** Whether an attempt waits for its flight. */
  #isPreparing = false;
  /** Addresses for which a plain attempt was queued because the SYN, or the flight, was lost. */
  #retried = new Set<Address>();
  /** Addresses for which an attempt was queued because the flight was turned down. */
  #rescued = new Set<Address>();
  #refusals: Runner[] = [];
  #suspects: Suspect[] = [];
  /** By address, in the order of the first failure. The last failure of an address counts. */
  #failures = new Map<string, AttemptError>();
  /** The attempt whose answer is waited for; `undefined` while none can be overdue. */
  #watched: Runner | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Takes the timer out of what keeps the process alive. */
  #letGo: (() => void) | undefined;
  #isOver = false;

  constructor(addresses: readonly Address[], options: RaceOptions) {
    const { flight, signal } = options;
    const fastOpen = options.fastOpen && flight.avoidsSyn === undefined;
    const avoids = options.fastOpen ? flight.avoidsSyn : undefined;
    this.#options = options;
    this.#flightBytes = flight.complete.reduce((total, piece) => total + piece.length, 0);
    this.#ways = interleave(addresses).map((address) => ({
      address,
      fastOpen,
      ...(avoids === undefined ? {} : { avoids }),
    }));
    signal.addEventListener("abort", this.#onAbort);
    if (signal.aborted) this.#onAbort();
    else this.#next();
  }

  /** Starts the next way. If there is none, the race is lost once no attempt is running. */
  #next(): void {
    if (this.#isPreparing || this.#isOver) return;
    const way = this.#ways.shift();
    if (way) return this.#take(way);
    if (this.#runners.size === 0) this.#lose(new RaceLost([...this.#failures.values()]));
    else if (!this.#watched) this.#watchLast();
  }

  #take(way: Way): void {
    this.#stopWatching();
    const [first, ...others] = this.#flightBytes > 0
      ? adviseWays(way, this.#options.from)
      : [way] as const;
    this.#ways.unshift(...others);
    let carries: Carried;
    let pieces: readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
    try {
      carries = this.#chooseFlight(first);
      pieces = this.#piecesOf(carries);
    } catch (error) {
      return this.#leaveOut(error);
    }
    if (!(pieces instanceof Promise)) return this.#start(first, carries, pieces);
    this.#isPreparing = true;
    pieces.then((ready) => {
      this.#isPreparing = false;
      if (!this.#isOver) this.#start(first, carries, ready);
    }, (error) => {
      this.#isPreparing = false;
      if (!this.#isOver) this.#leaveOut(error);
    });
  }

  /** There is no flight for another attempt. Those that are under way may still succeed. */
  #leaveOut(error: unknown): void {
    if (this.#runners.size === 0) this.#lose(error);
    else this.#watchLast();
  }

  #start(way: Way, carries: Carried, flight: readonly Uint8Array[]): void {
    let runner: Runner;
    try {
      runner = this.#launch(way, carries, flight);
    } catch (error) {
      if (!(error instanceof AttemptError)) return this.#lose(error);
      this.#failures.set(error.failure.address, error);
      return this.#next();
    }
    this.#runners.add(runner);
    if (way.probe) {
      this.#retried.add(way.address); // The plain attempt beside it is the next way.
      return this.#next();
    }
    const mayFollow = this.#ways.length > 0 || this.#mayBeReplaced(runner);
    if (mayFollow) this.#watch(runner, patienceWith(runner), () => this.#doubt(runner));
    else this.#watchLast();
  }

  /** Acts unless something has come from the attempt by then, or another one has started. */
  #watch(runner: Runner, milliseconds: number, act: () => void): void {
    this.#stopWatching();
    this.#watched = runner;
    const timer = this.#timer = setTimeout(() => {
      afterReading(() => {
        if (this.#timer !== timer) return;
        this.#stopWatching();
        act();
      });
    }, milliseconds);
    this.#letGo = this.#options.keep?.add(timer);
  }

  /** Goes on watching an earlier attempt. Its SYN may have been acknowledged late. */
  #watchLast(): void {
    const runner = [...this.#runners].findLast((runner) => this.#mayBeReplaced(runner));
    if (runner) this.#watch(runner, patienceWith(runner), () => this.#doubt(runner));
  }

  #stopWatching(): void {
    clearTimeout(this.#timer);
    this.#letGo?.();
    this.#timer = this.#watched = undefined;
  }

  #launch(way: Way, carries: Carried, flight: readonly Uint8Array[]): Runner {
    const runner: Runner = {
      way,
      carries,
      refusedBy: undefined,
      attempt: attempt(way.address, {
        from: this.#options.from,
        flight,
        fastOpen: way.fastOpen,
        until: this.#options.until,
        keep: this.#options.keep,
        onEnd: (end) => {
          if (end instanceof AttemptError) this.#fail(runner, end);
          else this.#win(runner, end);
        },
      }),
      openedAt: performance.now(),
    };
    return runner;
  }

  #chooseFlight({ probe }: Way): Carried {
    const { flight } = this.#options;
    if (this.#refusals.length > 0 && flight.ordinary) return "ordinary";
    const isTaken = this.#runners.values().some(({ carries }) => carries === "complete");
    // The plain attempt beside a probe is the likely winner, so it gets the whole flight. But the
    // probe gets it if nothing is repeatable: a probe without data proves nothing.
    return isTaken || (probe && flight.repeatable().length > 0) ? "repeatable" : "complete";
  }

  #piecesOf(carries: Carried): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
    const { flight } = this.#options;
    if (carries === "complete") return flight.complete;
    return carries === "ordinary" && flight.ordinary ? flight.ordinary() : flight.repeatable();
  }

  /** Whether another attempt to the same address may do better. */
  #mayBeReplaced(runner: Runner): boolean {
    const { way: { address, probe }, refusedBy, attempt: { opened } } = runner;
    if (refusedBy || probe) return false;
    const isReplaced = this.#runners.values().some((other) =>
      other !== runner && other.way.address === address && !isUnusual(other, this.#options.flight)
    );
    if (isReplaced) return false;
    return isUnusual(runner, this.#options.flight) ||
      (opened.usesFastOpen && !this.#retried.has(address));
  }

  /** Called when an answer is overdue. If the SYN was acknowledged, the host may only be slow. */
  #doubt(runner: Runner): void {
    const { opened } = runner.attempt;
    if (!opened.established()) return this.#giveWay(runner);
    const patience = patienceWith(runner);
    const { beforeOthers, beforeOrdinary } = thinkingTimeOf(this.#options.flight);
    const silence = Math.max(patience, this.#ways.length > 0 ? beforeOthers : beforeOrdinary);
    if (isUnusual(runner, this.#options.flight) && opened.delivered() === false) {
      // A host that does not get the flight is not thinking. But the kernel sends it again.
      this.#watch(runner, patienceForResent(runner), () => {
        if (opened.delivered() === false) return this.#missFlight(runner);
        this.#watch(runner, silence, () => this.#missAnswer(runner));
      });
    } else this.#watch(runner, silence, () => this.#missAnswer(runner));
  }

  /** The SYN was not acknowledged. */
  #giveWay(runner: Runner): void {
    this.#retryPlain(runner);
    this.#next();
  }

  /** The host has acknowledged the SYN, but not the flight. A smaller one may get through. */
  #missFlight(runner: Runner): void {
    const { way: { address }, carries } = runner;
    runner.refusedBy = "silence";
    const isSmaller = carries === "complete" && this.#hasSmaller();
    if (isSmaller && !this.#retried.has(address)) {
      this.#retried.add(address);
      this.#ways.unshift(plainWay(runner.way));
    } else this.#turnDown(runner, "silence");
    this.#next();
  }

  #hasSmaller(): boolean {
    const { complete, repeatable } = this.#options.flight;
    try {
      return repeatable() !== complete;
    } catch {
      return false; // The attempt under way may still succeed.
    }
  }

  /** The host has acknowledged the flight, and then sent nothing: it is stuck, or ignores it. */
  #missAnswer(runner: Runner): void {
    this.#turnDown(runner, "silence");
    this.#next();
  }

  /**
   * Queues a plain attempt to the same address. A SYN with data was probably lost because of the
   * data, so the plain attempt comes next. If only the option was in the SYN, the address is more
   * likely dead: the others come first.
   */
  #retryPlain({ way, attempt: { opened } }: Runner): void {
    if (this.#retried.has(way.address) || !opened.usesFastOpen) return;
    this.#retried.add(way.address);
    if (opened.synBytes > 0) this.#ways.unshift(plainWay(way));
    else this.#ways.push(plainWay(way));
  }

  /**
   * Queues an ordinary attempt to an address whose host has turned an unusual one down. A host that
   * says nothing is more likely stuck: the others come first.
   */
  #turnDown(runner: Runner, by: Refusal["by"]): void {
    const { address } = runner.way;
    runner.refusedBy = by;
    if (!isUnusual(runner, this.#options.flight)) return;
    this.#refusals.push(runner);
    if (this.#rescued.has(address)) return;
    this.#rescued.add(address);
    if (by === "silence") this.#ways.push(plainWay(runner.way));
    else this.#ways.unshift(plainWay(runner.way));
  }

  #fail(runner: Runner, error: AttemptError): void {
    const { failure } = error;
    this.#runners.delete(runner);
    if (this.#watched === runner) this.#stopWatching();
    this.#failures.set(failure.address, error);
    const ended = endOf(failure);
    const { synBytes } = runner.attempt.opened;
    if (ended && isUnusual(runner, this.#options.flight)) {
      this.#turnDown(runner, ended);
      this.#suspect(runner, false, refusalIn(ended));
    } else if (synBytes > 0) {
      this.#suspect(runner, true, `the SYN with data failed: ${describe(failure)}`);
      this.#retryPlain(runner);
    }
    this.#next();
  }

  #win(winner: Runner, arrived: Arrived): void {
    const provedAt = performance.now();
    const { way, carries, openedAt, attempt: { opened } } = winner;
    this.#runners.delete(winner);
    for (const loser of this.#runners) {
      const { refusedBy, attempt } = loser;
      if (refusedBy) this.#suspect(loser, false, refusalIn(refusedBy));
      else if (attempt.opened.established()) {
        this.#suspect(loser, false, "the plain attempt beside it was faster");
      } else this.#suspect(loser, true, "no answer to the SYN");
    }
    const plainIsSilent = this.#runners.values().some((loser) =>
      loser.way.address === way.address && !loser.way.fastOpen &&
      provedAt - loser.openedAt > patienceWith(loser)
    );
    const { facts, lesson } = judge({
      way,
      opened,
      flightBytes: this.#flightBytes,
      elapsed: provedAt - openedAt,
      plainIsSilent,
    }, this.#suspects);
    if (lesson) learn(lesson);
    const refusal = this.#refusalBefore(winner);
    this.#settle();
    this.result.resolve({ arrived, facts, carries, refusal, openedAt, provedAt });
  }

  /** What was turned down first, and is not what has won. */
  #refusalBefore(winner: Runner): Refusal | undefined {
    const lost = [...this.#refusals, ...this.#runners].find((runner) =>
      runner !== winner && runner.refusedBy
    );
    if (!lost?.refusedBy) return undefined;
    return refusalOf(lost, lost.refusedBy);
  }

  #suspect({ way, attempt: { opened } }: Runner, lost: boolean, reason: string): void {
    if (opened.usesFastOpen) this.#suspects.push({ way, synBytes: opened.synBytes, lost, reason });
  }

  #onAbort = (): void => {
    const { flight, signal: { reason } } = this.#options;
    const ignored = ignoredAmong(this.#runners, flight);
    if (ignored) flight.onIgnored?.(ignored);
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
    this.#isOver = true;
    this.#stopWatching();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    for (const { attempt } of this.#runners) attempt.cancel();
    this.#runners.clear();
    this.#ways = [];
  }
}
