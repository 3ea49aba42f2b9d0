/**
 * Sockets in the hands of programs with mistakes in them.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlain, Socket } from "node:net";
import { duplexPair } from "node:stream";
import {
  connect,
  connectTls,
  MemorySessionStore,
  OptionError,
  type StoredSession,
  type StreamSocket,
  tcpSocket,
  type TlsSocket,
  tlsSocket,
  type TlsSocketOptions,
} from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { askChild } from "../../fixtures/hostile_child.ts";
import { here, startListener, trusting, until } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";
import { can, engineUnderTest } from "../../peers/engine.ts";
import { soon } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

/** A socket to `port` of this machine that keeps no sessions. */
function socketTo(port: number, options: TlsSocketOptions = {}): TlsSocket {
  const { ca } = certificates();
  const engine = engineUnderTest();
  return tlsSocket({ host: "localhost", port, ca, engine, sessions: false, ...options });
}

/** A server that greets, and counts its connections. */
function startGreeter() {
  const listener = startListener({ onHandshakeError: () => {} });
  const greeter = {
    port: listener.addr.port,
    greeted: 0,
    [Symbol.dispose]: () => listener.close(),
  };
  (async () => {
    for await (const { duplex } of listener) {
      greeter.greeted++;
      duplex.on("error", () => {}).end("hello");
      duplex.resume();
    }
  })();
  return greeter;
}

async function failureOf(socket: StreamSocket): Promise<Error & { code?: string }> {
  const [error] = await soon("error", once(socket, "error"));
  return error;
}

test("what listeners and callbacks throw is an uncaught exception, and the socket goes on", async () => {
  const told = await askChild<[string, string, number][]>("listeners");
  assert.ok(told.length > 10);
  for (const [which, how, back] of told) {
    assert.deepEqual([which, how, back], [which, "uncaught exception", 4]);
  }
});

test("a socket may be destroyed in each of its events", async () => {
  using greeter = startGreeter();
  await leavesNothing(async () => {
    const events = ["lookup", "connect", "ready", "secureConnect", "data", "end", "finish"]
      .concat(can("keyLog") ? ["keylog"] : [], can("resumption") ? ["session"] : []);
    await Promise.all(events.map(async (event) => {
      const sessions = can("resumption") && new MemorySessionStore();
      const socket = socketTo(greeter.port, { sessions });
      let later = 0;
      const destroyed = once(socket, event).then(() => {});
      socket.once(event, () => {
        socket.destroy();
        // As in Node, "ready" comes in one breath with "connect", and "finish" was on its way.
        for (const other of events) {
          if (other !== "ready" && other !== "finish") socket.on(other, () => later++);
        }
      });
      socket.resume();
      socket.write("hello");
      await soon("close", once(socket, "close"));
      await soon(event, destroyed);
      assert.equal(later, 0, event);
    }));
  });
});

test("a signal that was aborted before: nothing is connected to, and what was given is closed", async () => {
  const signal = AbortSignal.abort();
  const [pipe] = duplexPair();
  using greeter = startGreeter();
  const { port } = greeter;
  await leavesNothing(async () => {
    const tunnel = connectPlain(port, here).on("error", () => {});
    const conn = await connect({ hostname: here, port });
    const sockets = [
      socketTo(port, { signal }),
      tcpSocket({ host: here, port, signal }),
      ...[tunnel, pipe, conn].map((socket) => socketTo(port, { socket, signal })),
    ];
    await Promise.all(sockets.map(async (socket) => {
      assert.deepEqual([socket.connecting, socket.destroyed], [false, true]);
      assert.equal((await failureOf(socket)).code, "ABORT_ERR");
    }));
    assert.deepEqual([tunnel.destroyed, pipe.destroyed], [true, true]);
    await assert.rejects(conn.read(new Uint8Array(1)), { code: "CONNECTION_CLOSED" });
  });
  assert.equal(greeter.greeted, 0);
});

/** What can't carry TLS any more, or carries it already. */
const unfit: Readonly<Record<string, (port: number) => unknown>> = {
  "is destroyed": () => duplexPair()[0].destroy(),
  "has ended": () => duplexPair()[0].end(),
  "was destroyed by an error": () =>
    duplexPair()[0].on("error", () => {}).destroy(new Error("mine")),
  "was never connected": () => new Socket(),
  "is encrypted already": (port) => {
    const tunnel = connectPlain(port, here);
    socketTo(port, { socket: tunnel }).on("error", () => {}).resume();
    return tunnel;
  },
  "is a TlsConn that was closed": async (port) => {
    const conn = await connectTls({ hostname: here, port, ...trusting });
    conn.close();
    return conn;
  },
  "is a TlsConn that is read": async (port) => {
    const conn = await connectTls({ hostname: here, port, ...trusting });
    conn.read(new Uint8Array(8)).catch(() => {}).finally(() => conn.close());
    return conn;
  },
};

