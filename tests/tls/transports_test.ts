/**
 * TLS over connections of every kind: what is exchanged, how it ends, and what is left behind.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectSocket, Socket } from "node:net";
import { Duplex, duplexPair, PassThrough } from "node:stream";
import { connect as connectOwnTls } from "node:tls";
import {
  type AnyTransport,
  type ConnectError,
  MemorySessionStore,
  type OptionError,
  serverMemory,
  startTls,
  type StartTlsOptions,
  StreamConn,
  tcpSocket,
  type TlsConn,
} from "../../mod.ts";
import { runtime } from "../../runtimes/mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { assertFails, connectError, optionError, tlsError } from "../fixtures/hostile_failure.ts";
import { closedPort, type RawServer, startRawServer } from "../fixtures/hostile_server.ts";
import { here, startListener, until } from "../fixtures/hostile_ways.ts";
import { relay, type Scene, transports, trust } from "../fixtures/transports.ts";
import { certificates } from "../peers/certificates.ts";
import { can, codesOf } from "../peers/engine.ts";
import { encode, readText } from "../peers/exchange.ts";
import { test } from "../peers/test.ts";

/** Starts TLS by the engine under test. */
function secure(transport: AnyTransport, options: StartTlsOptions = {}): Promise<TlsConn> {
  return startTls(transport, { hostname: "localhost", ...trust, ...options });
}

/** Sends everything back, and says goodbye after its client. */
async function echo(conn: TlsConn): Promise<void> {
  try {
    const chunk = new Uint8Array(64 * 1024);
    for (let length; (length = await conn.read(chunk)) !== null;) {
      await conn.write(chunk.subarray(0, length));
    }
    await conn.closeWrite();
  } finally {
    conn.close();
  }
}

/** A scene whose server does as `serve` says, behind a server in the clear that can be cut. */
async function inScene(
  serve: (conn: TlsConn) => Promise<unknown>,
  play: (scene: Scene, gate: RawServer) => Promise<void>,
): Promise<void> {
  await leavesNothing(async () => {
    using opened = new DisposableStack();
    const listener = opened.use(startListener({ onHandshakeError: () => {} }));
    (async () => {
      for await (const conn of listener) serve(conn).catch(() => {});
    })();
    const { port } = listener.addr;
    await using gate = await startRawServer((socket) => {
      // Deno's net.connect may leave a descriptor when it is destroyed amid the end of its peer.
      relay(socket, tcpSocket({ host: here, port, allowHalfOpen: true }));
    });
    await play({ port: gate.port, open: (each) => opened.use(each) }, gate);
  });
}

/** Waits until a transport is closed. */
async function closed(transport: AnyTransport): Promise<void> {
  if (!(transport instanceof StreamConn)) return await until(() => transport.destroyed);
  let isOver = false;
  await until(() => {
    // While it carries another connection, it is in use.
    transport.read(new Uint8Array(1)).then(
      () => isOver = true,
      ({ code }) => isOver = code !== "IN_USE",
    );
    return isOver;
  });
}

const half = 512 * 1024;

