import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import {
  connect,
  ConnectError,
  FirstFlightError,
  type SessionStore,
  startTls,
  type StoredSession,
  type StreamConn,
  TlsError,
  type TlsListener,
} from "../../mod.ts";
import { leavesNothing, sleep } from "../fixtures/hostile_census.ts";
import {
  assertFails,
  connectError,
  failureOf,
  optionError,
  type Verdict,
} from "../fixtures/hostile_failure.ts";
import { closedPort, startRawServer } from "../fixtures/hostile_server.ts";
import { here, pair, startListener, trusting, until, ways } from "../fixtures/hostile_ways.ts";
import { featuresOf } from "../../tls/engine/features.ts";

// Use after the end

/** A connection of each kind, with a peer that takes everything and sends a little. */
const kinds: Readonly<
  Record<
    string,
    { closed: Verdict; use: (work: (conn: StreamConn) => Promise<void>) => Promise<void> }
  >
> = {
  TcpConn: {
    closed: connectError("CONNECTION_CLOSED"),
    async use(work) {
      await using server = await startRawServer((socket) => {
        socket.resume().write(new Uint8Array(100));
      });
      using conn = await connect({ hostname: here, port: server.port });
      await sleep(20); // Deno's server can't write any more once it has seen an end before that.
      await work(conn);
    },
  },
  TlsConn: {
    closed: connectError("CONNECTION_CLOSED"),
    async use(work) {
      using listener = startListener();
      const { client, server } = await pair(listener);
      using _ = client;
      await server.write(new Uint8Array(100));
      (async () => {
        while (await server.read(new Uint8Array(1_000)) !== null);
      })().catch(() => {}).finally(() => server.close());
      await work(client);
    },
  },
};

for (const [kind, { closed, use }] of Object.entries(kinds)) {
  test(`${kind}: every use after close() is refused, and closing again is not`, async () => {
    await leavesNothing(async () => {
      await use(async (conn) => {
        conn.close();
        await assertFails(conn.read(new Uint8Array(1)), closed);
        await assertFails(conn.write(new Uint8Array(1)), closed);
        await assertFails(conn.write(new Uint8Array(0)), closed);
        await assertFails(conn.closeWrite(), closed);
        await assertFails(conn.readable.getReader().read(), closed);
        await assertFails(conn.writable.getWriter().write(new Uint8Array(1)), closed);
        conn.close();
        conn[Symbol.dispose]();
        await conn[Symbol.asyncDispose]();
        conn.ref();
        conn.unref();
        assert.equal(conn.remoteAddr.hostname, here);
        assert.ok(conn.fastOpen.outcome);
      });
    });
  });

  test(`${kind}: close() ends reads and writes that wait`, async () => {
    await leavesNothing(async () => {
      await use(async (conn) => {
        await conn.read(new Uint8Array(100));
        const waiting = [conn.read(new Uint8Array(1)), conn.read(new Uint8Array(1))];
        const failures = waiting.map((each) => assertFails(each, closed));
        await sleep(5);
        conn.close();
        await Promise.all(failures);
      });
    });
  });

  test(`${kind}: closeWrite() can be called again, and writing after it is refused`, async () => {
    await leavesNothing(async () => {
      await use(async (conn) => {
        await Promise.all([conn.closeWrite(), conn.closeWrite(), conn.closeWrite()]);
        await conn.closeWrite();
        await failureOf(conn.write(new Uint8Array(1)));
        assert.equal(await conn.read(new Uint8Array(1_000)), 100);
      });
    });
  });

  test(`${kind}: closing inside an awaited read or write is safe`, async () => {
    await leavesNothing(async () => {
      for (let round = 0; round < 10; round++) {
        await use(async (conn) => {
          const reading = conn.read(new Uint8Array(10)).then(() => conn.close());
          const writing = conn.write(new Uint8Array(100_000)).then(() => conn.close());
          await Promise.allSettled([reading, writing]);
        });
      }
    });
  });

  test(`${kind}: cancelling the readable or aborting the writable closes it`, async () => {
    await leavesNothing(async () => {
      await use(async (conn) => {
        await conn.readable.cancel("enough");
        await assertFails(conn.write(new Uint8Array(1)), closed);
      });
      await use(async (conn) => {
        await conn.writable.abort("enough");
        await assertFails(conn.read(new Uint8Array(1)), closed);
      });
      await use(async (conn) => {
        for await (const chunk of conn.readable) {
          assert.equal(chunk.length, 100);
          break;
        }
        await assertFails(conn.write(new Uint8Array(1)), closed);
      });
    });
  });

  test(`${kind}: what is no bytes is neither read into nor written`, async () => {
    await leavesNothing(async () => {
      await use(async (conn) => {
        const odd = [
          "text",
          null,
          undefined,
          5,
          {},
          [1, 2],
          new ArrayBuffer(4),
          new Uint16Array(4),
        ];
        for (const value of [...odd, new DataView(new ArrayBuffer(4))]) {
          for (const call of [conn.read(value as never), conn.write(value as never)]) {
            const error = await failureOf(call);
            const says = `${value} gave ${error}`;
            assert.ok(error instanceof FirstFlightError, says);
            assert.equal(error.code, "INVALID_OPTION", says);
          }
        }
        assert.equal(await conn.read(new Uint8Array(1_000)), 100);
      });
    });
  });

  test(`${kind}: empty reads and writes do nothing`, async () => {
    await leavesNothing(async () => {
      await use(async (conn) => {
        assert.equal(await conn.write(new Uint8Array(0)), 0);
        assert.equal(await conn.read(new Uint8Array(0)), 0);
        assert.equal(await conn.read(new Uint8Array(1_000)), 100);
        assert.equal(await conn.read(new Uint8Array(0)), 0);
      });
    });
  });
}

