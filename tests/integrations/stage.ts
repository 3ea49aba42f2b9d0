/**
 * Where programs of pages run: on a client's host, with the servers on another, where there is an emulated
 * network; on this machine, with the servers beside them, where there is none.
 *
 * @module
 */

import assert from "node:assert/strict";
import { lastFlight } from "../adapters/last_flight.ts";
import { netlabUnavailable, startNetlab } from "../netlab/mod.ts";
import { nameAddresses } from "../peers/hosts.ts";
import { type Nginx, type NginxFacts, startNginx } from "../peers/nginx.ts";
import { freePort, type Place } from "../peers/peer.ts";
import type { PageUnderTest, RunOptions } from "./page.ts";

/** A place for clients and servers. */
export interface Stage extends AsyncDisposable {
  /** The servers' name, which their certificates have. */
  readonly host: string;
  /** Where servers are started. */
  readonly place: { readonly place?: Place };
  /** Runs the program of a page, which has to end well; returns the lines that it prints. */
  play(
    page: PageUnderTest,
    values: Readonly<Record<string, string | number>>,
    options?: RunOptions,
  ): Promise<string[]>;
  /**
   * Asserts that the last connection's SYN had at least so many bytes; and, if it is to have them all, that
   * nothing else had been sent when the answer began. Without the emulated network it asserts nothing:
   * `startStage` says so.
   */
  checkSyn(bytes: number, has?: "all"): Promise<void>;
}

/** What a hello with a request has at least; a hello alone has less than any that resumes. */
export const HELLO = 200;
export const HELLO_AND_REQUEST = 400;

/** Sets it up. */
export async function startStage(): Promise<Stage> {
  const reason = netlabUnavailable();
  if (reason !== undefined) {
    const play: Stage["play"] = (page, values, options) => play_(page, values, options);
    console.log(`What rides in a SYN is not looked at: ${reason}`);
    return {
      ...{ host: "localhost", place: {}, play },
      checkSyn: async () => {},
      [Symbol.asyncDispose]: async () => {},
    };
  }
  await using stack = new AsyncDisposableStack();
  const host = "firstflight.test";
  const lab = stack.use(await startNetlab({ rtt: 4 }));
  stack.use(nameAddresses(lab.client, { [host]: [lab.server.ipv4] }));
  const started = stack.move();
  const through = ["ip", "netns", "exec", lab.client.namespace];
  return {
    ...{ host, place: { place: lab.server } },
    async play(page, values, options = {}) {
      await lab.clearPackets();
      return await play_(page, values, { ...options, through });
    },
    async checkSyn(bytes, has) {
      const { syn, sent } = lastFlight(await lab.packets());
      assert.ok(syn.payload >= bytes, `${syn.payload} bytes in the SYN`);
      if (has === "all") assert.equal(sent, syn.payload);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function play_(...[page, values, options]: Parameters<Stage["play"]>): Promise<string[]> {
  const { code, signal, stdout, stderr } = await page.run(values, options);
  assert.equal(code, 0, `${signal ?? ""}${stdout}${stderr}`);
  assert.equal(stderr, "");
  return stdout.trim().split("\n");
}

/**
 * Checks what rides, and once or twice more where it did not: on a busy machine a SYN may be answered so late
 * that an attempt without Fast Open overtakes it.
 */
export async function checkRiding(check: () => Promise<void>): Promise<void> {
  for (let more = 2;; more--) {
    try {
      return await check();
    } catch (error) {
      if (more === 0 || !(error instanceof assert.AssertionError)) throw error;
    }
  }
}

/** A stage with nginx. */
export interface HttpStage extends Stage {
  /** `HOST` or `HOST:PORT` */
  readonly authority: string;
  readonly nginx: Nginx;
}

/**
 * Sets up a stage with nginx, which closes each connection after its answer: so a program that keeps
 * connections needs a new one for each request. `lines` are further ones of its configuration.
 */
export async function startHttpStage(lines: readonly string[] = []): Promise<HttpStage> {
  await using stack = new AsyncDisposableStack();
  const stage = stack.use(await startStage());
  const port = stage.place.place ? 443 : await freePort();
  const settings = { http2: true, lines: ["keepalive_timeout 0;", ...lines] };
  const nginx = stack.use(await startNginx({ ...stage.place, port, ...settings }));
  const authority = port === 443 ? stage.host : `${stage.host}:${port}`;
  const started = stack.move();
  return { ...stage, authority, nginx, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** The facts in what a program prints, one a line. */
export function factsIn(lines: readonly string[]): NginxFacts[] {
  return lines.map((line) => JSON.parse(line) as NginxFacts);
}
