import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, ConnectError, connectTls } from "../../mod.ts";
import { authority, quoted } from "../../base/authority.ts";
import { readOptions } from "../../base/options.ts";
import { withDeadline } from "../../tcp/dial/deadline.ts";
import { dial } from "../../tcp/dial/dial.ts";
import { dialRules } from "../../tcp/options.ts";
import { askChild } from "../fixtures/hostile_child.ts";
import type { Tried, Try } from "../fixtures/hostile_dial.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import {
  assertFails,
  assertFailure,
  connectError,
  failureOf,
} from "../fixtures/hostile_failure.ts";
import { closedPort, cutter, recordLength, startRawServer } from "../fixtures/hostile_server.ts";
import { eachWay, here, startListener, trusting } from "../fixtures/hostile_ways.ts";
import { type Netlab, netlabSkip, startNetlab } from "../netlab/mod.ts";
import { nameAddresses } from "../peers/hosts.ts";
import { startOpensslServer } from "../peers/openssl_server.ts";
import { requirePeer } from "../peers/peer.ts";

const skip = netlabSkip() || requirePeer("openssl");

test("a host and its port are written as in a URL", () => {
  const written = (hostname: string) => quoted({ hostname, port: 443 });
  assert.equal(written("example.com"), '"example.com:443"');
  assert.equal(written("192.0.2.1"), '"192.0.2.1:443"');
  assert.equal(written("fe80::1%eth0"), '"[fe80::1%eth0]:443"');
  assert.doesNotMatch(written(""), /443/); // A client that is gone has no port either.
});

for (const call of ["connect", "connectTls"] as const) {
  const open = call === "connect" ? connect : connectTls;
  const options = call === "connect" ? {} : trusting;

  test(`${call}: a name that does not exist is said to be unknown`, async () => {
    await leavesNothing(async () => {
      const peer = { hostname: "nowhere.firstflight.invalid", port: 443 };
      const error = await failureOf(open({ ...options, ...peer }));
      // A machine without a name server can't know that there is no such name.
      const { code } = error as { code: string };
      const verdict = code === "LOOKUP_FAILED" ? code : "NAME_NOT_FOUND";
      assertFailure(error, connectError(verdict, /look up "nowhere\.firstflight\.invalid"/), peer);
    });
  });

  test(`${call}: a port on which nothing listens refuses`, async () => {
    await leavesNothing(async () => {
      for (
        const [hostname, fastOpen] of [[here, true], [here, false], ["localhost", true], [
          "::1",
          true,
        ]] as const
      ) {
        const peer = { hostname, port: await closedPort() };
        const opening = open({ ...options, ...peer, fastOpen });
        const error = await assertFails(opening, connectError("CONNECTION_REFUSED"), peer);
        assert.ok(error instanceof ConnectError);
        assert.ok(error.message.includes(`"${authority(peer)}"`), error.message);
        assert.equal(error.errno, "ECONNREFUSED");
        assert.ok(error.attempts.length >= 1);
        assert.equal(error.attempts[0]?.code, "CONNECTION_REFUSED");
      }
    });
  });

  test(`${call}: connectTimeout bounds the name look-up, too`, async () => {
    await leavesNothing(async () => {
      const peer = { hostname: "nowhere.firstflight.invalid", port: 443 };
      const startedAt = performance.now();
      await failureOf(open({ ...options, ...peer, connectTimeout: 300 }), 2_000);
      assert.ok(performance.now() - startedAt < 1_500);
    });
  });
}

test("a look-up that takes too long is said to be what took so long", async () => {
  const late = { hostname: "late.firstflight.invalid", port: 443, connectTimeout: 1 };
  const settings = readOptions(late, dialRules);
  const dialling = withDeadline(settings, async (deadline) => {
    await new Promise((resolve) => deadline.signal.addEventListener("abort", resolve));
    return await dial(
      settings,
      deadline,
      () => ({ complete: [], repeatable: () => [] }),
      "established",
    );
  });
  const { hostname, port } = late;
  const says = /within 1 ms: the name was still being looked up$/;
  await assertFails(dialling, connectError("TIMED_OUT", says), { hostname, port });
});