test("a connection that startTls took over can't be used any more", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    using plain = await connect({ hostname: here, port: listener.addr.port });
    const pending = assertFails(plain.read(new Uint8Array(1)), connectError("CONNECTION_CLOSED"));
    using secure = await startTls(plain, trusting);
    using server = await listener.accept();
    await pending;
    for (
      const use of [
        () => plain.read(new Uint8Array(1)),
        () => plain.write(new Uint8Array(1)),
        () => plain.closeWrite(),
        () => startTls(plain, trusting),
      ]
    ) {
      await assertFails(use(), connectError("CONNECTION_CLOSED"));
    }
    plain.ref();
    plain.unref();
    secure.ref();
    plain.close();
    await secure.write(new Uint8Array(3));
    assert.equal(await server.read(new Uint8Array(9)), 3);
  });
});

test("startTls on a closed connection is refused, and so is a second one at the same time", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { port } = listener.addr;
    const closed = await connect({ hostname: here, port });
    closed.close();
    await assertFails(startTls(closed, trusting), connectError("CONNECTION_CLOSED"));

    const plain = await connect({ hostname: here, port });
    const both = await Promise.allSettled([startTls(plain, trusting), startTls(plain, trusting)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    for (const each of both) if (each.status === "fulfilled") each.value.close();
  });
});

test("both faces of a closed connection are closed", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { client, server } = await pair(listener);
    const { duplex } = client;
    assert.equal(client.duplex, duplex);
    duplex.on("error", () => {});
    duplex.destroy();
    await once(duplex, "close");
    await assertFails(client.read(new Uint8Array(1)), connectError("CONNECTION_CLOSED"));
    server.close();
    assert.equal(server.duplex.authorized, false);
    server.duplex.on("error", () => {}).destroy();
  });
});

// Bytes in unusual shapes and amounts

/** What {@linkcode reader} has received. */
async function receive(conn: StreamConn, length: number, size = 65_536): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const got = await conn.read(all.subarray(filled, Math.min(filled + size, length)));
    assert.ok(got !== null, `the end after ${filled} of ${length} bytes`);
    filled += got;
  }
  return all;
}

