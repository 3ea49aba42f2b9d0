/**
 * How macOS and FreeBSD open connections, with their C libraries simulated over Linux's kernel.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { runtimeName } from "../../fixtures/hostile_child.ts";
import type { SimulatedKernel } from "../../fixtures/simulated_libc.ts";
import { type NetlabOptions, netlabSkip, programArguments } from "../../netlab/mod.ts";
import { httpPut } from "../../peers/http.ts";
import { Peer, requirePeer } from "../../peers/peer.ts";
import { RemoteClient, succeeded } from "../../peers/remote_client.ts";
import { calls, request, type Scene, type SceneOptions, startScene } from "../../peers/scene.ts";
import { acknowledged, onlyFlow } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

/** A scene whose client runs on another platform. */
async function startSceneOn(
  platform: string,
  { kernel = {}, ...options }: NetlabOptions & SceneOptions & { kernel?: SimulatedKernel } = {},
): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  // The round trip is longer than what is simulated may take.
  const scene = stack.use(await startScene({ rtt: 20, ...options }));
  const program = new URL("../../fixtures/simulated_client.ts", import.meta.url);
  const args = programArguments(program, platform, JSON.stringify(kernel));
  const client = stack.use(new RemoteClient(new Peer(scene.lab.client, process.execPath, args)));
  const all = stack.move();
  return { ...scene, client, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

for (const platform of ["darwin", "freebsd"]) {
  for (const call of ["connectTls", "connect"] as const) {
    test(`${platform}, ${call}: a cookie first, then the flight in the SYN; or neither`, {
      skip,
    }, async () => {
      await using scene = await startSceneOn(platform);
      const { lab, client } = scene;
      for (const family of ["ipv4", "ipv6"] as const) {
        const hostname = lab.server[family];
        await lab.clearPackets();
        const first = await calls[call](client, hostname);
        assert.equal(first.fastOpen.outcome, "cookie-requested");
        assert.equal(first.fastOpen.synBytes, 0);
        assert.equal(onlyFlow(await lab.packets()).syn.fastOpenOption, "request");

        await lab.clearPackets();
        const second = await calls[call](client, hostname);
        const { outcome, synBytes, flightBytes, rtt = 0, synRoom } = second.fastOpen;
        assert.equal(outcome, "accepted");
        assert.equal(synBytes, flightBytes);
        assert.ok(rtt >= 20, `a round trip of ${rtt} ms`);
        assert.equal(synRoom, family === "ipv4" ? 1420 : 1400);
        assert.ok((second.localAddr?.port ?? 0) > 0);
        const carrying = onlyFlow(await lab.packets());
        assert.equal(carrying.syn.payload, synBytes);
        assert.equal(acknowledged(carrying), synBytes);
      }

      await lab.clearPackets();
      const { fastOpen } = await calls[call](client, lab.server.ipv4, { fastOpen: false });
      assert.equal(fastOpen.outcome, "disabled");
      assert.equal(onlyFlow(await lab.packets()).syn.fastOpenOption, "none");
    });

    test(`${platform}, ${call}: what a path does to data in the SYN`, { skip }, async () => {
      await using scene = await startSceneOn(platform);
      const { lab, client } = scene;
      await calls[call](client, lab.server.ipv4);
      for (const [kind, outcome] of [["strip", "ignored"], ["drop", "blocked"]] as const) {
        await lab.setMiddleboxes([{ kind: `${kind}-syn-data` }]);
        const { fastOpen } = await calls[call](client, lab.server.ipv4);
        assert.equal(fastOpen.outcome, outcome);
        assert.ok(fastOpen.synBytes > 0);
      }
    });
  }

  for (const sendBuffer of [32_768, 3000]) {
    test(`${platform}: more than a SYN carries and a send buffer of ${sendBuffer} takes arrives`, {
      skip,
    }, async () => {
      await using scene = await startSceneOn(platform, { kernel: { sendBuffer } });
      const { lab, nginx, client } = scene;
      const hostname = lab.server.ipv4;
      const body = Uint8Array.from({ length: 50_000 }, (_, index) => index % 251);
      for (const [index, outcome] of ["cookie-requested", "accepted"].entries()) {
        await lab.clearPackets();
        const name = `body-${index}`;
        const early = httpPut(`/upload/${name}`, body);
        const answer = succeeded(await client.connect({ hostname }, { early }));
        assert.match(answer.received, /^HTTP\/1\.1 201 /);
        assert.deepEqual(nginx.uploaded(name), body);
        assert.equal(answer.fastOpen.outcome, outcome);
        const { syn } = onlyFlow(await lab.packets());
        assert.equal(syn.payload, answer.fastOpen.synBytes);
        assert.equal(syn.payload, index === 0 ? 0 : 1420);
      }
    });
  }

  test(`${platform}: what does without Fast Open is plain, and says why`, { skip }, async () => {
    await using scene = await startSceneOn(platform, { kernel: { refuses: "EPERM" } });
    const { lab, client } = scene;
    const hostname = lab.server.ipv4;
    const refused = await calls.connect(client, hostname);
    assert.equal(refused.fastOpen.outcome, "unsupported");
    assert.match(refused.fastOpen.reason ?? "", /EPERM|client_enable=1/);
    assert.equal(onlyFlow(await lab.packets()).syn.fastOpenOption, "none");

    const send = "GET /facts HTTP/1.0\r\n\r\n";
    const silent = succeeded(await client.connect({ hostname }, { send }));
    assert.equal(silent.fastOpen.outcome, "disabled");
    assert.equal(silent.fastOpen.reason, "there was nothing to send");
  });

  test(`${platform}: connections come from a local address of one's choice`, { skip }, async () => {
    await using scene = await startSceneOn(platform);
    const { lab, client } = scene;
    for (const family of ["ipv4", "ipv6"] as const) {
      const localAddress = family === "ipv4" ? "10.77.9.5" : "fd77:9::5";
      await lab.client.addAddress(localAddress);
      for (const outcome of ["cookie-requested", "accepted", "disabled"] as const) {
        await lab.clearPackets();
        const options = { localAddress, fastOpen: outcome !== "disabled" };
        const { fastOpen } = await calls.connect(client, lab.server[family], options);
        assert.equal(fastOpen.outcome, outcome);
        const { syn } = onlyFlow(await lab.packets());
        assert.equal(syn.source, localAddress);
        assert.equal(syn.payload, fastOpen.synBytes);
      }
    }
    for (const [host, last] of [[lab.client, 1], [lab.client, 2], [lab.server, 77]] as const) {
      await host.run("ip", ["addr", "add", `fe80::${last}/64`, "dev", "link0", "nodad"]);
    }
    for (const fastOpen of [true, false]) {
      for (const from of [{}, { localAddress: "fe80::2%link0" }]) {
        const dial = { hostname: "fe80::77%link0", fastOpen, ...from };
        const result = await client.connect(dial, { early: request });
        // Deno's own sockets take no scope at all.
        if (runtimeName === "deno" && !fastOpen) assert.equal(result.error?.errno, "EINVAL");
        else {
          const expected = "localAddress" in from ? /^fe80::2(%|$)/ : /^fe80::[12](%|$)/;
          assert.match(succeeded(result).localAddr?.hostname ?? "", expected);
        }
      }
    }
    await lab.clearPackets();
    const hostname = lab.server.ipv4;
    for (const fastOpen of [true, false]) {
      const dial = { hostname, localAddress: "192.0.2.1", fastOpen };
      const { error } = await client.connect(dial, { early: "first" });
      assert.equal(error?.code, "ADDRESS_NOT_AVAILABLE", JSON.stringify(error));
    }
    // The last words of the connections before may come late.
    const sent = (await lab.packets()).filter(({ destination }) => destination === hostname);
    assert.deepEqual(sent, []);
  });

  test(`${platform}: a refused connection is refused`, { skip }, async () => {
    await using scene = await startSceneOn(platform);
    const options = { hostname: scene.lab.server.ipv4, port: 1 };
    const { error } = await scene.client.connect(options, { early: "hello" });
    assert.equal(error?.code, "CONNECTION_REFUSED");
    assert.equal(error?.errno, "ECONNREFUSED");
  });
}
