/**
 * When a client's Finished may leave after its early data were accepted.
 *
 * A server may answer early data before it has the client's Finished, and close. nginx does so for a
 * request with `Connection: close`. EndOfEarlyData and Finished then reach a closed socket, its RST
 * drops what the server had not sent yet, and the answer is cut. So they wait while an answer is
 * arriving:
 *
 * - for a moment, to see whether an answer comes early at all; longer where this server has done so
 * - while a record is incomplete, since more of the answer is under way
 * - then until nothing has come for one and a half round trips
 * - a second at most: an answer that takes longer is not over when the Finished arrives
 *
 * What the caller writes takes them along at once, and so does `close()`. HTTP/2 is left alone: its
 * servers send SETTINGS at once, then wait for the Finished, and don't close after an answer.
 *
 * @module
 */

import { afterReading } from "../../base/turns.ts";
import { ConnectError } from "../../tcp/errors.ts";
import type { ClientEngine, EnginePeer } from "../engine/contract.ts";
import { RecordFrames } from "../engine/record_frames.ts";
import { knownServer, learnServer } from "./known_servers.ts";

/** How long something is waited for: so many round trips, or so many milliseconds if those are more. */
interface Wait {
  readonly roundTrips: number;
  readonly atLeast: number;
}

/** For the first byte of an answer, which a server that waits for the Finished never sends. */
const FIRST_BYTE: Wait = { roundTrips: 0.11, atLeast: 2.5 };

/**
 * For the next byte of an answer. One that was lost is sent again after one round trip and a quarter (RFC
 * 8985, section 6.2).
 */
const NEXT_BYTE: Wait = { roundTrips: 1.5, atLeast: 10 };

/** For all of it. An answer that takes longer is being sent still when the Finished arrives. */
const LONGEST: Wait = { roundTrips: 4, atLeast: 1_000 };

/** What came sooner after the Finished than so many round trips was sent before the Finished arrived. */
const TOO_SOON = 0.9;

/**
 * Milliseconds that a server may take, after the Finished was sent, to close the connection because it
 * turns the early data down after all.
 */
const TURNING_DOWN = 10;

/** How much longer than last time a server may take for its first byte. */
const PATIENCE = 3;

/** One connection's Finished. */
export class FinishedHold {
  /** Sends what is held. */
  send: () => void = () => {};
  /** Called when the connection has failed without a byte of an answer to the early data. */
  onUnanswered: (error: unknown) => void = () => {};
  readonly #engine: ClientEngine;
  readonly #peer: EnginePeer;
  readonly #roundTrip: () => number;
  readonly #isWhole: boolean;
  readonly #frames = new RecordFrames();
  readonly #over = Promise.withResolvers<void>();
  readonly #decided = Promise.withResolvers<void>();
  #state: "waiting for the handshake" | "holding" | "over" = "waiting for the handshake";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #limit: ReturnType<typeof setTimeout> | undefined;
  #decision: ReturnType<typeof setTimeout> | undefined;
  /** `performance.now()` when the Finished was ready, and when it was sent. */
  #readyAt = NaN;
  #sentAt = NaN;
  #hasAnswer = false;

  /**
   * @param roundTrip in milliseconds; asked for once the peer has answered
   * @param isWhole whether the early data are all that the caller had to say: more of them would come too late
   */
  constructor(engine: ClientEngine, peer: EnginePeer, roundTrip: () => number, isWhole: boolean) {
    this.#engine = engine;
    this.#peer = peer;
    this.#roundTrip = roundTrip;
    this.#isWhole = isWhole;
  }

  /** Resolves when nothing is held any more. */
  get over(): Promise<void> {
    return this.#state === "holding" ? this.#over.promise : Promise.resolve();
  }

  /**
   * Resolves when an answer has begun, or none is waited for any more. If the connection has failed
   * by then, the server has turned the early data down although it had accepted them.
   */
  get decided(): Promise<void> {
    return this.#decided.promise;
  }