const views: Readonly<Record<string, () => Uint8Array>> = {
  "a view into the middle of a buffer": () => new Uint8Array(1_000).subarray(400, 450).fill(7),
  "a SharedArrayBuffer": () => new Uint8Array(new SharedArrayBuffer(50)).fill(7),
  "a view into a SharedArrayBuffer": () =>
    new Uint8Array(new SharedArrayBuffer(1_000), 400, 50).fill(7),
  "a resizable buffer": () => new Uint8Array(new ArrayBuffer(50, { maxByteLength: 99 })).fill(7),
};

for (const [what, make] of Object.entries(views)) {
  test(`${what} is written from and read into as any other bytes are`, async () => {
    await leavesNothing(async () => {
      using listener = startListener();
      const { client, server } = await pair(listener);
      await using echo = await startRawServer((socket) => {
        socket.on("data", (chunk) => void socket.write(chunk));
      });
      const early = make();
      const plain = await connect({ hostname: here, port: echo.port, data: early });
      for (
        const [writer, reader, sent] of [
          [client, server, 0],
          [server, client, 0],
          [plain, plain, early.length],
        ] as const
      ) {
        assert.equal(await writer.write(make()), 50);
        const into = make().fill(0);
        let received = 0;
        while (received < 50 + sent) {
          const length = await reader.read(into) ?? assert.fail("the end");
          assert.ok(into.subarray(0, length).every((byte) => byte === 7));
          received += length;
        }
        assert.equal(received, 50 + sent);
      }
      for (const conn of [client, server, plain]) conn.close();
    });
  });
}

test("a buffer may be reused as soon as its write has resolved", async () => {
  await leavesNothing(async () => {
    const sums: number[] = [];
    await using sink = await startRawServer((socket) => {
      let sum = 0;
      socket.on("data", (chunk: Uint8Array) => {
        for (let index = 0; index < chunk.length; index += 997) sum |= (chunk[index] ?? 0) ^ 7;
      });
      socket.on("end", () => {
        sums.push(sum);
        socket.end();
      });
    });
    for (let round = 0; round < 4; round++) {
      const data = new Uint8Array(3_000_000).fill(7);
      const fastOpen = round % 2 === 0;
      using conn = await connect({ hostname: here, port: sink.port, data, fastOpen });
      data.fill(9);
      const more = new Uint8Array(3_000_000).fill(7);
      await conn.write(more);
      more.fill(9);
      await conn.closeWrite();
      assert.equal(await conn.read(new Uint8Array(1)), null);
    }
    assert.deepEqual(sums, [0, 0, 0, 0]);
  });
});

test("concurrent reads share the bytes without losing or doubling one", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { client, server } = await pair(listener);
    const total = 300_000;
    const bytes = Uint8Array.from({ length: total }, (_, index) => index % 251);
    const counts = new Map<number, number>();
    let received = 0;
    const readers = Array.from({ length: 7 }, async (_, index) => {
      const into = new Uint8Array(1 + index * 1_000);
      for (let length; (length = await client.read(into)) !== null;) {
        received += length;
        for (const byte of into.subarray(0, length)) counts.set(byte, (counts.get(byte) ?? 0) + 1);
      }
    });
    await server.write(bytes);
    await server.closeWrite();
    await Promise.all(readers);
    assert.equal(received, total);
    for (const [byte, count] of counts) {
      assert.equal(count, Math.floor(total / 251) + (byte < total % 251 ? 1 : 0));
    }
    client.close();
    server.close();
  });
});

test("two writers' large writes arrive one after the other, each in one piece", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { client, server } = await pair(listener);
    const size = 700_001;
    const writes = [1, 2, 3, 4].map((value) => client.write(new Uint8Array(size).fill(value)));
    const small = client.write(Uint8Array.of(5));
    const all = await receive(server, 4 * size + 1);
    await Promise.all([...writes, small]);
    const runs: number[] = [];
    for (const byte of all) if (byte !== runs.at(-1)) runs.push(byte);
    assert.deepEqual(runs, [1, 2, 3, 4, 5]);
    client.close();
    server.close();
  });
});

