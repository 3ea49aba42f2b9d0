/** What happens to a socket between its first write and the answer, where that write may be early. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type EarlyDataRule,
  MemorySessionStore,
  safe,
  type SessionStore,
  type StoredSession,
  type TlsSocket,
  tlsSocket,
  type TlsSocketOptions,
} from "../../../mod.ts";
import {
  type CountedConn,
  type CountedServer,
  startCounted,
} from "../../fixtures/counted_server.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { certificates } from "../../peers/certificates.ts";
import { soon } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

const needs = "earlyData";

/** Whatever is written first may ride. */
const anything: EarlyDataRule = { mayRide: ({ length }) => length };

/** A server that keeps what it gets and answers the end by it, and a client with tickets for it. */
class Scene implements AsyncDisposable {
  readonly sessions = new MemorySessionStore({ perKey: 100 });
  readonly connections: CountedConn[] = [];
  maxEarlyData = 16_384;
  server!: CountedServer;
  /** What is done with a connection in the place of that. */
  serve: ((connection: CountedConn) => Promise<void>) | undefined;

  async start(tickets = 1): Promise<this> {
    this.server = await startCounted({
      serve: (connection) => this.#serve(connection),
      options: () => ({ maxEarlyData: this.maxEarlyData }),
    });
    while (this.sessions.size < tickets) await this.getTickets();
    this.connections.length = 0;
    return this;
  }

  /** Gets tickets without using one. */
  async getTickets(): Promise<void> {
    const { sessions } = this;
    const store: SessionStore = { take() {}, put: (key, session) => sessions.put(key, session) };
    await answerTo(this.socket({ sessions: store }).end("ticket"));
  }

  async #serve(connection: CountedConn): Promise<void> {
    this.connections.push(connection);
    if (this.serve) return await this.serve(connection);
    for await (const _chunk of connection.chunks());
    await connection.send(`got ${connection.received}`);
  }

  socket(options: TlsSocketOptions | { earlyData: undefined } = {}): TlsSocket {
    const { sessions, server: { port } } = this;
    const usual = { host: "127.0.0.1", port, ca: certificates().ca, sessions };
    return tlsSocket({ ...usual, earlyData: anything, ...options } as TlsSocketOptions);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

/** All that a socket gets. */
async function answerTo(socket: TlsSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await closed(socket);
  return Buffer.concat(chunks).toString();
}

/** Waits for the end, which may follow an error. */
async function closed(socket: TlsSocket): Promise<void> {
  await soon("close", new Promise<void>((resolve) => socket.once("close", () => resolve())));
}

test("what is written in any way at first is one early write, and is called back in order", {
  needs,
}, async () => {
  const ways: Record<string, (socket: TlsSocket, done: (which: number) => () => void) => void> = {
    "in pieces, then ended"(socket, done) {
      socket.write("a", done(1));
      socket.write("", done(2));
      socket.write("b", done(3));
      socket.end("c", done(4));
    },
    "corked by the caller"(socket, done) {
      socket.cork();
      socket.write("a", done(1));
      socket.write("b", done(2));
      socket.cork();
      socket.write("c", done(3));
      socket.uncork();
      socket.uncork();
      socket.end(done(4));
    },
    "uncorked more often than corked"(socket, done) {
      socket.write("a", done(1));
      socket.write("b", done(2));
      socket.write("c", done(3));
      socket.uncork();
      socket.uncork();
      socket.end(done(4));
    },
    "ended with it"(socket, done) {
      for (const which of [1, 2, 3]) queueMicrotask(done(which));
      socket.end("abc", done(4));
    },
    "by a pipe"(socket, done) {
      const source = new PassThrough();
      for (const which of [1, 2, 3]) queueMicrotask(done(which));
      pipeline(source, socket, { end: true }).catch(() => {});
      source.end("abc");
      socket.once("finish", done(4));
    },
  };
  await using scene = await new Scene().start(Object.keys(ways).length * 2);
  for (const optimisticSecureConnect of [false, true]) {
    for (const [how, write] of Object.entries(ways)) {
      const socket = scene.socket({ optimisticSecureConnect });
      const order: number[] = [];
      write(socket, (which) => () => order.push(which));
      assert.equal(await answerTo(socket), "got abc", how);
      assert.equal(socket.earlyData, "accepted", how);
      assert.equal(scene.connections.at(-1)?.early, 3, how);
      assert.deepEqual(order, [1, 2, 3, 4], how);
    }
  }
});

test("a socket that is destroyed at any moment calls each write back once, and leaves nothing", {
  needs,
}, async () => {
  await leavesNothing(async () => {
    await using scene = await new Scene().start(12);
    for (let turns = 0; turns < 12; turns++) {
      const socket = scene.socket({ optimisticSecureConnect: turns % 2 === 0 });
      const errors = new Map<number, unknown[]>();
      const done = (which: number) => (error?: Error | null) => {
        errors.set(which, [...errors.get(which) ?? [], error ?? null]);
      };
      for (let which = 1; which <= 4; which++) {
        socket.write(which % 2 ? "a" : Buffer.alloc(100_000), done(which));
        if (which === 2) await new Promise((resolve) => setImmediate(resolve));
      }
      socket.end(done(5));
      for (let turn = 0; turn < turns; turn++) await new Promise((done) => setImmediate(done));
      socket.destroy();
      await closed(socket);
      await new Promise((resolve) => setImmediate(resolve));
      const counts = [1, 2, 3, 4, 5].map((which) => errors.get(which)?.length);
      assert.deepEqual(counts, [1, 1, 1, 1, 1], `after ${turns} turns`);
    }
  });
});

test("what is larger than the server takes early, or than a SYN, arrives whole", {
  needs,
}, async () => {
  await using scene = await new Scene().start(0);
  scene.maxEarlyData = 1_000;
  await scene.getTickets();
  for (const size of [999, 1_000, 1_001, 5_000, 50_000, 1_000_000]) {
    const text = "x".repeat(size);
    const socket = scene.socket();
    assert.equal((await answerTo(socket.end(text))).length, size + 4, String(size));
    const { early = NaN } = scene.connections.at(-1)!;
    assert.ok(early <= 1_000, `${early} of ${size} bytes were early`);
    assert.equal(early > 0, socket.earlyData === "accepted");
  }
});

test("a server that takes early data and resets gets them again, and the caller an answer", {
  needs,
}, async () => {
  await using scene = await new Scene().start();
  scene.serve = async (connection) => {
    for await (const _chunk of connection.chunks()) {
      if (connection.early > 0) return connection.reset();
      await connection.send("late");
      return;
    }
  };
  const socket = scene.socket();
  socket.write("GET");
  assert.equal(await answerTo(socket), "late");
  assert.equal(scene.connections.length, 2);
});

test("a store that is slow, throws or never answers costs a ticket, and nothing else", {
  needs,
}, async () => {
  await using scene = await new Scene().start();
  const put = () => {};
  const stores: Record<string, SessionStore> = {
    "throws": {
      put,
      take() {
        throw new Error("no");
      },
    },
    "rejects": { put, take: () => Promise.reject(new Error("no")) },
    "never answers": { put, take: () => new Promise(() => {}) },
    "answers nonsense": { put, take: () => Promise.resolve({ session: 3 } as never) },
    "is slow": {
      put,
      async take(key) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return scene.sessions.take(key);
      },
    },
  };
  for (const [how, sessions] of Object.entries(stores)) {
    const socket = scene.socket({ sessions, optimisticSecureConnect: true });
    const secured = once(socket, "secureConnect");
    socket.end("hello");
    assert.equal(await answerTo(socket), "got hello", how);
    await secured;
    assert.equal(socket.earlyData, how === "is slow" ? "accepted" : "not-sent", how);
  }
});

