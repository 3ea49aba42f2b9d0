/**
 * What is asked of every library: three exchanges over connections of their own, in every way.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after } from "node:test";
import process from "node:process";
import type { TlsSocket } from "../../mod.ts";
import { type PeerName, requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";
import { accountOf } from "./flag_account.ts";
import { leftOut } from "./library.ts";
import { ourWays, Way } from "./ways.ts";

/** A library, and how it is used. */
export interface Subject<Servers> {
  /** Connects, asks for something, and closes the connection. */
  readonly exchange: (way: Way, servers: Servers) => Promise<unknown>;
  /** What comes back, whatever the way. */
  readonly answer: unknown;
  /** Why nothing rides in the first flight, where nothing does. */
  readonly nothingRides?:
    | "the server speaks first"
    | "it asks for another protocol"
    | "the request is written later";
}

/** Registers the tests of libraries that share servers: those of {@linkcode shared}. */
export function testLibraries<Servers>(
  servers: () => Promise<Servers>,
  peers: readonly PeerName[],
  subjects: Readonly<Record<string, Subject<Servers>>>,
): void {
  const skip = requirePeer(...peers);
  for (const [library, subject] of Object.entries(subjects)) {
    if (leftOut[library]?.in.includes(runtime())) continue;
    for (const name of ["own TLS", ...ourWays] as const) {
      test(`${library}: three exchanges, ${name}`, { skip }, async () => {
        const way = new Way(name);
        const running = await servers();
        const note = accountOf(library);
        for (let count = 1; count <= 3; count++) {
          const answer = await soon(`answer ${count}`, subject.exchange(way, running));
          assert.deepEqual(answer, subject.answer);
        }
        if (way.isOwn) note();
        else checkSockets(way, subject);
      });
    }
  }
}

/** Each exchange has made one connection, and what may ride in the first flight has done so. */
function checkSockets<Servers>(way: Way, { nothingRides }: Subject<Servers>): void {
  assert.equal(way.sockets.length, 3);
  const [first, , third] = way.sockets.map(factsOf);
  assert.deepEqual(first, { resumed: false, earlyData: "not-sent" });
  const rides = way.name === "early data" && !nothingRides;
  assert.deepEqual(third, { resumed: true, earlyData: rides ? "accepted" : "not-sent" });
}

/** What a socket knows of its connection. */
function factsOf(socket: TlsSocket): { resumed: boolean; earlyData: string | undefined } {
  return { resumed: socket.isSessionReused(), earlyData: socket.earlyData };
}

/** The runtime that runs the tests. */
export function runtime(): string {
  const { deno, bun } = process.versions as Record<string, string | undefined>;
  return deno ? "deno" : bun ? "bun" : "node";
}

/** What the tests of a file share: made for the first that asks, disposed of after the last. */
export function shared<T extends AsyncDisposable>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  after(async () => await (await made)?.[Symbol.asyncDispose]());
  return () => made ??= make();
}

/** Resolves at the next event of this name. */
export async function next(
  emitter: { on(event: never, listener: () => void): unknown },
  event: string,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  emitter.on(event as never, resolve);
  await promise;
}

/** Runs `use` with what can be closed, and closes it. */
export async function using<T, R>(
  thing: T,
  use: (thing: T) => Promise<R> | R,
  close: (thing: T) => unknown,
): Promise<R> {
  try {
    return await use(thing);
  } finally {
    await close(thing);
  }
}
