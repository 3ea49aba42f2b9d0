/**
 * Sockets over connections that somebody else has opened, beside `tls.connect({ socket })`.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { connect as connectOwnTls } from "node:tls";
import {
  acceptTls,
  type AnyTransport,
  MemorySessionStore,
  OptionError,
  safe,
  type TlsConn,
  type TlsSocket,
  tlsSocket,
  type TlsSocketOptions,
} from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { startRawServer } from "../../fixtures/hostile_server.ts";
import { here, startListener } from "../../fixtures/hostile_ways.ts";
import { transports } from "../../fixtures/transports.ts";
import { certificates } from "../../peers/certificates.ts";
import { encode } from "../../peers/exchange.ts";
import { soon } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

/** Serves each connection until it has been answered. */
function startGreeter(options: object = {}) {
  const listener = startListener({ onHandshakeError: () => {}, ...options });
  const greet = async (conn: TlsConn) => {
    const asked = new Uint8Array(64);
    const length = await conn.read(asked);
    await conn.write(encode(`${Buffer.from(asked.subarray(0, length ?? 0))} to you, too`));
    await conn.closeWrite();
  };
  (async () => {
    for await (const conn of listener) greet(conn).catch(() => {}).finally(() => conn.close());
  })();
  return listener;
}

const ca = certificates().ca;
type Connect = (options: TlsSocketOptions & { readonly socket: AnyTransport }) => Duplex;
const connects: Readonly<Record<"own" | "ours", Connect>> = {
  own: (options) => connectOwnTls(options as never),
  ours: (options) => tlsSocket({ sessions: false, ...options }),
};

/** What a socket says, to its end. */
async function hear(socket: Duplex): Promise<string[]> {
  const heard: string[] = [];
  for (const event of ["lookup", "connect", "ready", "secureConnect", "end", "finish"]) {
    socket.on(event, () => heard.push(event));
  }
  socket.on("error", ({ code }: Error & { code?: string }) => heard.push(`error ${code}`));
  socket.on("data", (chunk) => heard.push(String(chunk)));
  const closed = new Promise<void>((resolve) => {
    socket.on("close", (hadError) => {
      heard.push(`close ${hadError}`);
      resolve();
    });
  });
  socket.write("hello");
  await soon("close", closed);
  return heard;
}

for (const [kind, open] of Object.entries(transports)) {
  test(`over ${kind} a socket exchanges data, and ends as it should`, async () => {
    await leavesNothing(async () => {
      using listener = startGreeter();
      using opened = new DisposableStack();
      const scene = {
        port: listener.addr.port,
        open: <T extends Disposable>(it: T) => opened.use(it),
      };
      const socket = await open(scene);
      const { ours } = connects;
      const heard = await hear(ours({ socket, ca, servername: "localhost" }));
      const whole = heard.filter((event) => !["lookup", "connect", "ready"].includes(event));
      assert.deepEqual(whole, [
        "secureConnect",
        "hello to you, too",
        "end",
        "finish",
        "close false",
      ]);
    });
  });
}

/** A socket of node:net to `port`, of which the test sees when it is over. */
function openPlain(port: number): { socket: Socket; closed: Promise<unknown> } {
  const socket = connectSocket({ host: here, port });
  return { socket, closed: once(socket, "close") };
}

test("over a net.Socket it says what tls.connect says, and takes the socket with it", async () => {
  using listener = startGreeter();
  for (const state of ["connecting", "connected"]) {
    const logs: string[][] = [];
    for (const connect of Object.values(connects)) {
      const { socket, closed } = openPlain(listener.addr.port);
      if (state === "connected") await once(socket, "connect");
      logs.push(await hear(connect({ socket, ca, servername: "localhost" })));
      await soon("the end of the net.Socket", closed);
    }
    assert.deepEqual(logs[1]?.filter((event) => event !== "ready"), logs[0]);
  }
});