test("a single write of 64 MB arrives whole in either direction", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { client, server } = await pair(listener);
    const size = 64 * 1024 * 1024;
    const bytes = new Uint8Array(size);
    for (let index = 0; index < size; index += 4093) bytes[index] = index % 251;
    for (const [from, to] of [[client, server], [server, client]] as const) {
      const writing = from.write(bytes);
      let received = 0;
      const into = new Uint8Array(256 * 1024);
      while (received < size) {
        const length = await to.read(into) ?? assert.fail(`the end after ${received} bytes`);
        const first = Math.ceil(received / 4093) * 4093 - received;
        for (let index = first; index < length; index += 4093) {
          if (into[index] !== (received + index) % 251) assert.fail(`wrong at ${received + index}`);
        }
        received += length;
      }
      assert.equal(received, size);
      assert.equal(await writing, size);
    }
    client.close();
    server.close();
  });
});

test("a thousand tiny writes at once arrive in order", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { client, server } = await pair(listener);
    const writes = Array.from({ length: 1_000 }, (_, index) => {
      return client.write(Uint8Array.of(index & 0xff));
    });
    const all = await receive(server, 1_000, 7);
    await Promise.all(writes);
    assert.ok(all.every((byte, index) => byte === (index & 0xff)));
    client.close();
    server.close();
  });
});

test("closing while a large write is under way rejects it and leaves nothing", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { client, server } = await pair(listener);
    const writing = client.write(new Uint8Array(64 * 1024 * 1024));
    const later = client.write(new Uint8Array(1));
    const failures = [writing, later].map((each) => {
      return assertFails(each, connectError("CONNECTION_CLOSED"));
    });
    await sleep(20);
    client.close();
    await Promise.all(failures);
    server.close();
  });
});

// Session stores that misbehave

/** A session that serves for `port`, as bytes of our own. */
async function aSession(port: number): Promise<StoredSession> {
  let kept: StoredSession | undefined;
  const sessions: SessionStore = {
    take: () => undefined,
    put: (_, session) => void (kept = session),
  };
  using conn = await ways.connectTls(port, { sessions });
  await conn.read(new Uint8Array(1));
  await until(() => kept !== undefined);
  return { session: new Uint8Array(kept?.session ?? []), expires: kept?.expires ?? 0 };
}

/** Serves every client a byte. */
function serving(port = 0): TlsListener {
  const listener = startListener({ maxEarlyData: 1_000, port });
  (async () => {
    for await (const conn of listener) {
      conn.write(new Uint8Array(1)).catch(() => {}).finally(() => conn.closeWrite())
        .catch(() => {}).finally(() => conn.close());
    }
  })();
  return listener;
}

function storing(take: unknown, put: unknown = () => {}): { sessions: SessionStore } {
  return { sessions: { take: take as never, put: put as never } };
}

const garbage = () => ({ session: new Uint8Array(9), expires: Date.now() + 60_000 });

const rubbish: Readonly<Record<string, unknown>> = {
  "null": null,
  "a number": 5,
  "text": "session",
  "an object": {},
  "bytes alone": new Uint8Array(100),
  "a session of text": { session: "session", expires: Date.now() + 60_000 },
  "a session of null": { session: null, expires: Date.now() + 60_000 },
  "a session of numbers": { session: [1, 2, 3], expires: Date.now() + 60_000 },
  "a session that is an ArrayBuffer": { session: new ArrayBuffer(9), expires: Infinity },
  "an empty session": { session: new Uint8Array(0), expires: Date.now() + 60_000 },
  "a session of zeros": { session: new Uint8Array(100), expires: Date.now() + 60_000 },
  "a session of garbage": { session: new Uint8Array(3_000).fill(0x30), expires: Infinity },
  "a session of a group that is no name": { ...garbage(), group: "nope:x\0" },
  "a session of a group nobody knows": { ...garbage(), group: "nope" },
  "a session until no time at all": { ...garbage(), expires: NaN },
  "a session without an end": { session: new Uint8Array(100).fill(0x30) },
};

