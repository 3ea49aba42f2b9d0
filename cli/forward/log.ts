/**
 * What the forwarder says, for people or as lines of JSON, and the count of all that it did.
 *
 * @module
 */

import process from "node:process";
import type { TlsWarning } from "../../mod.ts";
import { print, toJson } from "../output.ts";
import { printWarning, type Warning, Warnings } from "../warnings.ts";
import type { Account } from "./account.ts";

/** How much is said, and how. */
export interface LogOptions {
  readonly json: boolean;
  /** Whether each connection has a line. */
  readonly verbose: boolean;
}

/** Says what happens. What can't be said, since nobody reads any more, is no reason to stop. */
export class Log {
  readonly #options: LogOptions;
  readonly #warnings: Warnings;
  readonly #total = {
    connections: 0,
    failed: 0,
    refused: 0,
    cut: 0,
    fastOpen: 0,
    resumed: 0,
    earlyData: 0,
    sent: 0,
    received: 0,
  };

  constructor(options: LogOptions) {
    this.#options = options;
    this.#warnings = new Warnings(options.json);
  }

  /** On standard output, the only thing there: whoever has started this may now connect. */
  async listening(listen: string, target: string): Promise<void> {
    const text = this.#options.json
      ? toJson({ listening: { listen, target } })
      : `Listening at ${listen} for ${target}`;
    await print(process.stdout, text);
  }

  /** A connection is over. */
  ended(account: Account): void {
    const { facts, failure } = account;
    const total = this.#total;
    total.connections++;
    if (failure) total.failed++;
    if (facts.fastOpen?.outcome === "accepted") total.fastOpen++;
    if (facts.resumed) total.resumed++;
    if (facts.earlyData === "accepted") total.earlyData++;
    total.sent += facts.sent;
    total.received += facts.received;
    const { json, verbose } = this.#options;
    if (failure) {
      const { code, message } = failure;
      const { listen, target } = facts;
      this.#say(
        json
          ? toJson({ error: { code, message, listen, target } })
          : `firstflight: ${account.route}: ${oneLine(message)} [${code}]`,
      );
    }
    if (verbose) this.#say(json ? toJson({ connection: facts }) : `firstflight: ${account.line}`);
  }

  /** A client was turned away, since there are too many. */
  refused(most: number): void {
    if (this.#total.refused++ === 0) {
      const message = `There are ${most} connections, as many as --max-connections allows: ` +
        "further ones are refused until one of them ends; the summary counts them";
      this.warn({ code: "TOO_MANY_CONNECTIONS", message });
    }
  }

  /** A connection was cut, since the time to finish is over. */
  cut(count: number): void {
    this.#total.cut += count;
  }

  /** A problem that costs no connection. */
  warn(warning: Warning): void {
    printWarning({ ...warning, message: oneLine(warning.message) }, this.#options.json)
      .catch(() => {});
  }

  /** What a connection warns of, once of each kind. */
  warnOf(warnings: readonly TlsWarning[]): void {
    this.#warnings.say(warnings).catch(() => {});
  }

  /** New routes are in force. */
  reloaded(routes: number): void {
    const text = `Reloaded: ${routes} ${routes === 1 ? "target" : "targets"}`;
    this.#say(this.#options.json ? toJson({ reloaded: { targets: routes } }) : text);
  }

  /** The last words. */
  async summary(): Promise<void> {
    const { json } = this.#options;
    const total = this.#total;
    const line =
      `Forwarded ${total.connections} connections: ${total.fastOpen} with data in the SYN, ` +
      `${total.resumed} resumed, ${total.earlyData} with early data; ${total.failed} failed, ` +
      `${total.refused} refused, ${total.cut} cut; ${total.sent} bytes sent, ` +
      `${total.received} received`;
    await print(process.stderr, json ? toJson({ summary: total }) : line).catch(() => {});
  }

  #say(line: string): void {
    print(process.stderr, line).catch(() => {});
  }
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, " ");
}