for (const [kind, open] of Object.entries(transports)) {
  test(`over ${kind}: a megabyte in both directions, and both ends`, async () => {
    await inScene(echo, async (scene) => {
      const transport = await open(scene);
      const conn = await secure(transport);
      assert.equal(conn.protocol, "TLSv1.3");
      const { firstByte, secure: secured } = conn.timing;
      assert.ok(0 < firstByte && firstByte <= secured, `${firstByte} of ${secured}`);
      const sent = new Uint8Array(2 * half).map((_, index) => index % 251);
      const writing = conn.write(sent.subarray(0, half))
        .then(() => conn.write(sent.subarray(half)))
        .then(() => conn.closeWrite());
      const received = Buffer.from(await readText(conn), "latin1");
      await writing;
      assert.ok(received.equals(sent), `${received.length} bytes came back`);
      conn.close();
      await closed(transport);
    });
  });

  test(`over ${kind}: the server ends first`, async () => {
    const serve = async (conn: TlsConn) => {
      await conn.write(encode("goodbye"));
      await conn.closeWrite();
      await echo(conn);
    };
    await inScene(serve, async (scene) => {
      const transport = await open(scene);
      const conn = await secure(transport);
      assert.equal(await readText(conn), "goodbye");
      if (can("halfClose")) await conn.write(encode("the other half is still open"));
      conn.close();
      await closed(transport);
    });
  });

  test(`over ${kind}: a connection that is cut, and one for another name`, async () => {
    await inScene(echo, async (scene, gate) => {
      const transport = await open(scene);
      const conn = await secure(transport);
      const reading = assertFails(conn.read(new Uint8Array(1)), tlsError("TRUNCATED"));
      gate.cut();
      await reading;
      conn.close();
      await closed(transport);

      const other = await open(scene);
      const starting = secure(other, { hostname: "other.test" });
      await assert.rejects(starting, (error: { code: never }) => {
        assert.ok(codesOf("HOSTNAME_MISMATCH").includes(error.code), `${error}`);
        return true;
      });
      await closed(other);
    });
  });
}

/** What a stream's owner can see of it. */
function appearance(duplex: Duplex): object {
  const { allowHalfOpen, destroyed, readableFlowing, writableLength } = duplex;
  const listeners = ["data", "end", "error", "close", "readable", "drain"]
    .map((event) => duplex.listenerCount(event));
  return { allowHalfOpen, destroyed, readableFlowing, writableLength, listeners };
}

test("a stream does not tell whom it leads to: without a name it is refused, and left alone", async () => {
  await inScene(echo, async (scene) => {
    for (const [kind, open] of Object.entries(transports)) {
      if (kind === "a TcpConn") continue; // That was opened to a name.
      const transport = await open(scene);
      const before = transport instanceof Duplex ? appearance(transport) : undefined;
      const error = await assertFails(startTls(transport, trust), optionError(/whom it leads to/));
      assert.equal((error as OptionError).option, "hostname", kind);
      if (transport instanceof Duplex) assert.deepEqual(appearance(transport), before, kind);
      // It can still be used.
      (await startTls(transport, { ...trust, serverName: "localhost" })).close();
      await closed(transport);
    }
  });
});

test("what can't be used is refused before anything is sent, and the transport is left alone", async () => {
  await inScene(echo, async (scene) => {
    const socket = connectSocket({ host: here, port: scene.port });
    await once(socket, "connect");
    const before = appearance(socket);
    const wrong: [StartTlsOptions, string][] = [
      [{ cert: "no PEM", key: "no PEM" }, "INVALID_PEM"],
      [{ caCerts: ["no PEM"] }, "INVALID_PEM"],
      [{ port: 0 }, "INVALID_OPTION"],
      [{ groups: ["x25519"], engine: "runtime", postHandshakeAuth: true }, "FEATURE_UNAVAILABLE"],
    ];
    for (const [options, code] of wrong) {
      await assert.rejects(secure(socket, options), { code });
      assert.deepEqual(appearance(socket), before);
    }
    assert.equal(socket.bytesWritten, 0);
    (await secure(socket)).close();
    await closed(socket);
  });
});

test("a stream that gives no bytes, or that somebody else reads, is refused", async () => {
  const read = new PassThrough();
  read.on("readable", () => {});
  const refused: Readonly<Record<string, Duplex>> = {
    "object mode": new PassThrough({ objectMode: true }),
    "object mode of one side": new PassThrough({ readableObjectMode: true }),
    "an encoding": new PassThrough().setEncoding("latin1"),
    "a listener of readable": read,
  };
  for (const [what, stream] of Object.entries(refused)) {
    const error = await assertFails(secure(stream), optionError(/a stream of bytes; this one/));
    assert.equal((error as OptionError).option, "transport", what);
    assert.equal(stream.destroyed, false, what);
  }
});

