/**
 * Which special parts of a first flight a server gets.
 *
 * A special part makes a connection quicker. It must never be the reason why one fails: if a server,
 * or something on the way to it, turns it down, later connections leave it out for a while.
 *
 * @module
 */

import { adviseAfter, type Setback, setBack } from "../../base/setback.ts";
import type { EnginePeer } from "../engine/contract.ts";
import { knownServer, learnServer } from "./known_servers.ts";
import type { RefusedBy, SparedPart, SpecialPart } from "./special.ts";

type Advice = "use" | "avoid" | "probe";

/** What one connection may use, and what it has learned of that in the end. */
export class Allowance {
  readonly #peer: EnginePeer;
  readonly #advice = new Map<SpecialPart, Advice>();

  constructor({ hostname, port }: EnginePeer) {
    this.#peer = { hostname, port };
  }

  /** Whether the connection may use `part`. Ask only if it would: one at a time may probe. */
  allows(part: SpecialPart): boolean {
    // A probe of both would not tell which of the two is turned down.
    if (part === "early data" && this.#advice.get("session") === "probe") return false;
    return this.#adviceOn(part) !== "avoid";
  }

  /** Notes that a first flight with `parts` was turned down, and one without them was not. */
  noteRefused(parts: readonly SpecialPart[], by: RefusedBy): void {
    const probed = parts.filter((part) => this.#advice.get(part) === "probe");
    const spared = new Map(knownServer(this.#peer).spared);
    for (const part of probed.length > 0 ? probed : parts) {
      spared.set(part, { ...setBack(spared.get(part), probed.length > 0), part, by });
    }
    learnServer(this.#peer, { spared });
  }

  /**
   * Notes that a first flight with `parts` was not answered until the caller gave up. That may have been
   * chance, so it does not count as a failed probe.
   */
  noteIgnored(parts: readonly SpecialPart[]): void {
    const isProbe = parts.some((part) => this.#advice.get(part) === "probe");
    if (!isProbe) this.noteRefused(parts, "silence");
  }

  /** Notes that a first flight with `parts` led to a complete handshake. */
  noteTaken(parts: readonly SpecialPart[]): void {
    for (const part of parts) {
      // What was avoided, but could not be avoided everywhere, has proved nothing.
      if (this.#advice.get(part) !== "avoid") this.#keep(part, undefined);
    }
  }

  #adviceOn(part: SpecialPart): Advice {
    const known = this.#advice.get(part);
    if (known) return known;
    const { advice, after } = adviseAfter(knownServer(this.#peer).spared?.get(part));
    this.#advice.set(part, advice);
    this.#keep(part, after);
    return advice;
  }

  #keep(part: SpecialPart, setback: Setback | undefined): void {
    const before = knownServer(this.#peer).spared;
    const known = before?.get(part);
    if (!before || !known) return;
    const spared = new Map<SpecialPart, SparedPart>(before);
    if (setback) spared.set(part, { ...known, ...setback });
    else spared.delete(part);
    learnServer(this.#peer, { spared });
  }
}