test("over a socket that is of no use there is an error, and no exception", async () => {
  using greeter = startGreeter();
  await leavesNothing(async () => {
    for (const [what, make] of Object.entries(unfit)) {
      const socket = socketTo(greeter.port, { socket: await make(greeter.port) as Socket });
      const closed = new Promise((resolve) => socket.once("close", resolve));
      const { code, message } = await failureOf(socket);
      assert.match(`${code}`, /^(CONNECTION_CLOSED|IN_USE)$/, what);
      assert.match(
        message,
        /^The (transport of the )?connection to .+ (is|has|carries|broke)/,
        what,
      );
      await soon("close", closed);
    }
  });
  const duck = Object.fromEntries(
    ["on", "off", "read", "pause", "resume", "write", "end", "destroy"].map((
      name,
    ) => [name, () => {}]),
  );
  assert.throws(() => socketTo(1, { socket: duck as unknown as Socket }), { option: "socket" });
});

test("connect() with wrong arguments leaves a socket that still can be connected", async () => {
  using greeter = startGreeter();
  const { port } = greeter;
  const wrong: readonly [string, unknown[]][] = [
    ["port", []],
    ["port", ["/run/socket"]],
    ["port", [70_000]],
    ["port", [{ port: "x" }]],
    ["hostname", [{ port, host: "a b" }]],
    ["family", [{ port, family: 4 }]],
    ["localAddress", [{ port, localAddress: here }]],
  ];
  const { ca } = certificates();
  for (const make of [() => tlsSocket({ ca, engine: engineUnderTest() }), () => tcpSocket({})]) {
    const socket = make();
    for (const [option, given] of wrong) {
      assert.throws(() => socket.connect(...given), (error) => {
        return error instanceof OptionError && error.option === option;
      });
      assert.deepEqual([socket.connecting, socket.listenerCount("connect")], [false, 0]);
    }
    socket.connect({ port, host: "localhost" });
    await soon("connect", once(socket, "connect"));
    socket.destroy();
  }
});

test("connect() on a socket that is destroyed says so, and does not wait for ever", async () => {
  for (const make of [() => socketTo(1), () => tcpSocket({})]) {
    const socket = make().destroy();
    assert.throws(() => socket.connect(1), { code: "ERR_SOCKET_CLOSED", message: /second time/ });
    await soon("close", once(socket, "close"));
    assert.throws(() => socket.connect(1), { code: "ERR_SOCKET_CLOSED" });
  }
});

test("checkServerIdentity that answers by something else than an error is a wrong option", async () => {
  using greeter = startGreeter();
  for (const answer of [true, "no", Promise.resolve()]) {
    const check = (() => answer) as unknown as () => undefined;
    const error = await failureOf(socketTo(greeter.port, { checkServerIdentity: check }));
    assert.ok(error instanceof OptionError);
    assert.equal(error.option, "checkServerIdentity");
    assert.match(error.message, /and no promise/);
  }
});

test("names of an object's insides are options that are not known", () => {
  const given = JSON.parse('{ "__proto__": { "unsafelyDisableHostnameVerification": true } }');
  assert.throws(() => tlsSocket(given), { option: "__proto__" });
});

test("a session that is put back is no news, and is not lost", { needs: "earlyData" }, async () => {
  const kept: StoredSession[] = [];
  const sessions = {
    take: () => kept.pop(),
    put: (_key: string, session: StoredSession) => void kept.push(session),
  };
  const checkServerIdentity = () => undefined;
  for (const options of [{}, { checkServerIdentity }]) {
    using listener = startListener({ maxEarlyData: 1_000 });
    const accepting = listener.accept();
    const { port } = listener.addr;
    const first = socketTo(port, { sessions, ...options });
    (await accepting).duplex.resume().write("hello");
    await soon("data", once(first, "data"));
    await until(() => kept.length > 0);
    first.destroy();
    listener.close();
    kept.splice(1);
    let news = 0;
    const early = { earlyData: "first-write", ...options } as const;
    const second = socketTo(port, { sessions, lookup: failingLookup, ...early });
    second.on("session", () => news++);
    second.write("hello");
    assert.equal((await failureOf(second)).code, "ENOTFOUND");
    assert.deepEqual([kept.length, news], [1, 0]);
    kept.splice(0);
  }
});

/** Knows no name. */
const failingLookup: NonNullable<TlsSocketOptions["lookup"]> = (_name, _options, callback) => {
  callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
};
