/**
 * What may be wrong with a path, or with what is at its end.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Middlebox, Netlab, QueueFiller } from "../tests/netlab/mod.ts";
import { RTT } from "./harness/network.ts";
import type { Nginx } from "./harness/nginx.ts";

/** Milliseconds for one connection. */
export const TIMEOUT = 5000;

/** Connections after the first contact. */
export const LATER = 2;

/** `net.ipv4.tcp_fastopen`: client, server, and every listener without asking for it. */
export const FAST_OPEN = 0x403;

/** Nobody has these. */
const DEAD = "10.77.3.3";
const DEAD_IPV6 = "2001:db8:77::dead";

/** Where a server accepts and stays silent. */
export const SILENT = "10.77.4.4";

/** Milliseconds after the call until a server whose queue is full goes on. */
const BUSY = 300;

/** What conditions are made with. */
export interface Stage {
  readonly lab: Netlab;
  readonly nginx: Nginx;
  readonly filler: QueueFiller;
}

/**
 * How good firstflight must be.
 *
 * - `plain`: hardly slower than without Fast Open, from the first contact on
 * - `recovery`: slower by what it takes to notice, once
 * - `next address`: no slower than a plain connection to the live address, after RFC 8305's delay
 * - `success`: it succeeds where connections without Fast Open do
 */
export type Bar = "plain" | "recovery" | "next address" | "success";

/** One thing that is wrong. */
export interface Condition {
  /** As the user names it. */
  readonly name: string;
  /** As the table names it. */
  readonly title: string;
  /** What packets meet; by chance, where it is chance, but the same for the same seed. */
  readonly middleboxes?: (seed: number) => readonly Middlebox[];
  /** The addresses of the name that is connected to; by default there is no name, but `live`. */
  readonly addresses?: (live: string) => readonly string[];
  /** Changes the hosts, once the client knows the path as it was. */
  readonly begin?: (stage: Stage) => Promise<AsyncDisposable>;
  /** Prepares one connection. */
  readonly prepare?: (stage: Stage) => Promise<AsyncDisposable>;
  readonly bar: Bar;
  /** Whether it is up to chance what happens to a connection. */
  readonly chance?: true;
  /** Connections after the first contact. Default {@linkcode LATER}; fewer where each takes long. */
  readonly later?: number;
  /** Measured in the first round only, since it takes very long. */
  readonly once?: true;
  /** Milliseconds for one connection. Default {@linkcode TIMEOUT}. */
  readonly timeout?: number;
}

const undo = (how: () => Promise<void>): AsyncDisposable => ({ [Symbol.asyncDispose]: how });
const nothingToUndo = undo(() => Promise.resolve());

const always = (...boxes: readonly Middlebox[]) => ({ middleboxes: () => boxes });

/** The same packets are lost of each connection, so those of the one before must be gone. */
const losing = (share: number) => ({
  middleboxes: (seed: number): Middlebox[] => [{ kind: "loss", share, seed }],
  prepare: async () => {
    await sleep(2 * RTT);
    return nothingToUndo;
  },
  bar: "plain" as const,
  chance: true as const,
});

function randomKey(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return [...words].map((word) => word.toString(16).padStart(8, "0")).join("-");
}

/** A server that is too busy to accept, but not for long. */
async function fillQueue({ nginx, filler }: Stage): Promise<AsyncDisposable> {
  nginx.pause();
  await filler.fill();
  const release = sleep(BUSY).then(() => {
    nginx.resume();
    return filler.empty();
  });
  return undo(() => release);
}

/** In the table's order. */
export const conditions: readonly Condition[] = [
  { name: "clean", title: "clean path", bar: "plain" },
  {
    name: "drop-syn-data",
    title: "SYN with data dropped",
    ...always({ kind: "drop-syn-data" }),
    bar: "recovery",
  },
  {
    name: "drop-option",
    title: "SYN with the option dropped",
    ...always({ kind: "drop-option" }),
    bar: "recovery",
  },
  {
    name: "reset-syn-data",
    title: "SYN with data reset",
    ...always({ kind: "reset-syn-data" }),
    bar: "recovery",
  },
  {
    name: "strip-syn-data",
    title: "SYN's data stripped",
    ...always({ kind: "strip-syn-data" }),
    bar: "plain",
  },
  {
    name: "strip-option",
    title: "SYN's option stripped",
    ...always({ kind: "strip-option" }),
    bar: "plain",
  },
  {
    name: "strip-synack-option",
    title: "SYN-ACK's option stripped",
    ...always({ kind: "strip-synack-option" }),
    bar: "plain",
  },
  {
    name: "rotated-key",
    title: "server's cookie key rotated",
    begin: async ({ lab }) => {
      await lab.server.setSysctl("ipv4/tcp_fastopen_key", randomKey());
      return nothingToUndo;
    },
    bar: "plain",
  },
  {
    name: "server-off",
    title: "server's Fast Open off",
    begin: async ({ lab }) => {
      await lab.server.setSysctl("ipv4/tcp_fastopen", 1);
      return undo(() => lab.server.setSysctl("ipv4/tcp_fastopen", FAST_OPEN));
    },
    bar: "plain",
  },
  {
    name: "full-queue",
    title: `listen queue full for ${BUSY} ms`,
    prepare: fillQueue,
    bar: "plain",
    later: 1,
  },
  {
    name: "mss",
    title: "MSS clamped to 536",
    ...always({ kind: "clamp-mss", mss: 536 }),
    bar: "plain",
  },
  {
    name: "mtu",
    title: "path MTU 1280",
    ...always({ kind: "mtu", mtu: 1280 }),
    prepare: async ({ lab }) => {
      await lab.server.forgetMtus();
      return undo(() => lab.server.forgetMtus());
    },
    bar: "plain",
  },
  { name: "loss-1", title: "loss 1 %", ...losing(0.01) },
  { name: "loss-5", title: "loss 5 %", ...losing(0.05) },
  {
    name: "dead-first",
    title: "dead first address",
    addresses: (live) => [DEAD, live],
    bar: "next address",
    later: 1,
  },
  {
    name: "dead-ipv6",
    title: "dead IPv6 beside live IPv4",
    addresses: (live) => [DEAD_IPV6, live],
    bar: "next address",
    later: 1,
  },
  {
    name: "silent-first",
    title: "silent first address",
    addresses: (live) => [SILENT, live],
    bar: "plain",
    later: 1,
    once: true,
  },
  {
    name: "silent",
    title: "silent host",
    addresses: () => [SILENT],
    bar: "success",
    later: 0,
    timeout: 1500,
    once: true,
  },
];
