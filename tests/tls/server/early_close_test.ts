/**
 * Servers that answer early data and close at once, before the client's Finished can have come.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTls, listenTls, MemorySessionStore } from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { here } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";
import { encode, readText } from "../../peers/exchange.ts";

const { cert, key } = certificates().server;
const caCerts = [certificates().ca];

/** A server that says "hello" to whatever comes, and closes. */
function startServer() {
  const listener = listenTls({ hostname: here, port: 0, cert, key, maxEarlyData: 1024 });
  (async () => {
    for await (const conn of listener) {
      conn.read(new Uint8Array(99))
        .then(() => conn.write(encode("hello")))
        .finally(() => conn.close())
        .catch(() => {});
    }
  })();
  return listener;
}

test("an early answer ends in close_notify, though the server closes at once", async () => {
  await leavesNothing(async () => {
    using listener = startServer();
    const sessions = new MemorySessionStore();
    const outcomes: string[] = [];
    for (let round = 0; round < 5; round++) {
      using conn = await connectTls({
        hostname: here,
        port: listener.addr.port,
        caCerts,
        sessions,
        earlyData: encode("hi"),
      });
      assert.equal(await readText(conn), "hello"); // It throws TRUNCATED without close_notify.
      outcomes.push(conn.earlyData);
    }
    assert.ok(outcomes.includes("accepted"), outcomes.join());
  });
});
