/**
 * What is known of one client's connection, for whoever watches.
 *
 * @module
 */

import { type StreamSocket, TlsSocket } from "../../mod.ts";
import type { Failure } from "../failure.ts";
import { describeFastOpen } from "../outcome.ts";
import { formatTarget, type Target } from "../target.ts";
import { formatMs } from "../text.ts";

/** The account of one connection. */
export class Account {
  readonly listen: string;
  target: Target | undefined;
  /** Bytes to the target, and from it. */
  sent = 0;
  received = 0;
  /** Why it has not ended well. */
  failure: Failure | undefined;
  readonly #startedAt = performance.now();
  #milliseconds: number | undefined;
  #far: StreamSocket | undefined;

  constructor(listen: string, target: Target | undefined) {
    this.listen = listen;
    this.target = target;
  }

  /** The connection to the target was begun. */
  begun(far: StreamSocket): void {
    this.#far = far;
  }

  /** It has failed. The first reason counts. */
  failed(failure: Failure): void {
    this.failure ??= failure;
  }

  /** It is over. */
  ended(): void {
    this.#milliseconds = performance.now() - this.#startedAt;
  }

  /** Where from and where to, in a few words. */
  get route(): string {
    return this.target ? `${this.listen} to ${formatTarget(this.target)}` : this.listen;
  }

  /** The facts, as `--json` prints them. */
  get facts() {
    const far = this.#far;
    const tls = far instanceof TlsSocket ? far : undefined;
    return {
      listen: this.listen,
      target: this.target ? formatTarget(this.target) : null,
      address: far?.remoteAddress ?? null,
      fastOpen: far?.fastOpen ?? null,
      resumed: tls ? tls.isSessionReused() : null,
      earlyData: tls?.earlyData ?? null,
      sent: this.sent,
      received: this.received,
      milliseconds: this.#milliseconds ?? null,
      failure: this.failure ?? null,
    };
  }

  /** The facts in one line for people. */
  get line(): string {
    const { address, fastOpen, resumed, earlyData, milliseconds } = this.facts;
    const parts = [
      address === null ? "no connection" : `at ${address}`,
      ...(fastOpen ? [`fast open ${describeFastOpen(fastOpen)}`] : []),
      ...(resumed === null ? [] : [resumed ? "session resumed" : "new session"]),
      ...(earlyData === null ? [] : [`early data ${earlyData.replace("-", " ")}`]),
      `${this.sent} bytes sent`,
      `${this.received} bytes received`,
      formatMs(milliseconds ?? 0),
    ];
    return `${this.route}: ${parts.join("; ")}`;
  }
}