test("a ticket is put back once by a socket that is destroyed while its store is asked", {
  needs,
}, async () => {
  await using scene = await new Scene().start();
  const given = Promise.withResolvers<void>();
  const kept: StoredSession[] = [];
  const asked = Promise.withResolvers<void>();
  const sessions: SessionStore = {
    async take(key) {
      asked.resolve();
      await given.promise;
      return scene.sessions.take(key);
    },
    put: (_key, session) => void kept.push(session),
  };
  const socket = scene.socket({ sessions });
  socket.on("error", () => {});
  socket.write("hello");
  await asked.promise;
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve))); // It has begun by now.
  socket.destroy();
  given.resolve();
  await closed(socket);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(kept.length, 1);
  assert.equal(scene.connections.length, 0);
});

test("many sockets share two tickets, and all get their answers", { needs }, async () => {
  await leavesNothing(async () => {
    await using scene = await new Scene().start(2);
    const sockets = Array.from({ length: 50 }, (_, index) => scene.socket().end(String(index)));
    const answers = await Promise.all(sockets.map(answerTo));
    assert.deepEqual(answers, sockets.map((_, index) => `got ${index}`));
    const early = sockets.filter(({ earlyData }) => earlyData === "accepted").length;
    assert.ok(early >= 1 && early <= 2, `${early} were early`);
  });
});

test("a signal ends a socket that waits for its first write, or for its answer", {
  needs,
}, async () => {
  await leavesNothing(async () => {
    await using scene = await new Scene().start(3);
    for (const when of ["before", "after the write", "once it is secure"]) {
      const aborting = new AbortController();
      const socket = scene.socket({ signal: aborting.signal });
      const failed = once(socket, "error");
      if (when !== "before") socket.write("hello", () => {});
      if (when === "once it is secure") await soon(when, once(socket, "secureConnect"));
      aborting.abort(new Error("enough"));
      const [error] = await soon("error", failed);
      assert.deepEqual([error.name, error.cause.message], ["AbortError", "enough"], when);
      if (!socket.closed) await closed(socket);
    }
  });
});

test("an idle socket times out while its early data are on their way", { needs }, async () => {
  await using scene = await new Scene().start();
  const { promise: isOver, resolve: over } = Promise.withResolvers<void>();
  scene.serve = () => isOver;
  const socket = scene.socket({ timeout: 30 });
  socket.write("hello");
  await soon("timeout", once(socket, "timeout"));
  socket.destroy();
  await closed(socket);
  over();
});

test("what the rule keeps back is not in the early bytes, whatever it is", { needs }, async () => {
  await using scene = await new Scene().start(6);
  const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  const get = post.replace("POST", "GET");
  for (
    const [text, rides] of [[get, true], [post, false], [get + post, false], [
      get + get,
      false,
    ]] as const
  ) {
    const socket = scene.socket({ earlyData: safe.http1 }).end(text);
    assert.equal(await answerTo(socket), `got ${text}`);
    assert.equal(scene.connections.at(-1)?.early, rides ? text.length : 0);
  }
});