for (const [what, taken] of Object.entries(rubbish)) {
  test(`a store that hands out ${what} costs a full handshake and nothing else`, async () => {
    await leavesNothing(async () => {
      using listener = serving();
      const { port } = listener.addr;
      for (const take of [() => taken, async () => await taken]) {
        using conn = await ways.connectTls(port, {
          ...storing(take),
          earlyData: new Uint8Array(9),
        });
        assert.equal(conn.resumed, false);
        assert.equal(conn.earlyData, "not-sent");
        assert.equal(await conn.read(new Uint8Array(9)), 1);
        if (!featuresOf("runtime").resumption) continue;
        using other = await ways.connectTls(port, { ...storing(take), engine: "runtime" });
        assert.equal(other.resumed, false);
        assert.equal(await other.read(new Uint8Array(9)), 1);
      }
    });
  });
}

test("a store that throws or rejects costs a full handshake and nothing else", async () => {
  await leavesNothing(async () => {
    using listener = serving();
    const { port } = listener.addr;
    const failing: ((reason?: unknown) => unknown)[] = [
      () => {
        throw new Error("the store is broken");
      },
      () => Promise.reject(new Error("the store is broken")),
      () => Promise.reject(undefined),
    ];
    for (const fail of failing) {
      using conn = await ways.connectTls(port, storing(fail, fail));
      assert.equal(await conn.read(new Uint8Array(9)), 1);
    }
  });
});

test("a store that never answers holds nobody up", async () => {
  await leavesNothing(async () => {
    using listener = serving();
    const { port } = listener.addr;
    const never = () => new Promise<undefined>(() => {});
    using full = await ways.connectTls(port, storing(never));
    assert.deepEqual(full.warnings.map(({ code }) => code), ["SESSION_STORE_FAILED"]);
    assert.equal(await full.read(new Uint8Array(9)), 1);
    const impatient = ways.connectTls(port, { ...storing(never), connectTimeout: 20 });
    await assertFails(impatient, connectError("TIMED_OUT"), { hostname: here, port });

    // One that never takes what it is given holds nobody up.
    using conn = await ways.connectTls(port, storing(() => undefined, never));
    assert.equal(await conn.read(new Uint8Array(9)), 1);
  });
});

test("a store that can't take a session back neither hides the error nor delays it", async () => {
  await leavesNothing(async () => {
    using listener = serving();
    const { port } = listener.addr;
    const stored = await aSession(port);
    const puts: ((key: string) => unknown)[] = [
      () => {
        throw new Error("the store is broken");
      },
      () => Promise.reject(new Error("the store is broken")),
      () => new Promise(() => {}),
    ];
    for (const put of puts) {
      const peer = { hostname: here, port: await closedPort() };
      const opening = ways.connectTls(peer.port, storing(() => stored, put));
      await assertFails(opening, connectError("CONNECTION_REFUSED"), peer);
      const unknown = { hostname: "nowhere.firstflight.invalid", ...storing(() => stored, put) };
      const error = await failureOf(ways.connectTls(443, unknown), 5_000);
      assert.ok(error instanceof ConnectError, String(error));
    }
  });
});

