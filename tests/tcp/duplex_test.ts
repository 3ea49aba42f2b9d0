/** `TcpConn.duplex`: a connection that stands, as a socket of Node's shape. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { connect, type TcpConn, type TcpSocket } from "../../mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { assertFails, connectError } from "../fixtures/hostile_failure.ts";
import { startRawServer } from "../fixtures/hostile_server.ts";
import { here, until } from "../fixtures/hostile_ways.ts";
import { encode } from "../peers/exchange.ts";

/** A connection, the server's socket of it, and whatever they leave behind. */
async function connected(
  use: (conn: TcpConn, peer: Socket) => Promise<void>,
): Promise<void> {
  await leavesNothing(async () => {
    const accepting = Promise.withResolvers<Socket>();
    await using server = await startRawServer(accepting.resolve);
    using conn = await connect({ hostname: here, port: server.port });
    await use(conn, await accepting.promise);
  });
}

/** Resolves to what "close" tells. */
function closeOf(socket: TcpSocket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

test("it is one socket, open, and tells of the connection", async () => {
  await connected(async (conn, peer) => {
    const { duplex } = conn;
    assert.equal(conn.duplex, duplex);
    const { connecting, pending, readyState, remoteAddress, remotePort, localPort } = duplex;
    assert.deepEqual([connecting, pending, readyState], [false, false, "open"]);
    assert.deepEqual([remoteAddress, remotePort], [here, peer.localPort]);
    assert.equal(localPort, peer.remotePort);
    assert.deepEqual(duplex.address(), { address: here, family: "IPv4", port: localPort });
    assert.deepEqual(duplex.fastOpen, conn.fastOpen);
    duplex.on("connect", () => assert.fail("it is connected already"));
    duplex.resume();
    peer.end();
    assert.equal(await closeOf(duplex), false);
  });
});

test("what has arrived before is not lost, nor what a read has left", async () => {
  await connected(async (conn, peer) => {
    peer.end("hello world");
    const first = new Uint8Array(6);
    await conn.read(first);
    assert.equal(await text(conn.duplex), "world");
    assert.equal(conn.duplex.bytesRead, 5);
  });
});

test("the bytes are the socket's: the other face is IN_USE", async () => {
  await connected(async (conn) => {
    const { duplex } = conn;
    const inUse = connectError("IN_USE");
    const facts = { hostname: here, port: duplex.remotePort ?? 0 };
    await assertFails(conn.read(new Uint8Array(1)), inUse, facts);
    await assertFails(conn.write(new Uint8Array(1)), inUse, facts);
    assert.throws(() => conn.readable, { code: "IN_USE" });
  });
});

test("while a read is under way there is no socket; afterwards there is", async () => {
  await connected(async (conn, peer) => {
    const reading = conn.read(new Uint8Array(5));
    assert.throws(() => conn.duplex, { code: "IN_USE" });
    peer.write("hello");
    assert.equal(await reading, 5);
    peer.end("again");
    assert.equal(await text(conn.duplex), "again");
  });
});

test("end: the peer hears it, and may answer still", async () => {
  await connected(async (conn, peer) => {
    peer.on("end", () => peer.end("answer")).resume();
    conn.duplex.end("question");
    assert.equal(await text(conn.duplex), "answer");
    assert.equal(conn.duplex.bytesWritten, 8);
  });
});

test("the peer's end ends it, and a write afterwards is EPIPE", async () => {
  await connected(async (conn, peer) => {
    const { duplex } = conn;
    duplex.on("error", () => {}).resume();
    peer.resume().end();
    assert.equal(await closeOf(duplex), false);
    const error = await new Promise((resolve) => duplex.write("late", resolve));
    assert.equal((error as { code?: string }).code, "EPIPE");
  });
});

test("a reset is ECONNRESET, once", async () => {
  await connected(async (conn, peer) => {
    const errors: unknown[] = [];
    conn.duplex.on("error", (error) => errors.push(error));
    peer.resetAndDestroy();
    assert.equal(await closeOf(conn.duplex), true);
    assert.deepEqual(errors.map((error) => (error as { code?: string }).code), ["ECONNRESET"]);
  });
});

for (const by of ["destroy", "close", "resetAndDestroy"] as const) {
  test(`${by}: both faces are closed, and the peer hears it`, async () => {
    await connected(async (conn, peer) => {
      const { duplex } = conn;
      let heard: string | undefined;
      peer.on("error", ({ code }: { code?: string }) => heard = code);
      peer.on("end", () => heard ??= "end").resume();
      const closed = closeOf(duplex);
      if (by === "close") conn.close();
      else duplex[by]();
      assert.equal(await closed, false);
      assert.equal(duplex.destroyed, true);
      await until(() => heard !== undefined);
      assert.equal(heard, by === "resetAndDestroy" ? "ECONNRESET" : "end");
      await assertFails(
        conn.write(encode("late")),
        connectError("CONNECTION_CLOSED"),
        { hostname: here, port: duplex.remotePort ?? 0 },
      );
    });
  });
}

test("a request of node:http over it", async () => {
  const server = createServer((asked, answer) => answer.end(`you asked for ${asked.url}`));
  await new Promise<void>((resolve) => server.listen(0, here, resolve));
  try {
    const { port } = server.address() as { port: number };
    using conn = await connect({ hostname: here, port });
    const headers = { connection: "close" };
    const asking = request({ path: "/x", headers, createConnection: () => conn.duplex });
    asking.end();
    const [answer] = await once(asking, "response");
    assert.equal(await text(answer), "you asked for /x");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
