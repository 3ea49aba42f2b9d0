/**
 * Connections from a local address of the caller's choice, as the other side and the kernel see them.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectByNode, createServer } from "node:net";
import { test } from "node:test";
import { connect, ConnectError, connectTls, listenTls } from "../../../mod.ts";
import { libc } from "../../../ffi/libc.ts";
import { platform } from "../../../ffi/platform.ts";
import { runtime } from "../../../runtimes/mod.ts";
import { localAddress as addressOf } from "../../../tcp/kernel/descriptor.ts";
import { sourceAddress } from "../../../tcp/kernel/route.ts";
import { getOption, socketFrom } from "../../../tcp/kernel/socket.ts";
import { type Address, parseAddress } from "../../../tcp/name/address.ts";
import { openPlain } from "../../../tcp/open/plain.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import {
  assertFails,
  connectError,
  failureOf,
  optionError,
} from "../../fixtures/hostile_failure.ts";
import { trusting } from "../../fixtures/hostile_ways.ts";
import { netlabSkip } from "../../netlab/mod.ts";
import { certificates } from "../../peers/certificates.ts";
import { requirePeer } from "../../peers/peer.ts";
import { calls, startScene } from "../../peers/scene.ts";
import { flowsIn, onlyFlow } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

const { cert, key } = certificates().server;

/** An address of this machine that no connection of it comes from by itself. */
const OTHER = "127.0.0.77";

/** From where connections to where come, and as what. */
const sources = [
  ["127.0.0.1", OTHER, OTHER],
  ["localhost", OTHER, OTHER],
  ["127.0.0.1", "0.0.0.0", "127.0.0.1"],
  ["::1", "::1", "::1"],
  ["::1", "::", "::1"],
] as const;

function parsed(text: string): Address {
  const address = parseAddress(text, 0);
  assert.ok(address);
  return address;
}

/** Starts a server that tells who connects. */
async function startWitness(host: string): Promise<
  AsyncDisposable & { port: number; seen: string[] }
