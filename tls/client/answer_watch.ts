/**
 * Whether the answer to early data asks for them once more (425, RFC 8470, section 5.2).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { EarlyDataRule } from "../../base/early_data_rule.ts";
import { OptionError } from "../../base/errors.ts";
import { badOption } from "../../base/option_errors.ts";
import type { TlsStream } from "../stream.ts";

/** Bytes of an answer that are looked at. */
const MOST = 64 * 1024;

/** Looks at the beginning of an answer before anybody gets it. */
export class AnswerWatch {
  readonly #asksAgain: NonNullable<EarlyDataRule["asksAgain"]>;
  #held: Uint8Array[] = [];
  #size = 0;
  /** What comes after that: the end, or an error. */
  #then: (() => null) | undefined;
  #verdict: Promise<boolean> | undefined;

  constructor(asksAgain: NonNullable<EarlyDataRule["asksAgain"]>) {
    this.#asksAgain = asksAgain;
  }

  /** Reads until it is known; then what was read is in {@linkcode AnswerWatch.next}. */
  judge(stream: TlsStream): Promise<boolean> {
    return this.#verdict ??= this.#judge(stream);
  }

  /** What was read meanwhile; `undefined` once all of that was handed out. */
  next(): Uint8Array | null | undefined {
    return this.#held.shift() ?? this.#then?.();
  }

  async #judge(stream: TlsStream): Promise<boolean> {
    for (;;) {
      let chunk: Uint8Array | null;
      try {
        chunk = await stream.next();
      } catch (error) {
        this.#then = () => {
          throw error;
        };
        return false;
      }
      if (chunk === null) {
        this.#then = () => null;
        return false;
      }
      this.#held.push(chunk);
      this.#size += chunk.length;
      const verdict = this.#ask(Buffer.concat(this.#held));
      if (verdict !== undefined || this.#size >= MOST) return verdict === true;
    }
  }

  /** Asks the rule. One that has no answer is a mistake of its author. */
  #ask(answer: Uint8Array): boolean | undefined {
    let verdict: unknown;
    try {
      verdict = this.#asksAgain(answer);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new OptionError("earlyData", `Option "earlyData": asksAgain() threw ${what}`, {
        cause,
      });
    }
    if (verdict === undefined || typeof verdict === "boolean") return verdict;
    const expectation = "a rule whose asksAgain() answers true, false or undefined";
    throw badOption("earlyData", expectation, verdict);
  }
}
