/**
 * Names, by a resolver of the caller's or the runtime's, and which family of addresses is taken.
 */

import assert from "node:assert/strict";
import { lookup as runtimesOwn } from "node:dns";
import { once } from "node:events";
import { connect as connectByNode, type Socket } from "node:net";
import { test } from "node:test";
import {
  connect,
  ConnectError,
  type ConnectOptions,
  connectTls,
  prepareTls,
  tcpSocket,
  tlsSocket,
} from "../../../mod.ts";
import type { LookupFunction, LookupOptions } from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import {
  assertFails,
  assertFailure,
  connectError,
  failureOf,
  optionError,
  type Verdict,
} from "../../fixtures/hostile_failure.ts";
import { type RawServer, startRawServer } from "../../fixtures/hostile_server.ts";
import { here, startListener, trusting } from "../../fixtures/hostile_ways.ts";

const NAME = "answered.firstflight.invalid";

/** Resolvers answer in any way they like. */
type Answering = (callback: (...answer: unknown[]) => void) => unknown;

function resolver(answer: Answering): LookupFunction {
  return (_hostname, _options, callback) => answer(callback as never) as void;
}

/** Starts a server that closes each connection. */
async function startServer(): Promise<RawServer> {
  return await startRawServer((socket) => socket.end());
}

async function remoteOf(options: Partial<ConnectOptions> & { port: number }): Promise<string> {
  using conn = await connect({ hostname: NAME, connectTimeout: 5_000, ...options });
  return conn.remoteAddr.hostname;
}

const single = { address: here, family: 4 };

const good: Readonly<Record<string, Answering>> = {
  "all addresses": (callback) => callback(null, [single]),
  "one address": (callback) => callback(null, here, 4),
  "one address, later": (callback) => setTimeout(callback, 1, null, here, 4),
  "one address, without its family": (callback) => callback(undefined, here),
  "more than was asked for": (callback) => {
    callback(null, [{ ...single, ttl: 60, expires: Date.now() + 60_000 }]);
  },
  "a family in words": (callback) => callback(null, here, "IPv4"),
  "an address that refuses, and one that does not": (callback) => {
    callback(null, [{ address: "::1", family: 6 }, { address: "127.0.0.9", family: 4 }, single]);
  },
  "an address between what is none": (callback) => {
    callback(null, [null, 7, {}, { address: "one.two" }, { address: here, family: 6 }, single]);
  },
  "one answer and then another": (callback) => {
    callback(null, here, 4);
    callback(new Error("no"));
    callback(null, "192.0.2.1", 4);
  },
  "an answer and then an exception": (callback) => {
    callback(null, here, 4);
    throw new Error("too late");
  },
};

for (const [what, answer] of Object.entries(good)) {
  test(`a resolver may answer with ${what}`, async () => {
    await using server = await startServer();
    const lookup = resolver(answer);
    assert.equal(await remoteOf({ port: server.port, lookup }), here);
  });
}

const broken = Object.assign(new Error("broken"), { code: "EBROKEN" });
const unknown = Object.assign(new Error("unknown"), { code: "ENOTFOUND" });
const failed = connectError("LOOKUP_FAILED", /^Could not look up ".*": "lookup" failed: broken/);
const noAddress = connectError("LOOKUP_FAILED", /"lookup" answered with no IP address, but with /);
const none = connectError("NAME_NOT_FOUND", /: it has no IP address$/);