> {
  const seen: string[] = [];
  const server = createServer((socket) => {
    seen.push(socket.remoteAddress ?? "");
    socket.on("error", () => {});
    socket.resume().end("seen");
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    port,
    seen,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

for (const [hostname, localAddress, expected] of sources) {
  test(`connections to ${hostname} from ${localAddress} come from ${expected}`, async () => {
    await leavesNothing(async () => {
      await using witness = await startWitness(hostname);
      const { port, seen } = witness;
      let count = 0;
      for (const data of [undefined, new Uint8Array(9)]) {
        for (const fastOpen of [true, false]) {
          const dial = { hostname, port, localAddress, fastOpen };
          using conn = await connect({ ...dial, ...(data ? { data } : {}) });
          for await (const _ of conn.readable);
          assert.equal(conn.localAddr.hostname, expected);
          assert.deepEqual(seen, new Array(++count).fill(expected));
        }
      }
      const byNode = connectByNode({ host: hostname, port, localAddress });
      byNode.resume();
      await once(byNode, "close");
      assert.deepEqual(seen, new Array(++count).fill(expected));
    });
  });
}

test("TLS connects from it, too", async () => {
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const { port } = listener.addr;
  for (const fastOpen of [true, false]) {
    const accepting = listener.accept();
    const dial = { hostname: "localhost", port, localAddress: OTHER, fastOpen };
    using conn = await connectTls({ ...dial, ...trusting });
    using accepted = await accepting;
    assert.equal(accepted.remoteAddr.hostname, OTHER);
    assert.deepEqual(accepted.remoteAddr, conn.localAddr);
  }
});

/** How connections fail that can't come from there. Whoever opens them must see it alike. */
const unfit = [
  ["127.0.0.1", "192.0.2.1", "EADDRNOTAVAIL"],
  ["localhost", "192.0.2.1", "EADDRNOTAVAIL"],
  ["::1", "2001:db8::1", "EADDRNOTAVAIL"],
  ["::1", "fe80::1%none0", "ENODEV"],
  ["198.51.100.1", "127.0.0.1", "EINVAL"], // It leads to this machine alone.
  // Kernels connect from elsewhere then.
  ["127.0.0.1", "255.255.255.255", undefined],
  ["127.0.0.1", "127.255.255.255", undefined],
  ["127.0.0.1", "224.0.0.1", undefined],
] as const;

for (const [hostname, localAddress, errno] of unfit) {
  test(`no connection to ${hostname} comes from ${localAddress}, nor from elsewhere`, async () => {
    await leavesNothing(async () => {
      await using witness = await startWitness(hostname.startsWith("::") ? "::1" : "127.0.0.1");
      const peer = { hostname, port: witness.port };
      for (const fastOpen of [true, false]) {
        const dial = { ...peer, localAddress, fastOpen };
        const openings = [
          () => connect(dial),
          () => connect({ ...dial, data: new Uint8Array(9) }),
          () => connectTls({ ...dial, ...trusting }),
        ];
        for (const open of openings) {
          const verdict = connectError("ADDRESS_NOT_AVAILABLE", /with "localAddress" [\da-f]/);
          const error = await assertFails(open(), verdict, peer);
          assert.ok(error instanceof ConnectError && error.message.includes(localAddress));
          assert.equal(error.errno, errno, error.message);
          assert.equal(error.retryable, false);
          assert.equal(error.cause !== undefined, errno !== undefined);
        }
      }
    });
  });
}

test("what is no address to connect from is refused, and says what would be", async () => {
  const link = /link-local one with its interface, as in fe80::1%eth0, got "fe80::1"/;
  const opening = connect({ hostname: "::1", port: 1, localAddress: "fe80::1" });
  await assertFails(opening, optionError(link));
});

// Each runtime's own sockets, which stand in where libc can't be called.

/** Connects by the runtime's own socket. */
function byRuntime(to: Address, from: Address): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const opened = openPlain({ address: to, from, flight: [], fastOpen: false });
  const { wire } = opened;
  wire.owner = {
    onBytes() {},
    onEnd() {
      resolve(opened.localAddress()?.ip ?? "");
      wire.destroy();
    },
    onError: reject,
    onClose() {},
  };
  return promise;
}

for (const [hostname, localAddress, expected] of sources) {
  if (hostname === "localhost") continue;
  test(`the runtime's own connections to ${hostname} from ${localAddress}, too`, async () => {
    await leavesNothing(async () => {
      await using witness = await startWitness(hostname);
      const to = { ...parsed(hostname), port: witness.port };
      assert.equal(await byRuntime(to, parsed(localAddress)), expected);
      assert.deepEqual(witness.seen, [expected]);
    });
  });
}

test("the runtime's own sockets tell no more than kernels of an address that is unfit", async () => {
  await using witness = await startWitness("127.0.0.1");
  const to = { ...parsed("127.0.0.1"), port: witness.port };
  await leavesNothing(async () => {
    const error = await failureOf(byRuntime(to, parsed("192.0.2.1")));
    // Deno has the wrong name for it.
    const errno = runtime.name === "deno" ? "EINVAL" : "EADDRNOTAVAIL";
    assert.equal((error as { code?: string }).code, errno);
  });
  assert.deepEqual(witness.seen, []);
});

// What only the kernel knows.

test("a bound socket gets its port when it connects, so that many share one", {
  skip: platform.fastOpen !== "sendmsg",
}, () => {
  assert.ok(platform.fastOpen === "sendmsg");
  const { IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT } = platform.constants;
  for (const text of [OTHER, "::1"]) {
    const from = parsed(text);
    const fd = socketFrom(platform, from.family, from);
    try {
      const option = getOption(platform, fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 4);
      assert.equal(option?.getInt32(0, true), 1);
      assert.deepEqual(addressOf(platform, fd), from);
    } finally {
      libc(platform).call.close(fd);
    }
  }
});

test("the way to a destination is asked for from where the connection will come", {
  skip: platform.fastOpen === "none",
}, async () => {
  await leavesNothing(() => {
    const source = (to: string, from?: string) =>
      sourceAddress(parsed(to), from === undefined ? undefined : parsed(from))?.ip;
    assert.equal(source("127.0.0.1"), "127.0.0.1");
    assert.equal(source("127.0.0.1", OTHER), OTHER);
    assert.equal(source("::1", "::1"), "::1");
    assert.equal(source("127.0.0.1", "192.0.2.1"), undefined);
    assert.equal(source("::1", "fe80::1%none0"), undefined);
  });
});

// On a network.

/** Second addresses of the client, each on a network of its own. */
const SECOND = { ipv4: "10.77.9.5", ipv6: "fd77:9:9:9::5" } as const;

for (const call of ["connectTls", "connect"] as const) {
  test(`${call}: a bound socket's SYN carries data, and its network has paths of its own`, {
    skip,
  }, async () => {
    await using scene = await startScene({ rtt: 35 });
    const { lab, client } = scene;
    for (const family of ["ipv4", "ipv6"] as const) {
      const hostname = lab.server[family];
      await lab.client.addAddress(SECOND[family]);
      await lab.setMiddleboxes([]);
      const first = [{}, lab.client[family]] as const;
      const second = [{ localAddress: SECOND[family] }, SECOND[family]] as const;
      const outcomes: string[] = [];
      const connectFrom = async ([from, source]: readonly [object, string], more = {}) => {
        await lab.clearPackets();
        const { fastOpen, localAddr } = await calls[call](client, hostname, { ...from, ...more });
        const syns = flowsIn(await lab.packets()).flatMap((flow) => flow.syns);
        assert.ok(syns.every((syn) => syn.source === source), "it came from elsewhere");
        assert.equal(localAddr?.hostname, source);
        outcomes.push(fastOpen.outcome);
        return syns.map(({ payload, fastOpenOption }) => `${fastOpenOption} ${payload > 0}`);
      };
      // A cookie is for one source address (RFC 7413, section 4.1.2).
      for (const from of [first, second]) {
        assert.deepEqual(await connectFrom(from), ["request false"]);
        assert.deepEqual(await connectFrom(from), ["cookie true"]);
        assert.deepEqual(await connectFrom(from, { fastOpen: false }), ["none false"]);
      }
      const paths = async () => (await client.paths()).filter((path) => path.address === hostname);
      assert.equal((await paths()).filter(({ rtt, synRoom }) => rtt && synRoom).length, 2);

      await lab.setMiddleboxes([{ kind: "drop-syn-data" }]);
      for (const from of [first, second]) {
        assert.deepEqual(await connectFrom(from), ["cookie true", "none false"]);
        assert.deepEqual(await connectFrom(from), ["none false"]);
      }
      assert.deepEqual((await paths()).map(({ blocked }) => blocked?.times), [1, 1]);
      const each = ["cookie-requested", "accepted", "disabled"];
      assert.deepEqual(outcomes, [...each, ...each, ...new Array(4).fill("blocked")]);
    }
  });
}

test("an address with a scope is connected from; one that leads nowhere is told", {
  skip,
}, async () => {
  await using scene = await startScene();
  const { lab, client } = scene;
  for (const [host, last] of [[lab.client, 1], [lab.client, 2], [lab.server, 77]] as const) {
    await host.run("ip", ["addr", "add", `fe80::${last}/64`, "dev", "link0", "nodad"]);
  }
  for (const last of [1, 2]) {
    const localAddress = `fe80::${last}%link0`;
    for (const outcome of ["cookie-requested", "accepted"]) {
      await lab.clearPackets();
      const { fastOpen } = await calls.connect(client, "fe80::77%link0", { localAddress });
      assert.equal(fastOpen.outcome, outcome);
      assert.equal(onlyFlow(await lab.packets()).syn.source, `fe80::${last}`);
    }
  }
  await lab.clearPackets();
  const unled = await client.connect({ hostname: lab.server.ipv4, localAddress: "127.0.0.1" });
  assert.equal(unled.error?.code, "ADDRESS_NOT_AVAILABLE", JSON.stringify(unled.error));
  assert.equal(flowsIn(await lab.packets()).length, 0);
});