test("a stream that is over, or not begun, is refused at once", async () => {
  await leavesNothing(async () => {
    const destroyed = new PassThrough();
    destroyed.destroy();
    const finished = new PassThrough();
    finished.end();
    const [ended, other] = duplexPair();
    other.end();
    await once(ended.resume(), "end");
    const over = { destroyed, finished, ended, unconnected: new Socket() };
    for (const stream of Object.values(over)) {
      const peer = { hostname: "localhost", port: 0 };
      const error = await assertFails(secure(stream), connectError("CONNECTION_CLOSED"), peer);
      assert.match(error.message, /^The transport of the connection to "localhost" /);
    }
  });
});

test("TLS is started once on a stream", async () => {
  await inScene(echo, async (scene) => {
    const socket = connectSocket({ host: here, port: scene.port });
    const [first, second] = await Promise.allSettled([secure(socket), secure(socket)]);
    assert.equal(second.status, "rejected");
    assert.equal(second.reason.code, "CONNECTION_CLOSED");
    assert.match(second.reason.message, /carries TLS already$/);
    assert.equal(first.status, "fulfilled");
    await assertFails(secure(socket), connectError("CONNECTION_CLOSED", /carries TLS already$/));
    first.value.close();
  });
});

test("an error of the transport is told with its cause, whenever it comes", async () => {
  await inScene(echo, async ({ port }) => {
    const cause = new Error("the channel is gone");
    const says = /^The transport of the connection to "localhost:7" broke: the channel is gone$/;
    const expected = connectError("TRANSPORT_FAILED", says);
    const checkCause = (error: Error) => assert.equal(error.cause, cause);

    const early = connectSocket({ host: here, port });
    const starting = secure(early, { port: 7 });
    early.destroy(cause);
    checkCause(await assertFails(starting, expected, { hostname: "localhost", port: 7 }));

    await using silent = await startRawServer((socket) => void socket.resume());
    const during = connectSocket({ host: here, port: silent.port });
    const waiting = secure(during, { port: 7 });
    await until(() => silent.accepted > 0);
    during.destroy(cause);
    checkCause(await assertFails(waiting, expected));

    const late = connectSocket({ host: here, port });
    using conn = await secure(late, { port: 7 });
    const reading = assertFails(conn.read(new Uint8Array(1)), expected);
    late.destroy(cause);
    checkCause(await reading);
    checkCause(await assertFails(conn.write(new Uint8Array(1)), expected));
  });
});