/** Answers that are none: the verdict, and whether the resolver's own error is its cause. */
const bad: Readonly<Record<string, readonly [Answering, Verdict, cause?: unknown]>> = {
  "an error": [(callback) => callback(broken), failed, broken],
  "an error and an address": [(callback) => callback(broken, here, 4), failed, broken],
  "an error that is none": [(callback) => callback("broken"), connectError("LOOKUP_FAILED")],
  "a name that does not exist": [
    (callback) => callback(unknown),
    connectError("NAME_NOT_FOUND", /no such host name \(ENOTFOUND\)$/),
    unknown,
  ],
  "an exception": [
    () => {
      throw broken;
    },
    failed,
    broken,
  ],
  "an exception that is nothing": [() => {
    throw undefined;
  }, connectError("LOOKUP_FAILED", /"lookup" failed: undefined$/)],
  "a promise that rejects": [() => Promise.reject(broken), failed, broken],
  "no address": [(callback) => callback(null, []), none],
  "nothing": [(callback) => callback(), noAddress],
  "null": [(callback) => callback(null, null), noAddress],
  "a name": [(callback) => callback(null, "localhost", 4), noAddress],
  "an address with its port": [(callback) => callback(null, "127.0.0.1:443", 4), noAddress],
  "an address of another family": [(callback) => callback(null, here, 6), noAddress],
  "an address of no family": [(callback) => callback(null, here, 5), noAddress],
  "what is no address": [
    (callback) => callback(null, [null, undefined, Symbol("s"), [here], { address: 4 }]),
    noAddress,
  ],
  "what can't be read": [
    (callback) =>
      callback(null, [{
        get address() {
          throw broken;
        },
      }]),
    failed,
    broken,
  ],
};

for (const [what, [answer, verdict, cause]] of Object.entries(bad)) {
  test(`a resolver that answers with ${what} is told`, async () => {
    await leavesNothing(async () => {
      const peer = { hostname: NAME, port: 443 };
      const lookup = resolver(answer);
      for (const open of [connect, connectTls]) {
        const error = await assertFails(open({ ...peer, lookup }), verdict, peer);
        if (cause !== undefined) assert.equal(error.cause, cause);
      }
    });
  });
}

test("a resolver that never answers, or too late, is given up", async () => {
  await leavesNothing(async () => {
    await using server = await startServer();
    const peer = { hostname: NAME, port: server.port };
    const answers: ((error: null, address: string, family: number) => void)[] = [];
    const lookup: LookupFunction = (_hostname, _options, callback) => answers.push(callback);
    for (const open of [connect, connectTls]) {
      const slow = open({ ...peer, lookup, connectTimeout: 20 });
      const says = /within 20 ms: the name was still being looked up$/;
      await assertFails(slow, connectError("TIMED_OUT", says), peer);
      const aborting = new AbortController();
      const opening = open({ ...peer, lookup, signal: aborting.signal });
      const reason = new Error("enough");
      setTimeout(() => aborting.abort(reason), 5);
      assert.equal(await failureOf(opening), reason);
    }
    assert.equal(answers.length, 4);
    for (const answer of answers) answer(null, here, 4);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(server.accepted, 0);
  });
});

test("a resolver is asked as node:net asks it, for all addresses", async () => {
  await using server = await startServer();
  const { port } = server;
  const asked: [string, LookupOptions][] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push([hostname, options]);
    callback(null, here, 4);
  };
  await remoteOf({ port, lookup, hostname: "Bücher.Invalid." });
  await remoteOf({ port, lookup, family: 4 });
  await remoteOf({ port, lookup, localAddress: here });
  const nodes: [string, unknown][] = [];
  const socket = connectByNode({
    host: "bucher.invalid",
    port,
    lookup: (hostname, options, callback) => {
      nodes.push([hostname, options.all]);
      callback(null, [{ address: here, family: 4 }]);
    },
  });
  socket.resume();
  await once(socket, "close");
  assert.deepEqual(nodes, [["bucher.invalid", true]]);
  assert.deepEqual(asked.map(([hostname, { all }]) => [hostname, all]), [
    ["xn--bcher-kva.invalid", true],
    [NAME, true],
    [NAME, true],
  ]);
  assert.deepEqual(asked.map(([, { family }]) => family), [0, 4, 4]);
  for (const [, { hints, order, verbatim }] of asked) {
    assert.deepEqual([hints, order, verbatim], [0, "verbatim", true]);
  }
});

