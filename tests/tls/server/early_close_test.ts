/**
 * Servers that answer early data and close at once, before the client's Finished can have come.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import {
  connectTls,
  listenTls,
  type ListenTlsOptions,
  MemorySessionStore,
  type TlsConn,
} from "../../../mod.ts";
import { AnsweringServer } from "../../fixtures/answering_server.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { here } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";
import { encode, readText } from "../../peers/exchange.ts";

const { cert, key } = certificates().server;
const caCerts = [certificates().ca];

/** A server that takes early data, and closes each connection when `say` is done. */
class EarlyServer extends AnsweringServer {
  readonly #say: (conn: TlsConn) => Promise<unknown>;

  constructor(say: (conn: TlsConn) => Promise<unknown>, options: Partial<ListenTlsOptions> = {}) {
    super(listenTls({ hostname: here, port: 0, cert, key, maxEarlyData: 1024, ...options }));
    this.#say = say;
  }

  protected override async answer(conn: TlsConn): Promise<void> {
    await this.#say(conn);
  }
}

/** A connection whose early data was accepted. */
async function openEarly({ port }: EarlyServer, sessions: MemorySessionStore): Promise<TlsConn> {
  for (let tries = 0; tries < 5; tries++) {
    const options = { hostname: here, port, caCerts, sessions, earlyData: encode("hi") };
    const conn = await connectTls(options);
    if (conn.earlyData === "accepted") return conn;
    await readText(conn);
    conn.close();
  }
  assert.fail("no early data was accepted");
}

test("an early answer ends in close_notify, though the server closes at once", async () => {
  await leavesNothing(async () => {
    using server = new EarlyServer((conn) => conn.write(encode("hello")));
    const sessions = new MemorySessionStore();
    for (let round = 0; round < 5; round++) {
      using conn = await openEarly(server, sessions);
      assert.equal(await readText(conn), "hello"); // It throws TRUNCATED without close_notify.
    }
  });
});

test("a server that closes early connections without an answer ends them in close_notify", async () => {
  await leavesNothing(async () => {
    using server = new EarlyServer(() => Promise.resolve());
    const sessions = new MemorySessionStore();
    for (let round = 0; round < 5; round++) {
      using conn = await openEarly(server, sessions);
      assert.equal(await readText(conn), "");
    }
  });
});

test("an early answer may take longer than a handshake may", async () => {
  await leavesNothing(async () => {
    const piece = new Uint8Array(1000).fill(120);
    const pieces = 500;
    using server = new EarlyServer(async (conn) => {
      await conn.read(new Uint8Array(2));
      for (let count = 0; count < pieces; count++) {
        await conn.write(piece);
        await setTimeout(3);
      }
    }, { handshakeTimeout: 1300 });
    const sessions = new MemorySessionStore();
    using conn = await openEarly(server, sessions);
    assert.equal((await readText(conn)).length, pieces * piece.length);
  });
});

test("the sending side can be closed before an early answer is read", async () => {
  await leavesNothing(async () => {
    const answer = new Uint8Array(1_000_000).fill(120);
    using server = new EarlyServer((conn) => conn.write(answer));
    const sessions = new MemorySessionStore();
    using conn = await openEarly(server, sessions);
    await conn.closeWrite();
    assert.equal((await readText(conn)).length, answer.length);
  });
});