test("what fails over a net.Socket fails as with tls.connect, and closes it", async () => {
  using listener = startGreeter();
  await using closing = await startRawServer((socket) => {
    socket.once("data", () => socket.destroy());
  });
  const cases = [
    [listener.addr.port, { servername: "other.test" }],
    [closing.port, { servername: "localhost" }],
  ] as const;
  for (const [port, options] of cases) {
    const logs: string[][] = [];
    for (const connect of Object.values(connects)) {
      const { socket, closed } = openPlain(port);
      await once(socket, "connect");
      logs.push(await hear(connect({ socket, ca, ...options })));
      await soon("the end of the net.Socket", closed);
    }
    const [own, ours] = logs;
    // Bun calls the end of its own socket ERR_SOCKET_CLOSED, which is an error of callers elsewhere.
    const isOdd = own?.includes("error ERR_SOCKET_CLOSED");
    assert.deepEqual(ours, isOdd ? ["end", "error ECONNRESET", "close true"] : own);
  }
});

test("destroying it at any time closes what it was given", async () => {
  using listener = startGreeter({ alpnProtocols: ["http/1.1"] });
  await leavesNothing(async () => {
    const stages: readonly ((socket: Duplex) => unknown)[] = [
      () => {},
      () => new Promise((resolve) => setTimeout(resolve)),
      (socket) => once(socket, "secureConnect"),
    ];
    for (const stage of stages) {
      const { socket, closed } = openPlain(listener.addr.port);
      const over = tlsSocket({ socket, ca, servername: "localhost", sessions: false });
      await stage(over);
      over.destroy();
      await soon("the end of the net.Socket", closed);
    }
  });
});

for (const [whose, connect] of Object.entries(connects)) {
  test(`over a transport without addresses there are none (${whose})`, async () => {
    const [near, far] = duplexPair();
    const { cert, key } = certificates().server;
    const accepting = acceptTls(far, { cert, key });
    const socket = connect({ socket: near, servername: "localhost", ca }) as TlsSocket;
    await soon("secureConnect", once(socket, "secureConnect"));
    using _served = await soon("handshake", accepting);
    const { remoteAddress, remoteFamily, remotePort, localAddress, localPort } = socket;
    assert.deepEqual(
      [remoteAddress, remoteFamily, remotePort, localAddress, localPort],
      [undefined, undefined, undefined, undefined, undefined],
    );
    // Bun's own gives an object whose members are all `undefined`.
    if (whose === "ours") assert.deepEqual(socket.address(), {});
    socket.destroy();
  });
}

test("the name to verify is the caller's, and must be given", () => {
  const [socket] = duplexPair();
  for (const given of [{}, { servername: "" }, { port: 443 }]) {
    assert.throws(() => tlsSocket({ socket, ...given }), (error) => {
      assert.ok(error instanceof OptionError);
      return error.option === "host" && /does not tell whom it leads to/.test(error.message);
    });
  }
  assert.equal(socket.destroyed, false);
  for (const wrong of [{}, 3, new Uint8Array(3), duplexPair({ readableObjectMode: true })[0]]) {
    assert.throws(() => tlsSocket({ socket: wrong as Duplex, host: "localhost" }), {
      option: "socket",
    });
  }
  socket.destroy();
});

test("early data go through a tunnel, too", { needs: "earlyData" }, async () => {
  using listener = startGreeter({ maxEarlyData: 16_384 });
  const sessions = new MemorySessionStore();
  for (const expected of ["not-sent", "accepted"]) {
    const { socket } = openPlain(listener.addr.port);
    const over = tlsSocket({
      socket,
      ca,
      host: "localhost",
      port: 443,
      sessions,
      earlyData: safe.http1,
      optimisticSecureConnect: true,
    });
    await soon("secureConnect", once(over, "secureConnect"));
    over.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const [answer] = await soon("data", once(over, "data"));
    assert.match(String(answer), /^GET /);
    assert.equal(over.earlyData, expected);
    over.destroy();
  }
});