test("a resolver is not asked for an address, by node:net neither", async () => {
  await using server = await startServer();
  const { port } = server;
  let asked = 0;
  const lookup = resolver(() => asked++);
  assert.equal(await remoteOf({ hostname: here, port, lookup }), here);
  assert.equal(await remoteOf({ hostname: "127.1", port, lookup }), here);
  const socket: Socket = connectByNode({ host: here, port, lookup: lookup as never });
  socket.resume();
  await once(socket, "close");
  assert.equal(asked, 0);
});

test("dns.lookup itself is a resolver", async () => {
  await using server = await startServer();
  const { port } = server;
  assert.equal(await remoteOf({ hostname: "localhost", port, lookup: runtimesOwn }), here);
  const error = await failureOf(remoteOf({ port, lookup: runtimesOwn }));
  assert.ok(error instanceof ConnectError);
  assert.match(error.code, /^(NAME_NOT_FOUND|LOOKUP_FAILED)$/); // Without a name server, the latter.
  assert.ok(error.cause instanceof Error);
});

test("TLS names and verifies the host, wherever its resolver leads", async () => {
  using listener = startListener();
  const lookup = resolver((callback) => callback(null, here, 4));
  const peer = { port: listener.addr.port, lookup, ...trusting };
  using conn = await connectTls({ ...peer, hostname: "firstflight.test" });
  assert.equal(conn.remoteAddr.hostname, here);
  const error = await failureOf(connectTls({ ...peer, hostname: NAME }));
  assert.equal((error as { code?: string }).code, "HOSTNAME_MISMATCH");
});

const both = [{ address: "::1", family: 6 }, { address: here, family: 4 }];

test("family takes the addresses of one family, whoever looks them up", async () => {
  await using server = await startServer();
  const { port } = server;
  const lookup = resolver((callback) => callback(null, both)); // It does not heed what is asked.
  for (const family of [4, "IPv4"] as const) {
    assert.equal(await remoteOf({ port, family, lookup }), here);
    assert.equal(await remoteOf({ hostname: "localhost", port, family }), here);
    assert.equal(await remoteOf({ hostname: here, port, family }), here);
  }
  for (const family of [6, "IPv6"] as const) {
    // Nobody listens there.
    const peer = { hostname: NAME, port };
    const error = await failureOf(connect({ ...peer, family, lookup }));
    assertFailure(error, connectError("CONNECTION_REFUSED"), peer);
    const tried = (error as ConnectError).attempts.map(({ address }) => address);
    assert.deepEqual(tried, ["::1"]);
  }
});

test("a name without an address of the family asked for is told", async () => {
  const says = /it has no IPv6 address/;
  for (const answer of [[[single]], [here, 4], [[]]]) {
    const lookup = resolver((callback) => callback(null, ...answer));
    const opening = connect({ hostname: NAME, port: 443, family: 6, lookup });
    await assertFails(opening, connectError("NAME_NOT_FOUND", says));
  }
  const unfound = resolver((callback) => callback(unknown));
  const opening = connect({ hostname: NAME, port: 443, family: 6, lookup: unfound });
  await assertFails(opening, connectError("NAME_NOT_FOUND", says));
});

test("a family that leaves nothing to connect to is refused at once", async () => {
  const cases = [
    [{ hostname: here, family: 6 }, /"family" must be 4 or 0, .*got 6/],
    [{ hostname: "::1", family: 4 }, /"family" must be 6 or 0, .*got 4/],
    [{ hostname: "127.1", family: "IPv6" }, /"family" must be 4 or 0/],
    [{ hostname: here, localAddress: "::1" }, /"localAddress" must be an IPv4 .*got "::1"/],
    [{ hostname: "localhost", family: 6, localAddress: here }, /"localAddress" must be an IPv6 /],
  ] as const;
  for (const [options, says] of cases) {
    for (const open of [connect, connectTls]) {
      await assertFails(open({ port: 1, ...options }), optionError(says));
    }
    for (const open of [prepareTls, tlsSocket, tcpSocket]) {
      await assertFails(Promise.try(() => open({ port: 1, ...options })), optionError(says));
    }
  }
});