test("what the system says of a socket keeps its meaning", async () => {
  await leavesNothing(async () => {
    const refused = connectSocket({ host: here, port: await closedPort() });
    const error = await assertFails(secure(refused), connectError("CONNECTION_REFUSED"));
    assert.equal((error as ConnectError).errno, "ECONNREFUSED");
    assert.equal((error.cause as { code?: string }).code, "ECONNREFUSED");
    await using resetting = await startRawServer((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    const reset = connectSocket({ host: here, port: resetting.port });
    await assertFails(secure(reset), connectError("CONNECTION_RESET", /^The transport of /));
    await closed(reset);
  });
});

/** A stream that takes everything, and never says anything. */
class Silent extends Duplex {
  readonly connecting: boolean;
  written = 0;

  constructor(connecting = false) {
    super();
    this.connecting = connecting;
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.written += chunk.length;
    done();
  }
}

test("a time-out and an abort close the transport, and say how far it was", async () => {
  await leavesNothing(async () => {
    const says = (stage: string) => new RegExp(`within 20 ms: ${stage}$`);
    const open = new Silent();
    const late = connectError("TIMED_OUT", says("the TLS handshake was not complete"));
    await assertFails(secure(open, { connectTimeout: 20 }), late);
    await closed(open);
    const connecting = new Silent(true);
    const early = connectError("TIMED_OUT", says("its transport was still being connected"));
    await assertFails(secure(connecting, { connectTimeout: 20 }), early);
    await closed(connecting);
    const reason = new Error("not any more");
    const aborted = new Silent();
    await assert.rejects(secure(aborted, { signal: AbortSignal.abort(reason) }), reason);
    await closed(aborted);
    assert.equal(aborted.written, 0);
    const controller = new AbortController();
    const given = new Silent();
    const starting = secure(given, { signal: controller.signal });
    await until(() => given.written > 0);
    controller.abort(reason);
    await assert.rejects(starting, reason);
    await closed(given);
  });
});

test("a transport that never stood, or broke by itself, is not the server's refusal", {
  needs: "resumption",
}, async () => {
  const serve = async (conn: TlsConn) => {
    await conn.write(encode("x")); // Behind the tickets.
    await echo(conn);
  };
  await inScene(serve, async ({ port }) => {
    const sessions = new MemorySessionStore();
    const options = { sessions, port: 9 };
    const refusing = await closedPort();
    for (const resumed of [false, true]) {
      const socket = connectSocket({ host: here, port });
      using conn = await secure(socket, options);
      await conn.read(new Uint8Array(1));
      assert.equal(conn.resumed, resumed);
      conn.close();
      const refused = connectSocket({ host: here, port: refusing });
      await assertFails(secure(refused, options), connectError("CONNECTION_REFUSED"));
      const never = secure(new Silent(true), { ...options, connectTimeout: 5 });
      await assertFails(never, connectError("TIMED_OUT"));
      const broken = new Silent();
      const starting = secure(broken, options);
      await until(() => broken.written > 0);
      broken.destroy(new Error("the channel is gone"));
      await assertFails(starting, connectError("TRANSPORT_FAILED"));
    }
    const known = serverMemory.entries().find((each) => each.port === options.port);
    assert.deepEqual(known?.spared, []);
  });
});

test("a transport that ends while the session store is asked is not waited for", async () => {
  await leavesNothing(async () => {
    for (const end of ["closed", "ended"]) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const sessions = { take: () => promise, put() {} };
      const [near, far] = duplexPair();
      const starting = secure(near, { sessions });
      if (end === "closed") near.destroy();
      else {
        far.end();
        await once(near.resume(), "end");
      }
      setTimeout(() => resolve(undefined), 5);
      const verdict = connectError("CONNECTION_CLOSED", /^The transport of the connection to /);
      if (can("resumption")) await assertFails(starting, verdict);
      else await assert.rejects(starting);
      far.destroy();
    }
  });
});

test("a write that throws in the stream is its error, and no uncaught one", async () => {
  await leavesNothing(async () => {
    class Throwing extends Silent {
      override _write(): void {
        throw new RangeError("not this");
      }
    }
    const error = await assertFails(secure(new Throwing()), connectError("TRANSPORT_FAILED"));
    assert.ok(error.cause instanceof RangeError);
  });
});

test("what was said in the clear before the handshake ends it, and is nobody's data", async () => {
  await leavesNothing(async () => {
    for (const how of ["buffered", "unshifted"] as const) {
      const [near, far] = duplexPair();
      far.resume(); // The hello goes nowhere.
      if (how === "buffered") far.write("220 injected\r\n");
      else near.unshift(encode("220 injected\r\n"));
      const starting = secure(near);
      await assertFails(starting, tlsError("NOT_TLS", /began with "220 injected"$/));
      await closed(near);
    }
  });
});

test("what arrived of the handshake before it is read is not lost", async () => {
  await inScene(echo, async (scene) => {
    const socket = connectSocket({ host: here, port: scene.port });
    const [near, far] = duplexPair();
    // The server's whole flight goes back by unshift, as what an HTTP parser has read too much.
    far.once("data", (hello) => {
      socket.write(hello);
      socket.once("data", (flight) => {
        near.unshift(flight);
        relay(far, socket);
      });
    });
    using conn = await secure(near);
    await conn.write(encode("hello"));
    assert.equal(await conn.read(new Uint8Array(9)), 5);
  });
});

test("a stream that begins to give text fails", async () => {
  await inScene(echo, async (scene) => {
    const socket = connectSocket({ host: here, port: scene.port });
    using conn = await secure(socket);
    socket.setEncoding("latin1");
    await conn.write(encode("hello"));
    const says = /gave a string in the place of bytes$/;
    await assertFails(conn.read(new Uint8Array(9)), connectError("TRANSPORT_FAILED", says));
  });
});

test("who writes waits for the transport, and who does not read holds it back", async () => {
  let sent = 0;
  const serve = async (conn: TlsConn) => {
    const chunk = new Uint8Array(64 * 1024);
    while (sent < 100e6) sent += await conn.write(chunk);
  };
  await inScene(serve, async ({ port }) => {
    // The pair holds next to nothing, so that all that is not held back would show.
    const [near, far] = duplexPair();
    const socket = connectSocket({ host: here, port });
    relay(far, socket);
    using conn = await secure(near);
    const until = async (still: () => number) => {
      for (let last = -1; last !== still(); await new Promise((next) => setTimeout(next, 30))) {
        last = still();
      }
    };
    await until(() => socket.bytesRead);
    assert.ok(near.readableFlowing === false, "it is paused");
    assert.ok(socket.bytesRead < 3e6, `${socket.bytesRead} bytes were read`);
    far.unpipe(socket).pause();
    const before = socket.bytesWritten;
    let isWritten = false;
    conn.write(new Uint8Array(2e6)).then(() => isWritten = true, () => {});
    await until(() => near.writableLength);
    assert.equal(isWritten, false);
    assert.ok(near.writableLength + far.readableLength < 1.5e6, `${near.writableLength}`);
    assert.equal(socket.bytesWritten, before);
  });
});

test("what a stream was given does not change afterwards", async () => {
  await inScene(echo, async ({ port }) => {
    const given: { kept: Uint8Array; copy: Uint8Array }[] = [];
    const socket = connectSocket({ host: here, port });
    const [near, far] = duplexPair();
    far.on("data", (kept: Uint8Array) => {
      given.push({ kept, copy: new Uint8Array(kept) });
      socket.write(new Uint8Array(kept));
    });
    socket.pipe(far);
    using conn = await secure(near);
    for (let index = 1; index <= 8; index++) {
      await conn.write(new Uint8Array(100_000).fill(index));
      for (let have = 0; have < 100_000;) have += await conn.read(new Uint8Array(100_000)) ?? 0;
    }
    assert.ok(given.length > 8);
    for (const { kept, copy } of given) assert.ok(Buffer.from(kept).equals(copy));
    socket.destroy();
  });
});

test("ref and unref reach the stream, where it has them", async () => {
  await inScene(echo, async ({ port }) => {
    const socket = connectSocket({ host: here, port });
    const calls: string[] = [];
    const { ref, unref } = socket;
    socket.ref = () => (calls.push("ref"), ref.call(socket));
    socket.unref = () => (calls.push("unref"), unref.call(socket));
    using conn = await secure(socket);
    calls.splice(0);
    conn.unref();
    conn.ref();
    assert.deepEqual(calls, ["unref", "ref"]);
    const [near, far] = duplexPair();
    relay(far, connectSocket({ host: here, port }));
    using other = await secure(near);
    other.unref(); // Does nothing: nothing keeps the process alive but what is behind the pair.
    other.ref();
  });
});

test("a TlsConn that is being read from is refused, and goes on", async () => {
  await inScene(echo, async (scene) => {
    using outer = await transports["a TlsConn"]?.(scene) as TlsConn;
    const reading = outer.read(new Uint8Array(16));
    const inUse = connectError("IN_USE", /by a read, a write/);
    await assertFails(secure(outer), inUse);
    const pulling = outer.readable.getReader().read();
    await assertFails(secure(outer), inUse);
    // The echo behind it has no TLS for this: it hangs up.
    await outer.write(new Uint8Array(600));
    await Promise.allSettled([reading, pulling]);
  });
});

test("a TlsConn that carries another one is the other's", async () => {
  await inScene(echo, async (scene) => {
    let conn: TlsConn;
    {
      using outer = await transports["a TlsConn"]?.(scene) as TlsConn;
      await using again = outer;
      conn = await secure(again);
      const inUse = connectError("IN_USE", /its duplex has the bytes/);
      await assertFails(outer.read(new Uint8Array(1)), inUse);
      assert.throws(() => outer.readable, { code: "IN_USE" });
      await assertFails(secure(outer), connectError("CONNECTION_CLOSED"));
      outer.close(); // Closes nothing any more.
      assert.deepEqual(conn.remoteAddr, outer.remoteAddr);
      assert.deepEqual(conn.fastOpen, outer.fastOpen);
    }
    await conn.write(encode("still there"));
    assert.equal(await conn.read(new Uint8Array(99)), 11);
    conn.close();
  });
});

test("the two ends are what the stream says, and Fast Open is somebody else's", async () => {
  await inScene(echo, async ({ port }) => {
    const socket = connectSocket({ host: here, port });
    using conn = await secure(socket);
    const { localPort = 0 } = socket;
    assert.deepEqual(conn.localAddr, { transport: "tcp", hostname: here, port: localPort });
    assert.deepEqual(conn.remoteAddr, { transport: "tcp", hostname: here, port });
    const { outcome, synBytes, reason } = conn.fastOpen;
    assert.deepEqual([outcome, synBytes], ["disabled", 0]);
    assert.match(reason ?? "", /somebody else/);
    const [near, far] = duplexPair();
    relay(far, connectSocket({ host: here, port }));
    using other = await secure(near);
    const unknown = { transport: "tcp", hostname: "", port: 0 };
    assert.deepEqual([other.localAddr, other.remoteAddr], [unknown, unknown]);
  });
});

/** What the Node face of a connection tells before it is closed. */
interface Fate {
  readonly ended: boolean;
  readonly failed: boolean;
}

/** Bun's own sockets "end" also when they are destroyed. */
const runtimeEndsAll = runtime.name === "bun";

/** What may happen to a connection over a socket, and what node:tls makes of that. */
const fates: Readonly<Record<string, { act(tls: Duplex, socket: Socket): void; fate: Fate }>> = {
  "it is ended": {
    act: (tls) => void tls.end(),
    fate: { ended: true, failed: false },
  },
  "it is destroyed": {
    act: (tls) => void tls.destroy(),
    fate: { ended: false, failed: false },
  },
  "its socket breaks": {
    act: (_, socket) => void socket.destroy(new Error("broken")),
    fate: { ended: false, failed: true },
  },
};

for (const [what, { act, fate }] of Object.entries(fates)) {
  test(`${what}: the socket below is closed, as below a tls.TLSSocket`, async () => {
    await inScene(echo, async ({ port }) => {
      for (const whose of ["node:tls's", "this module's"]) {
        const socket = connectSocket({ host: here, port }).on("error", () => {});
        let face: Duplex;
        if (whose === "this module's") face = (await secure(socket)).duplex;
        else {
          const { ca } = certificates();
          face = connectOwnTls({ socket, ca, servername: "localhost" });
          await once(face, "secureConnect");
        }
        const seen = { ended: false, failed: false };
        face.on("end", () => seen.ended = true).on("error", () => seen.failed = true).resume();
        act(face, socket);
        await until(() => face.closed && socket.closed);
        if (whose !== "this module's" && runtimeEndsAll) seen.ended = fate.ended;
        assert.deepEqual(seen, fate, whose);
      }
    });
  });
}
