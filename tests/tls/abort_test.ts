import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { connect, connectTls, startTls } from "../../mod.ts";
import { leavesNothing, sleep } from "../fixtures/hostile_census.ts";
import { askChild } from "../fixtures/hostile_child.ts";
import { failureOf } from "../fixtures/hostile_failure.ts";
import { answering, cutter, recordLength, startRawServer } from "../fixtures/hostile_server.ts";
import {
  eachWay,
  here,
  pair,
  startListener,
  trusting,
  until,
  ways,
} from "../fixtures/hostile_ways.ts";
import { test } from "../peers/test.ts";

/** Reasons a caller may have, and one that only looks like an errno. */
const reasons: readonly (readonly [string, unknown])[] = [
  ["an error", new Error("changed my mind")],
  ["an error with a code", Object.assign(new Error("mine"), { code: "TIMED_OUT", errno: "EPERM" })],
  ["text", "no longer wanted"],
  ["null", null],
  ["0", 0],
  ["false", false],
];

const calls = {
  connect: (options: object) => connect({ hostname: here, port: 1, ...options }),
  connectTls: (options: object) => connectTls({ hostname: here, port: 1, ...trusting, ...options }),
  async startTls(options: object) {
    await using server = await startRawServer((socket) => socket.resume());
    using plain = await connect({ hostname: here, port: server.port });
    return await startTls(plain, { ...trusting, ...options });
  },
} as const;

for (const [call, open] of Object.entries(calls)) {
  test(`${call}: a signal that is aborted already rejects with its reason, whatever it is`, async () => {
    await leavesNothing(async () => {
      for (const [what, reason] of reasons) {
        const error = await failureOf(open({ signal: AbortSignal.abort(reason) }));
        assert.equal(error, reason, what);
      }
      const signal = AbortSignal.abort();
      assert.equal(await failureOf(open({ signal })), signal.reason);
    });
  });

  test(`${call}: wrong options are told before an aborted signal`, async () => {
    const error = await failureOf(open({ signal: AbortSignal.abort(), connectTimeout: -1 }));
    assert.equal((error as { code?: string }).code, "INVALID_OPTION");
  });
}

for (
  const [call, open] of [["connect", calls.connect], ["connectTls", calls.connectTls]] as const
) {
  test(`${call}: aborted during the look-up, it rejects with the reason`, async () => {
    await leavesNothing(async () => {
      for (const [what, reason] of reasons) {
        const abort = new AbortController();
        const opening = open({ hostname: "nowhere.firstflight.invalid", signal: abort.signal });
        abort.abort(reason);
        assert.equal(await failureOf(opening), reason, what);
      }
    });
  });

  test(`${call}: aborted in the same turn, it rejects with the reason`, async () => {
    await leavesNothing(async () => {
      using listener = startListener();
      for (const [what, reason] of reasons) {
        const abort = new AbortController();
        const opening = open({ port: listener.addr.port, signal: abort.signal });
        abort.abort(reason);
        assert.equal(await failureOf(opening), reason, what);
      }
    });
  });
}

test("connectTls: aborted during the store's look-up, it rejects with the reason", {
  needs: "resumption",
}, async () => {
  await leavesNothing(async () => {
    const abort = new AbortController();
    const sessions = { take: () => new Promise<undefined>(() => {}), put() {} };
    const opening = connectTls({
      ...{ ...trusting, hostname: here, port: 1, sessions, signal: abort.signal },
    });
    setTimeout(() => abort.abort("enough"), 20);
    assert.equal(await failureOf(opening, 1_000), "enough");
  });
});

for (const [way, open] of eachWay) {
  for (const [what, reason] of reasons) {
    test(`${way}: aborted with ${what} while the server is silent, it rejects with it`, async () => {
      await leavesNothing(async () => {
        await using server = await startRawServer((socket) => socket.resume());
        const abort = new AbortController();
        const opening = open(server.port, { signal: abort.signal });
        await until(() => server.accepted > 0);
        setTimeout(() => abort.abort(reason), 20);
        assert.equal(await failureOf(opening, 2_000), reason);
      });
    });

    test(`${way}: aborted with ${what} in the middle of the handshake, it rejects with it`, async () => {
      await leavesNothing(async () => {
        using listener = startListener();
        await using server = await startRawServer(cutter(listener.addr.port, recordLength));
        const abort = new AbortController();
        const opening = open(server.port, { signal: abort.signal });
        setTimeout(() => abort.abort(reason), 50);
        assert.equal(await failureOf(opening, 2_000), reason);
      });
    });
  }

  test(`${way}: what fails first wins over a later abort`, async () => {
    await leavesNothing(async () => {
      await using server = await startRawServer(answering("HTTP/1.1 400 Bad\r\n\r\n"));
      const abort = new AbortController();
      const opening = open(server.port, { signal: abort.signal });
      const error = await failureOf(opening);
      abort.abort(new Error("too late"));
      assert.equal((error as { code?: string }).code, "NOT_TLS");
    });
  });
}

test("a signal that aborts after the connection stands has no effect on it", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const abort = new AbortController();
    const { client, server } = await pair(listener, { signal: abort.signal });
    const reading = client.read(new Uint8Array(10));
    abort.abort(new Error("too late"));
    await sleep(20);
    await server.write(new Uint8Array(3));
    assert.equal(await reading, 3);
    await client.write(new Uint8Array(4));
    assert.equal(await server.read(new Uint8Array(9)), 4);
    client.close();
    server.close();
  });
});

test("connectTimeout has no effect on a connection that stands", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { client, server } = await pair(listener, { connectTimeout: 250 });
    await sleep(400);
    await client.write(new Uint8Array(4));
    assert.equal(await server.read(new Uint8Array(9)), 4);
    client.close();
    server.close();
  });
});

test("a signal that serves many connections gathers no listeners", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { signal } = new AbortController();
    for (let round = 0; round < 30; round++) {
      const { client, server } = await pair(listener, { signal });
      client.close();
      server.close();
      await failureOf(connect({ hostname: here, port: 1, signal }));
      await failureOf(ways.connectTls(1, { signal }));
    }
    assert.ok(getEventListeners(signal, "abort").length <= 1);
  });
});

test("aborting at any moment of a connection leaves nothing and crashes nothing", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    (async () => {
      for await (const conn of listener) conn.close();
    })();
    const outcomes = { aborted: 0, connected: 0 };
    for (let round = 0; round < 120; round++) {
      const abort = new AbortController();
      const reason = { round };
      const opening = ways.connectTls(listener.addr.port, { signal: abort.signal });
      const busy = performance.now() + (round % 24) / 4;
      if (round % 2) setTimeout(() => abort.abort(reason), (round % 24) / 4);
      else {
        // Between two turns of the event loop that no timer can tell apart.
        (async () => {
          while (performance.now() < busy) await new Promise((resolve) => setImmediate(resolve));
          abort.abort(reason);
        })();
      }
      try {
        const conn = await opening;
        outcomes.connected++;
        conn.close();
      } catch (error) {
        assert.equal(error, reason);
        outcomes.aborted++;
      }
    }
    assert.ok(outcomes.aborted > 0, JSON.stringify(outcomes));
  });
});

test("a process whose attempts were aborted ends by itself, and soon", async () => {
  const { milliseconds } = await askChild<{ milliseconds: number }>("abort_and_end", [], {
    timeout: 15_000,
  });
  assert.ok(milliseconds < 3_000, `it took ${milliseconds} ms more to end`);
});