for (const [way, open] of eachWay) {
  test(`${way}: a server that accepts and stays silent is given up after connectTimeout`, async () => {
    await leavesNothing(async () => {
      await using server = await startRawServer((socket) => socket.resume());
      const startedAt = performance.now();
      const opening = open(server.port, { connectTimeout: 300 });
      const says = way === "startTls"
        ? /300 ms: the TLS handshake was not complete$/
        : /300 ms: .*: it accepted the connection and then/;
      await assertFails(opening, connectError("TIMED_OUT", says), server);
      const took = performance.now() - startedAt;
      assert.ok(took >= 290 && took < 3_000, `gave up after ${took} ms`);
    });
  });

  test(`${way}: a server that stops after its ServerHello is given up, too`, async () => {
    await leavesNothing(async () => {
      using listener = startListener();
      await using server = await startRawServer(cutter(listener.addr.port, recordLength));
      const opening = open(server.port, { connectTimeout: 400 });
      const says = /400 ms: the TLS handshake was not complete$/;
      await assertFails(opening, connectError("TIMED_OUT", says), server);
    });
  });
}

/** Tries from the emulated network's client, where addresses can be as dead as they have to be. */
async function tryFrom(lab: Netlab, tries: readonly Try[]): Promise<Tried[]> {
  const through = ["ip", "netns", "exec", lab.client.namespace];
  const trust = { caCerts: trusting.caCerts, sessions: false };
  const trusted = tries.map((each) => ({
    ...each,
    options: { ...(each.call === "connectTls" ? trust : {}), ...each.options },
  }));
  return await askChild<Tried[]>("dial", [JSON.stringify(trusted)], { through, timeout: 40_000 });
}

const calls = ["connect", "connectTls"] as const;

test("addresses without a route, dead ones and closed ports are told apart", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 10 });
  const { client, server } = lab;
  using _ = nameAddresses(client, {
    "dead.test": ["10.77.9.1", "10.77.9.2", "10.77.9.3"],
    "refusing.test": [server.ipv4, "10.77.0.2"],
  });
  for (const [kind, network] of [["unreachable", "192.0.2.0/24"], ["prohibit", "203.0.113.0/24"]]) {
    await client.run("ip", ["route", "add", kind ?? "", network ?? ""]);
  }
  const cases: readonly (readonly [Omit<Try, "call">, string, string])[] = [
    [{ hostname: "198.51.100.1", port: 443 }, "NETWORK_UNREACHABLE", "ENETUNREACH"],
    [{ hostname: "2001:db8::1", port: 443 }, "NETWORK_UNREACHABLE", "ENETUNREACH"],
    [{ hostname: "192.0.2.1", port: 443 }, "HOST_UNREACHABLE", "EHOSTUNREACH"],
    [{ hostname: "203.0.113.1", port: 443 }, "PERMISSION_DENIED", "EACCES"],
    [{ hostname: server.ipv4, port: 4433 }, "CONNECTION_REFUSED", "ECONNREFUSED"],
    [{ hostname: server.ipv6, port: 4433 }, "CONNECTION_REFUSED", "ECONNREFUSED"],
    [{ hostname: "refusing.test", port: 4433 }, "CONNECTION_REFUSED", "ECONNREFUSED"],
    [{ hostname: "10.77.9.9", port: 443, options: { connectTimeout: 400 } }, "TIMED_OUT", ""],
    [{ hostname: "fd77::9", port: 443, options: { connectTimeout: 400 } }, "TIMED_OUT", ""],
    [{ hostname: "dead.test", port: 443, options: { connectTimeout: 900 } }, "TIMED_OUT", ""],
  ];
  const tries = calls.flatMap((call) => cases.map(([each]) => ({ call, ...each })));
  const tried = await tryFrom(lab, tries);
  for (const [index, result] of tried.entries()) {
    const [asked, code, errno] = cases[index % cases.length] ?? [];
    assert.ok(asked);
    const { hostname, port, options = {} } = asked;
    const says = `${tries[index]?.call} ${hostname}: ${JSON.stringify(result)}`;
    assert.equal(`${result.name} ${result.code}`, `ConnectError ${code}`, says);
    assert.equal(result.errno ?? "", errno, says);
    assert.equal(result.hostname, hostname, says);
    assert.equal(result.port, port, says);
    assert.ok(result.message?.includes(`"${authority({ hostname, port })}"`), says);
    assert.deepEqual(result.leftDescriptors, [], says);
    assert.deepEqual(result.leftObjects, {}, says);
    const { connectTimeout = 0 } = options as { connectTimeout?: number };
    assert.ok(result.milliseconds >= connectTimeout - 10, says);
    assert.ok(result.milliseconds < connectTimeout + 1_500, says);
  }
});

