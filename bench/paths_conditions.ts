/**
 * What may be wrong with a path, or with the host at its end.
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

/**
 * `net.ipv4.tcp_fastopen`: the client, the server, and every listener, even one that doesn't ask.
 */
export const FAST_OPEN = 0x403;

/** No host has these addresses. */
const DEAD = "10.77.3.3";
const DEAD_IPV6 = "2001:db8:77::dead";

/** The address of a server that accepts and stays silent. */
export const SILENT = "10.77.4.4";

/** Milliseconds for which the queue of a busy server stays full. */
const BUSY = 300;

/** What a condition can change. */
export interface Stage {
  readonly lab: Netlab;
  readonly nginx: Nginx;
  readonly filler: QueueFiller;
}

/**
 * The target that firstflight must meet.
 *
 * - `plain`: hardly slower than without Fast Open, from the first contact on
 * - `recovery`: the first contact is slower by the time it takes to notice, later ones are not
 * - `next address`: at most RFC 8305's delay slower than a plain connection to the live address
 * - `success`: it succeeds where connections without Fast Open succeed
 */
export type Bar = "plain" | "recovery" | "next address" | "success";

/** One condition of a path, or of the host at its end. */
export interface Condition {
  /** The name that the user gives. */
  readonly name: string;
  /** The name in the table. */
  readonly title: string;
  /** Middleboxes on the path. Those that act at random do the same for the same seed. */
  readonly middleboxes?: (seed: number) => readonly Middlebox[];
  /** Addresses of the host name to connect to. Default: no name, the client connects to `live`. */
  readonly addresses?: (live: string) => readonly string[];
  /** Changes the hosts, once the client has learned the good path. */
  readonly begin?: (stage: Stage) => Promise<AsyncDisposable>;
  /** Prepares one connection. */
  readonly prepare?: (stage: Stage) => Promise<AsyncDisposable>;
  readonly bar: Bar;
  /** Whether chance decides what happens to a connection. */
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

/**
 * A seed fixes which packets are lost, by their order. So packets of the connection before must be
 * gone.
 */
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

/** Makes the server too busy to accept, for a short time. */
async function fillQueue({ nginx, filler }: Stage): Promise<AsyncDisposable> {
  nginx.pause();
  await filler.fill();
  const release = sleep(BUSY).then(() => {
    nginx.resume();
    return filler.empty();
  });
  return undo(() => release);
}

/** The conditions in the order of the table. */
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