test("a session that was tampered with costs a full handshake and nothing else", async () => {
  await leavesNothing(async () => {
    using listener = serving();
    const { port } = listener.addr;
    const { session, expires } = await aSession(port);

    using good = await ways.connectTls(port, storing(() => ({ session, expires })));
    assert.equal(good.resumed, true);
    assert.equal(await good.read(new Uint8Array(9)), 1);

    const tampered: Uint8Array[] = [];
    for (let at = 0; at < session.length; at += Math.ceil(session.length / 40)) {
      tampered.push(session.map((byte, index) => index === at ? byte ^ 0xff : byte));
      tampered.push(session.slice(0, at));
    }
    let full = 0;
    for (const bytes of tampered) {
      const earlyData = new Uint8Array(5);
      try {
        using conn = await ways.connectTls(port, {
          ...storing(() => ({ session: bytes, expires })),
          earlyData,
        });
        assert.equal(await conn.read(new Uint8Array(9)), 1);
        if (!conn.resumed) full++;
      } catch (error) {
        // What is left may be a session that leads astray, as one of another server's would.
        assert.ok(error instanceof TlsError || error instanceof ConnectError, String(error));
      }
    }
    assert.ok(full > tampered.length / 2, `${full} of ${tampered.length} were full handshakes`);
  });
});

test("one session handed out many times is refused with its early data, and nothing is lost", async () => {
  await leavesNothing(async () => {
    using listener = serving();
    const { port } = listener.addr;
    const stored = await aSession(port);
    const outcomes: string[] = [];
    for (let round = 0; round < 3; round++) {
      using conn = await ways.connectTls(port, {
        ...storing(() => ({ ...stored, session: new Uint8Array(stored.session) })),
        earlyData: new Uint8Array(5),
      });
      assert.equal(await conn.read(new Uint8Array(9)), 1);
      outcomes.push(conn.earlyData);
    }
    assert.equal(outcomes[0], "accepted");
    assert.ok(!outcomes.slice(1).includes("accepted"), outcomes.join());
  });
});

for (const way of ["connectTls", "startTls"] as const) {
  test(`${way}: a session that the server has forgotten costs a full handshake and nothing else`, async () => {
    await leavesNothing(async () => {
      using listener = serving();
      const { port } = listener.addr;
      const stored: StoredSession[] = [];
      const sessions: SessionStore = {
        take: () => stored.pop(),
        put: (_, session) => void stored.push(session),
      };
      for (const round of ["full", "resumed"]) {
        using conn = await ways[way](port, { sessions });
        assert.equal(await conn.read(new Uint8Array(9)), 1);
        assert.equal(conn.resumed, round === "resumed");
        await until(() => stored.length > 0);
      }
      listener.close();
      await sleep(50);
      using _ = serving(port);
      using conn = await ways[way](port, { sessions });
      assert.equal(conn.resumed, false);
      assert.equal(await conn.read(new Uint8Array(9)), 1);
    });
  });
}

test("a buffer that is transferred while it is read into breaks nothing but that read", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { client, server } = await pair(listener);
    const into = new Uint8Array(100);
    const reading = client.read(into).catch(() => {});
    structuredClone(into.buffer, { transfer: [into.buffer] });
    await server.write(new Uint8Array(50));
    await reading;
    await server.write(new Uint8Array(50));
    await client.read(new Uint8Array(100)).catch(() => {});
    client.close();
    server.close();
  });
});

test("a buffer that is transferred while a read waits for it loses nothing", async () => {
  using listener = startListener();
  for (const engine of ["openssl", "runtime"] as const) {
    const { client, server } = await pair(listener, { engine });
    const given = new Uint8Array(10);
    const reading = client.read(given);
    structuredClone(given, { transfer: [given.buffer] });
    await server.write(Uint8Array.of(1, 2, 3));
    assert.equal(await reading, 0);
    const p = new Uint8Array(10);
    assert.equal(await client.read(p), 3);
    assert.deepEqual([...p.subarray(0, 3)], [1, 2, 3]);
    client.close();
    server.close();
  }
});

test("a buffer that is transferred before it was sent is an error, and the next write goes on", async () => {
  using listener = startListener();
  const { client, server } = await pair(listener);
  const given = new Uint8Array(10);
  const writing = client.write(given);
  structuredClone(given, { transfer: [given.buffer] });
  await assertFails(writing, optionError(/transferred/));
  await client.write(Uint8Array.of(1, 2, 3));
  assert.equal(await server.read(new Uint8Array(10)), 3);
  client.close();
  server.close();
});
