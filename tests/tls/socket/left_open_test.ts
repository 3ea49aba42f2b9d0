/** No connection stays in the kernel after its peer has gone and its socket is closed, however that came. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectOwnTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectOwnTls } from "node:tls";
import {
  connect,
  connectTls,
  type EarlyDataRule,
  MemorySessionStore,
  tcpSocket,
  type TlsListener,
  tlsSocket,
} from "../../../mod.ts";
import { startRawServer } from "../../fixtures/hostile_server.ts";
import { here, startListener, trusting, until } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";
import { engineUnderTest } from "../../peers/engine.ts";
import { leftOpen } from "../../peers/sockets/left_open.ts";
import { test } from "../../peers/test.ts";

const { ca } = certificates();
const engine = engineUnderTest();
const secure = { host: here, ca, engine, sessions: false } as const;

/** How a socket is made, and whether it is TLS. `conn.duplex` has no `allowHalfOpen`. */
interface Way {
  readonly isTls: boolean;
  readonly stands?: "connect" | "secureConnect";
  open(port: number, allowHalfOpen: boolean): Duplex | Promise<Duplex>;
}

const ways: Readonly<Record<string, Way>> = {
  "net.connect": {
    isTls: false,
    stands: "connect",
    open: (port, allowHalfOpen) => connectOwnTcp({ host: here, port, allowHalfOpen }),
  },
  "tcpSocket": {
    isTls: false,
    stands: "connect",
    open: (port, allowHalfOpen) => tcpSocket({ host: here, port, allowHalfOpen }),
  },
  "duplex of connect": {
    isTls: false,
    open: async (port) => (await connect({ hostname: here, port })).duplex,
  },
  "tls.connect": {
    isTls: true,
    stands: "secureConnect",
    open: (port, allowHalfOpen) => connectOwnTls({ host: here, port, ca, allowHalfOpen } as object),
  },
  "tlsSocket": {
    isTls: true,
    stands: "secureConnect",
    open: (port, allowHalfOpen) => tlsSocket({ ...secure, port, allowHalfOpen }),
  },
  "duplex of connectTls": {
    isTls: true,
    open: async (port) => (await connectTls({ hostname: here, port, ...trusting })).duplex,
  },
};

/** What the peer sends before its end, and what is done here then. */
const endings: Readonly<Record<string, { readonly data?: string; act(socket: Duplex): void }>> = {
  "nobody reads, and there is nothing to read": { act: () => {} },
  "nobody reads what is there, then it is destroyed": {
    data: "unread",
    act: (socket) => void socket.destroy(),
  },
  "nobody reads what is there, then it is ended and read": {
    data: "unread",
    act: (socket) => void socket.end().resume(),
  },
};

test("after the peer's polite end no socket leaves its connection behind", async () => {
  using listener = startListener();
  await using plain = await startRawServer((socket) => answer(socket));
  let data: string | undefined;
  const answer = (peer: Duplex): void => {
    peer.on("error", () => {}).resume();
    if (data === undefined) peer.end();
    else peer.end(data);
  };
  (async () => {
    for await (const { duplex } of listener) answer(duplex);
  })();
  for (const [name, { isTls, stands, open }] of Object.entries(ways)) {
    const { port } = isTls ? listener.addr : plain;
    for (const [what, ending] of Object.entries(endings)) {
      ({ data } = ending);
      const socket = await open(port, false);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => {});
      if (stands) await once(socket, stands);
      if (data !== undefined) await until(() => leftOpen(port).includes("CLOSE-WAIT"));
      ending.act(socket);
      await closed;
      await until(() => leftOpen(port).length === 0).catch(() => {
        assert.fail(`${name}, ${what}: ${leftOpen(port)}`);
      });
    }
  }
});

/** Answers each connection, and ends. */
async function serveTickets(listener: TlsListener): Promise<void> {
  for await (const { duplex } of listener) duplex.on("error", () => {}).resume().end("hello");
}

/** Whatever is written first may ride. */
const anything: EarlyDataRule = { mayRide: ({ length }) => length };

for (const isDestroyed of [false, true]) {
  const what = isDestroyed ? "and it is destroyed then" : "and it fails by itself";
  test(`the peer ends while early data wait for an answer, ${what}: nothing is left`, {
    needs: "earlyData",
  }, async () => {
    using inner = startListener();
    serveTickets(inner);
    let behave = (socket: Socket): void => {
      const upstream = connectOwnTcp(inner.addr.port, here);
      upstream.on("error", () => {}).pipe(socket).pipe(upstream);
    };
    await using front = await startRawServer((socket) => behave(socket));
    const { port } = front;
    const sessions = new MemorySessionStore();
    const open = () => {
      const options = { ...secure, port, sessions, earlyData: anything };
      return tlsSocket(options).on("error", () => {});
    };
    const first = open();
    first.end("a ticket, please").resume();
    await once(first, "close");
    const ended: Socket[] = [];
    behave = (socket) => {
      ended.push(socket);
      socket.once("data", () => socket.end());
    };
    const socket = open();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write("early");
    await until(() => ended.length > 0);
    if (isDestroyed) socket.destroy();
    await closed;
    await until(() => leftOpen(port).length === 0);
  });
}
