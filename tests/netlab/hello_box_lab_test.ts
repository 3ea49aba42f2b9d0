/** What real kernels and TLS libraries make of the middlebox that reads ClientHellos. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "../peers/folder.ts";
import { httpRequest } from "../peers/http.ts";
import { type Nginx, startNginx } from "../peers/nginx.ts";
import { startOpensslClient } from "../peers/openssl_client.ts";
import { requirePeer } from "../peers/peer.ts";
import { acknowledged, onlyFlow } from "../peers/wire.ts";
import type { MindHello } from "./mind_hello.ts";
import { type Netlab, netlabSkip, startNetlab } from "./mod.ts";

const skip = requirePeer("nginx", "openssl", "curl") || netlabSkip();

/** How OpenSSL puts it. */
const says = {
  reset: /errno=104/,
  close: /unexpected eof while reading/,
  alert: /alert illegal parameter/,
  silence: undefined,
  loss: undefined,
} as const satisfies Record<MindHello["by"], RegExp | undefined>;

const ways = Object.entries(says) as [MindHello["by"], RegExp | undefined][];

/** Milliseconds in which OpenSSL starts and the kernel sends again what was lost. */
const LONG = 1000;

interface TlsLab extends AsyncDisposable {
  readonly lab: Netlab;
  readonly nginx: Nginx;
}

async function startTlsLab(): Promise<TlsLab> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await startNetlab({ rtt: 4 }));
  const nginx = stack.use(await startNginx({ place: lab.server, port: 443 }));
  const parts = stack.move();
  return { lab, nginx, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Does `work` over IPv4 and over IPv6 at the same time, each in a lab of its own. */
async function overEachFamily(
  work: (scene: TlsLab, host: string) => Promise<void>,
): Promise<void> {
  await Promise.all((["ipv4", "ipv6"] as const).map(async (family) => {
    await using scene = await startTlsLab();
    const address = scene.lab.server[family];
    await work(scene, family === "ipv6" ? `[${address}]` : address);
  }));
}

/** One request by `openssl s_client`, whose answer must come. */
async function succeed(lab: Netlab, host: string, args: readonly string[] = []): Promise<void> {
  await using client = startOpensslClient(`${host}:443`, args, lab.client);
  client.type(httpRequest("/facts"));
  await client.saw(/HTTP\/1\.1 200 OK/);
  await client.finished();
}

/** How many connections stand or are being made, as the server's kernel sees it. */
async function openConnections(lab: Netlab): Promise<number> {
  const { stdout } = await lab.server.run("cat", ["/proc/net/tcp", "/proc/net/tcp6"]);
  const states = stdout.split("\n").map((line) => line.trim().split(/\s+/)[3]);
  return states.filter((state) => state === "01" || state === "03").length;
}

for (const [by, said] of ways) {
  test(
    `${by} for a ticket: nginx never sees the hello; a hello without passes`,
    { skip },
    () =>
      overEachFamily(async ({ lab, nginx }, host) => {
        using folder = temporaryFolder();
        const session = folder.path("session");
        await succeed(lab, host, ["-sess_out", session]);
        await lab.setMiddleboxes([{ kind: "mind-hello", minds: "ticket", by }]);
        await succeed(lab, host);
        assert.equal((await nginx.requests(2)).length, 2);

        await lab.clearPackets();
        await using client = startOpensslClient(`${host}:443`, ["-sess_in", session], lab.client);
        if (said) {
          await client.finished();
          assert.match(client.output, said);
        } else {
          await sleep(LONG);
          assert.doesNotMatch(client.output, /errno|error|SSL handshake has read/);
        }
        const flow = onlyFlow(await lab.packets());
        assert.equal(acknowledged(flow), 0);
        assert.equal(
          flow.packets.filter(({ from }) => from === "server").length,
          1,
          "a SYN-ACK only",
        );
        const sent = flow.packets.filter(({ from, payload }) => from === "client" && payload > 0);
        assert.ok(sent.length > 0 && sent.every(({ dropped }) => dropped));
        const times = sent.filter(({ seq }) => seq === flow.synAck?.ack).length;
        if (by === "loss") assert.ok(times > 1, `sent ${times} times`);
        else assert.equal(times, 1, "it was acknowledged, or not wanted");
        assert.equal(await openConnections(lab), 0);
        assert.equal((await nginx.requests(2)).length, 2);
      }),
  );
}

/** One request by curl, with the kernel's Fast Open. Resolves to the exit status. */
async function curl(lab: Netlab, host: string, seconds = 15): Promise<number | null> {
  const url = `https://${host}/facts`;
  const args = ["-s", "-m", `${seconds}`, "--tcp-fastopen", "-k", "-o", "/dev/null", url];
  return (await lab.client.run("curl", args)).code;
}

/** curl's exit status for a failed handshake, and for a time-out. */
const HANDSHAKE_FAILED = 35;
const TIMED_OUT = 28;

/** Bytes of the record with OpenSSL's ServerHello: TLS 1.3, X25519, a session's id. */
const SERVER_HELLO = 127;

for (const [by, said] of ways) {
  const [failure, patience] = said ? [HANDSHAKE_FAILED, 15] : [TIMED_OUT, 1];

  test(
    `${by} for a hello in the SYN: the SYN goes on without it`,
    { skip },
    () =>
      overEachFamily(async ({ lab, nginx }, host) => {
        assert.equal(await curl(lab, host), 0);
        await lab.setMiddleboxes([{ kind: "mind-hello", minds: "large", largerThan: 100, by }]);
        await lab.clearPackets();
        assert.equal(await curl(lab, host, patience), failure);
        const flow = onlyFlow(await lab.packets());
        assert.ok(flow.syn.payload > 0 && !flow.syn.dropped);
        assert.equal(acknowledged(flow), 0);
        const again = flow.packets.filter(({ seq, payload }) => {
          return payload > 0 && seq === flow.syn.seq + 1 >>> 0;
        });
        assert.ok(again.length > 0 && again.every(({ dropped }) => dropped));
        assert.equal(await openConnections(lab), 0);
        assert.equal((await nginx.requests(1)).length, 1);
      }),
  );

  test(
    `${by} behind the server's first record`,
    { skip },
    () =>
      overEachFamily(async ({ lab, nginx }, host) => {
        const box = {
          kind: "mind-hello",
          minds: "large",
          largerThan: 100,
          when: "first-record",
        } as const;
        assert.equal(await curl(lab, host), 0);
        await lab.setMiddleboxes([{ ...box, by }]);
        await lab.clearPackets();
        assert.equal(await curl(lab, host, patience), failure);
        const flow = onlyFlow(await lab.packets());
        assert.equal(acknowledged(flow), flow.syn.payload);
        const got = flow.packets.filter(({ from, flags }) =>
          from === "client" && /^P?A$/.test(flags)
        )
          .map(({ ack }) => ack - flow.synAck!.seq - 1 >>> 0);
        assert.ok(got.includes(SERVER_HELLO), `${got}`);
        const more = { reset: 0, close: 1, alert: 8, silence: 0, loss: 0 }[by];
        assert.ok(Math.max(...got) <= SERVER_HELLO + more, `${got}`);
        const sent = flow.packets.filter(({ from, payload }) => from === "server" && payload > 0);
        assert.ok(sent.reduce((sum, { payload }) => sum + payload, 0) > SERVER_HELLO);
        assert.equal(await openConnections(lab), 0);
        assert.equal((await nginx.requests(1)).length, 1);
      }),
  );
}
