/** Sockets whose transport a function opens, once it is known where to. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import {
  type AnyTransport,
  connect,
  OptionError,
  type SessionStore,
  type StoredSession,
  TlsError,
  type TlsSocket,
  tlsSocket,
  type TlsSocketOptions,
  type TransportWanted,
} from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { onceHeard, startRawServer } from "../../fixtures/hostile_server.ts";
import { here, startListener, until } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";
import { engineUnderTest } from "../../peers/engine.ts";
import { encode } from "../../peers/exchange.ts";
import { soon } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

const { ca } = certificates();

/** Agrees on TLS in the clear: "please", "yes". */
async function agree(wanted: TransportWanted) {
  const conn = await connect({ ...wanted, data: encode("please") });
  const answer = new Uint8Array(3);
  await conn.read(answer);
  assert.equal(new TextDecoder().decode(answer), "yes");
  return conn;
}

/** A server that agrees so, and then is the TLS server at `port`. */
function startAgreeing(port: number) {
  return startRawServer(async (socket) => {
    onceHeard(socket, () => socket.write("yes"));
    await once(socket, "data");
    const upstream = await connect({ hostname: here, port });
    socket.pipe(upstream.duplex).pipe(socket);
  });
}

function open(socket: TlsSocketOptions["socket"], options: TlsSocketOptions = {}): TlsSocket {
  return tlsSocket({ ca, sessions: false, engine: engineUnderTest(), socket, ...options });
}

/** Resolves with the error that destroys a socket. */
async function failure(socket: TlsSocket): Promise<Error & { code?: string }> {
  const [error] = await soon("error", once(socket, "error"));
  return error as Error;
}

/** Serves "hello" to everybody. */
function startGreeter() {
  const listener = startListener({ onHandshakeError: () => {} });
  (async () => {
    for await (const conn of listener) {
      conn.write(encode("hello")).then(() => conn.closeWrite()).catch(() => {}).finally(() =>
        conn.close()
      );
    }
  })();
  return listener;
}

test("a function opens the transport when the socket connects, and is told where to", async () => {
  await leavesNothing(async () => {
    using listener = startGreeter();
    await using server = await startAgreeing(listener.addr.port);
    const lookup: NonNullable<TlsSocketOptions["lookup"]> = (_name, _options, found) =>
      found(null, [{ address: here, family: 4 }]);
    const wanted: TransportWanted[] = [];
    const socket = open((each) => {
      wanted.push(each);
      return agree(each);
    }, { lookup, fastOpen: false, family: 4, localAddress: here, connectTimeout: 9_000 });
    const heard: string[] = [];
    for (const event of ["connect", "ready", "secureConnect", "end", "close"]) {
      socket.on(event, () => heard.push(event));
    }
    assert.deepEqual([socket.pending, wanted.length], [true, 0]);
    socket.connect(server.port, "localhost");
    const [data] = await soon("data", once(socket, "data"));
    assert.equal(String(data), "hello");
    await soon("close", once(socket, "close"));
    assert.deepEqual(heard, ["connect", "ready", "secureConnect", "end", "close"]);
    const [{ signal: _signal, connectTimeout, ...where } = {} as TransportWanted] = wanted;
    assert.deepEqual(where, {
      ...{ hostname: "localhost", port: server.port, fastOpen: false, family: 4 },
      ...{ lookup, localAddress: here },
    });
    assert.ok(connectTimeout! > 0 && connectTimeout! <= 9_000);
    assert.equal(socket.remotePort, server.port);
    assert.equal(socket.fastOpen?.outcome, "disabled");
  });
});

test("the name that is verified is the socket's, not the transport's", async () => {
  await leavesNothing(async () => {
    using listener = startGreeter();
    await using server = await startAgreeing(listener.addr.port);
    const elsewhere = (wanted: TransportWanted) => agree({ ...wanted, hostname: here });
    const socket = open(elsewhere, { host: "elsewhere.test", port: server.port });
    assert.equal((await failure(socket)).code, "ERR_TLS_CERT_ALTNAME_INVALID");
    const named = open(elsewhere, {
      ...{ host: "elsewhere.test", port: server.port, servername: "localhost" },
    });
    await soon("secureConnect", once(named, "secureConnect"));
    named.destroy();
  });
});

test("a transport that is opened too late is closed, and the signal tells", async () => {
  await leavesNothing(async () => {
    await using silent = await startRawServer(() => {});
    for (const [end, code] of [["time-out", "ETIMEDOUT"], ["destroy", undefined]] as const) {
      const opening = Promise.withResolvers<AnyTransport>();
      let signal: AbortSignal | undefined;
      const socket = open((wanted) => {
        ({ signal } = wanted);
        return opening.promise;
      }, { host: here, port: silent.port, connectTimeout: end === "time-out" ? 20 : 9_000 });
      const closed = once(socket, "close").catch((error) => error);
      await until(() => signal !== undefined);
      if (end === "destroy") socket.destroy();
      const error = await soon("close", closed);
      assert.equal(error.code, code);
      assert.equal(signal?.aborted, true);
      const conn = await connect({ hostname: here, port: silent.port });
      opening.resolve(conn);
      await until(() => isClosed(conn));
    }
  });
});

/** Whether a connection was closed on this side. */
function isClosed(conn: { ref(): void; readonly duplex: unknown }): boolean {
  try {
    return (conn.duplex as Socket).destroyed;
  } catch {
    return true;
  }
}

test("what the function throws is the socket's error; what it may not return is one, too", async () => {
  const thrown = new Error("no proxy today");
  const fail = () => Promise.reject(thrown);
  const where = { host: here, port: 1 };
  assert.equal(await failure(open(fail, where)), thrown);
  const nothing = (() => undefined) as never;
  const error = await failure(open(nothing, where));
  assert.ok(error instanceof OptionError && error.option === "socket", String(error));
});

test("a ticket that was not used, as no transport could be opened, is put back", {
  needs: "earlyData",
}, async () => {
  const kept: StoredSession[] = [];
  const sessions: SessionStore = {
    take: () => kept.shift(),
    put: (_key, session) => void kept.push(session),
  };
  using listener = startGreeter();
  await using server = await startAgreeing(listener.addr.port);
  const where = { host: here, port: server.port, sessions };
  const first = open(agree, where);
  await soon("data", once(first, "data"));
  await soon("close", once(first, "close"));
  const before = kept.length;
  assert.ok(before > 0);
  const failing = open(() => Promise.reject(new Error("no")), {
    ...{ ...where, earlyData: "first-write" },
  });
  await failure(failing);
  assert.equal(kept.length, before);
  const second = open(agree, where);
  await soon("secureConnect", once(second, "secureConnect"));
  assert.equal(second.isSessionReused(), true);
  second.destroy();
});

test("what was sent in the clear behind the agreement ends the handshake", async () => {
  await using server = await startRawServer((socket) =>
    onceHeard(socket, () => socket.write("yes!"))
  );
  const socket = open(agree, { host: here, port: server.port });
  const { cause } = await failure(socket);
  assert.ok(cause instanceof TlsError && cause.code === "NOT_TLS", String(cause));
});