  /** Hears ciphertext, before the engine gets it. */
  hear(ciphertext: Uint8Array): void {
    if (this.#state !== "over") this.#frames.feed(ciphertext);
  }

  /** Whether the engine's output has to wait. To be asked each time something has arrived. */
  holdBack(): boolean {
    if (this.#state === "over") return false;
    if (!this.#engine.secured) return false;
    if (this.#engine.earlyData !== "accepted") {
      this.end();
      return false;
    }
    if (this.#engine.info().alpnProtocol === "h2") {
      this.#letGo();
      this.#decision = setTimeout(() => this.#decide(), this.#milliseconds(FIRST_BYTE));
      return false;
    }
    if (this.#state !== "holding") {
      this.#state = "holding";
      this.#readyAt = performance.now();
      this.#limit = setTimeout(() => this.send(), this.#milliseconds(LONGEST));
    }
    this.#wait();
    return true;
  }

  /** Plaintext has arrived. */
  noteAnswer(): void {
    if (this.#hasAnswer) return;
    this.#hasAnswer = true;
    this.#decide();
    const now = performance.now();
    // Of an answer in the first flight, nothing is known but that it is early.
    if (this.#state !== "over") {
      return this.#learn(Number.isNaN(this.#readyAt) ? 0 : now - this.#readyAt);
    }
    if (Number.isNaN(this.#sentAt)) return;
    const isEarly = now - this.#sentAt < TOO_SOON * this.#roundTrip();
    this.#learn(isEarly ? now - this.#readyAt : undefined);
  }

  /** The connection has failed. */
  noteFailure(error: unknown): void {
    this.#decide();
    if (this.#hasAnswer) return;
    const isReset = error instanceof ConnectError && error.code === "CONNECTION_RESET";
    const isLate = this.#state === "over" && !Number.isNaN(this.#sentAt);
    const { resets = 0 } = knownServer(this.#peer);
    // A reset for the Finished: the peer had answered, perhaps, and had closed. But the next Finished
    // waits for such an answer, so it is something else if that is reset as well.
    if (isReset && isLate) this.#learn(this.#roundTrip(), resets + 1);
    if (!isReset || !isLate || resets > 0) this.onUnanswered(error);
  }

  /** The Finished leaves now, or there is nobody left to send it to. */
  end(): void {
    if (this.#state === "over") return;
    const maybeTurnedDown = this.#state === "holding" && this.#isWhole;
    this.#letGo();
    if (!maybeTurnedDown) return this.#decide();
    this.#decision = setTimeout(() => this.#decide(), TURNING_DOWN);
  }

  #letGo(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#limit);
    if (this.#state === "holding") this.#sentAt = performance.now();
    this.#state = "over";
    this.#over.resolve();
  }

  #decide(): void {
    clearTimeout(this.#decision);
    this.#decided.resolve();
  }

  #learn(answersAfter: number | undefined, resets = 0): void {
    learnServer(this.#peer, { answersAfter, resets });
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#frames.isPartial) return; // More is under way for certain.
    const send = () => afterReading(() => this.#sendUnlessOver(timer));
    const timer = this.#timer = setTimeout(send, this.#patience());
  }

  #sendUnlessOver(timer: ReturnType<typeof setTimeout>): void {
    if (this.#state === "holding" && this.#timer === timer) this.send();
  }

  #patience(): number {
    const next = this.#milliseconds(NEXT_BYTE);
    if (this.#hasAnswer) return next;
    const { answersAfter } = knownServer(this.#peer);
    return answersAfter === undefined || !this.#isWhole
      ? this.#milliseconds(FIRST_BYTE)
      : PATIENCE * answersAfter + next;
  }

  #milliseconds({ roundTrips, atLeast }: Wait): number {
    return Math.max(roundTrips * this.#roundTrip(), atLeast);
  }
}
