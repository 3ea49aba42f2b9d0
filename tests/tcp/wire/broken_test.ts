/**
 * The kernel tells once what ended a connection. Whichever call is told, the owner of the wire hears of
 * it: a connection that broke never looks like one that ended.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { connect, type ConnectError, type TcpConn } from "../../../mod.ts";
import type { SocketPlatform } from "../../../ffi/libc.ts";
import { libc } from "../../../ffi/libc.ts";
import { platform } from "../../../ffi/platform.ts";
import { isConnected, sockaddrOf, tcpSocket } from "../../../tcp/kernel/socket.ts";
import { Wire } from "../../../tcp/wire/wire.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { assertFails, connectError } from "../../fixtures/hostile_failure.ts";
import { closedPort, startRawServer } from "../../fixtures/hostile_server.ts";
import { here } from "../../fixtures/hostile_ways.ts";

const skip = platform.fastOpen === "none" && "no descriptor can be made here";
const table = platform as SocketPlatform;

/** Connects by FFI, as the mechanisms do. Over loopback a refusal has come when this returns. */
function connecting(port: number): number {
  const fd = tcpSocket(table, 4);
  const sockaddr = sockaddrOf(table, { ip: here, family: 4, port });
  libc(table).call.connect(fd, sockaddr, sockaddr.length);
  return fd;
}

/** Adopts `fd` and runs `use`; returns what the owner of the wire was told. */
async function told(fd: number, use: (wire: Wire) => void): Promise<string[]> {
  const wire = Wire.adopt(table, fd);
  const heard: string[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  wire.owner = {
    onBytes: () => heard.push("bytes"),
    onEnd: () => heard.push("end"),
    onError: ({ code }) => heard.push(`${code}`),
    onClose: resolve,
  };
  use(wire);
  await closed;
  return heard;
}

const bytes = new Uint8Array(10);

const uses: Readonly<Record<string, (wire: Wire) => void>> = {
  "nothing is written": () => {},
  "bytes are written": ({ socket }) => void socket.write(bytes),
  "bytes are written twice": ({ socket }) => {
    socket.write(bytes);
    socket.write(bytes);
  },
  "the writing side is ended": ({ socket }) => void socket.end(),
  "bytes are written and the side is ended": ({ socket }) => void socket.end(bytes),
  "it is paused": ({ socket }) => {
    socket.pause();
    socket.resume();
  },
};

for (const [what, use] of Object.entries(uses)) {
  test(`a refusal has come before ${what}: the owner is told`, { skip }, async () => {
    await leavesNothing(async () => {
      const port = await closedPort();
      assert.deepEqual(await told(connecting(port), use), ["ECONNREFUSED"]);
    });
  });
}

/** A connection that the peer has reset, after its FIN where that is wanted. */
async function resetConnection(afterFin: boolean): Promise<number> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, here);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const fd = connecting(port);
  const [peer] = await accepting;
  if (afterFin) await new Promise<void>((sent) => peer.end(sent));
  peer.resetAndDestroy();
  while (isConnected(table, fd)) await new Promise((resolve) => setTimeout(resolve, 1));
  server.close();
  return fd;
}

for (const [what, use] of Object.entries(uses)) {
  test(`a reset has come before ${what}: the owner is told`, { skip }, async () => {
    await leavesNothing(async () => {
      const heard = await told(await resetConnection(false), use);
      assert.match(heard.join(), /^(ECONNRESET|EPIPE)$/);
    });
  });
}

test(
  "a reset after the peer's end meets a write: the owner is told of both",
  { skip },
  async () => {
    await leavesNothing(async () => {
      const heard = await told(
        await resetConnection(true),
        ({ socket }) => void socket.write(bytes),
      );
      assert.match(heard.join(), /^(end,)?(ECONNRESET|EPIPE)$/);
    });
  },
);

/** Reads to the end by iteration. */
async function iterate(conn: TcpConn): Promise<void> {
  for await (const chunk of conn.readable) void chunk;
}

const meetings: Readonly<Record<string, (conn: TcpConn) => Promise<unknown>>> = {
  "a read": (conn) => conn.read(new Uint8Array(10)),
  "a write": async (conn) => {
    await conn.write(bytes).catch(() => {}); // It may be taken before the reset is known.
    return await conn.read(new Uint8Array(10));
  },
  "the iteration of what arrives": iterate,
  "that and a write": (conn) => {
    conn.write(bytes).catch(() => {});
    return iterate(conn);
  },
};

for (const [what, meet] of Object.entries(meetings)) {
  test(`a reset that meets ${what} is no end of data`, { skip }, async () => {
    await leavesNothing(async () => {
      const accepting = Promise.withResolvers<Socket>();
      await using server = await startRawServer(accepting.resolve);
      using conn = await connect({ hostname: here, port: server.port, data: bytes });
      const socket = await accepting.promise;
      socket.resetAndDestroy();
      await new Promise((resolve) => setImmediate(resolve)); // Bun resets a bit later.
      const peer = { hostname: here, port: server.port };
      await assertFails(meet(conn), connectError("CONNECTION_RESET"), peer);
    });
  });
}

test("a write of nothing is over at once", { skip }, async () => {
  await leavesNothing(async () => {
    await using server = await startRawServer((socket) => socket.pipe(socket));
    using conn = await connect({ hostname: here, port: server.port });
    assert.equal(await conn.write(new Uint8Array()), 0);
    await conn.write(bytes);
    assert.equal(await conn.read(new Uint8Array(20)), bytes.length);
  });
});

for (const how of ["resets", "goes"] as const) {
  test(`writes to a peer that ${how} say so, also when the socket is no more`, async () => {
    await leavesNothing(async () => {
      const accepting = Promise.withResolvers<Socket>();
      await using server = await startRawServer(accepting.resolve);
      using conn = await connect({ hostname: here, port: server.port });
      const socket = await accepting.promise;
      if (how === "resets") socket.resetAndDestroy();
      else socket.destroy();
      const errors: unknown[] = [];
      while (errors.length < 3) {
        await conn.write(bytes).catch((error) => errors.push(error));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const peer = { hostname: here, port: server.port };
      for (const error of errors) {
        await assertFails(Promise.reject(error), connectError("CONNECTION_RESET"), peer);
        assert.match((error as ConnectError).errno ?? "", /^(ECONNRESET|EPIPE)$/);
      }
      await conn.closeWrite();
    });
  });
}

test("a write that is under way when its connection is closed here says that", async () => {
  await leavesNothing(async () => {
    await using server = await startRawServer((socket) => socket.pause());
    const conn = await connect({ hostname: here, port: server.port });
    const writing = conn.write(new Uint8Array(32_000_000));
    await new Promise((resolve) => setImmediate(resolve));
    conn.close();
    const peer = { hostname: here, port: server.port };
    await assertFails(writing, connectError("CONNECTION_CLOSED"), peer);
  });
});