test("the next address is tried when one is dead, refuses or has no route", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 10 });
  const { client, server } = lab;
  using _ = nameAddresses(client, {
    "half-dead.test": ["10.77.9.1", server.ipv4],
    "half-refusing.test": ["10.77.0.9", server.ipv4],
    "half-routed.test": ["198.51.100.1", server.ipv4],
  });
  await server.addAddress("10.77.0.9");
  await using _peer = await startOpensslServer([], { place: server, accept: `${server.ipv4}:443` });
  const names = ["half-dead.test", "half-refusing.test", "half-routed.test"];
  const options = { connectTimeout: 6_000, serverName: "firstflight.test" };
  const tries = names.map((hostname) => ({
    call: "connectTls" as const,
    hostname,
    port: 443,
    options,
  }));
  for (const [index, result] of (await tryFrom(lab, tries)).entries()) {
    const says = `${names[index]}: ${JSON.stringify(result)}`;
    assert.equal(result.code, undefined, says);
    assert.equal(result.remote, server.ipv4, says);
    assert.deepEqual(result.leftDescriptors, [], says);
    assert.deepEqual(result.leftObjects, {}, says);
  }
});

test("a refusal is one even when the event loop was too busy to hear it", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 20 });
  const busy = { hostname: lab.server.ipv4, port: 4433, block: 80 };
  const tries = calls.flatMap((call) => [{ call, ...busy }, { call, ...busy }, { call, ...busy }]);
  for (const result of await tryFrom(lab, tries)) {
    assert.equal(result.code, "CONNECTION_REFUSED", JSON.stringify(result));
  }
});

/** Every way to connect, and what may be in the first flight. */
const flights = [
  { call: "connect" },
  { call: "connect", data: 10 },
  { call: "connect", data: 10, options: { fastOpen: false } },
  { call: "connectTls" },
  { call: "connectTls", options: { fastOpen: false } },
] as const;

/** Each try has failed in the same way, and left no descriptor. */
function assertTold(
  tried: readonly Tried[],
  tries: readonly Try[],
  code: string,
  errno: string,
): void {
  for (const [index, result] of tried.entries()) {
    const says = `${JSON.stringify(tries[index])}: ${JSON.stringify(result)}`;
    assert.equal(result.code, code, says);
    assert.equal(result.errno, errno, says);
    assert.deepEqual(result.leftDescriptors, [], says);
  }
}

for (const rtt of [0.2, 0.6, 1]) {
  test(
    `a refusal that is ${rtt} ms away meets the first bytes, and is told`,
    { skip },
    async () => {
      await using lab = await startNetlab({ rtt });
      const gone = { hostname: lab.server.ipv4, port: 4433 };
      const tries = flights.flatMap((flight) => new Array<Try>(10).fill({ ...flight, ...gone }));
      assertTold(await tryFrom(lab, tries), tries, "CONNECTION_REFUSED", "ECONNREFUSED");
    },
  );
}

test("a router that has no route is told from silence", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 0.6 });
  await lab.server.setSysctl("ipv4/ip_forward", 1);
  await lab.server.run("ip", ["route", "add", "unreachable", "10.77.5.0/24"]);
  await lab.server.setSysctl("ipv4/icmp_ratelimit", 0);
  // The kernel of a router answers five packets at once, and then one a second.
  const tries = flights.map((flight) => ({ ...flight, hostname: "10.77.5.1", port: 4433 }));
  assertTold(await tryFrom(lab, tries), tries, "HOST_UNREACHABLE", "EHOSTUNREACH");
});

test("the kernel's own time-out is one", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 0.6 });
  await lab.client.setSysctl("ipv4/tcp_syn_retries", 1);
  await lab.client.setSysctl("ipv4/tcp_syn_linear_timeouts", 1);
  const dead = { hostname: "10.77.9.9", port: 4433 };
  const tries = flights.slice(0, 2).map((flight) => ({ ...flight, ...dead }));
  const tried = await Promise.all(tries.map((each) => tryFrom(lab, [each]))); // All wait at once.
  assertTold(tried.flat(), tries, "TIMED_OUT", "ETIMEDOUT");
});
