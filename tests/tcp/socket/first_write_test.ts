/** `tcpSocket({ data: "first-write" })`: the connection is opened by what is written first. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type FastOpenResult, type TcpSocket, tcpSocket } from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { startRawServer } from "../../fixtures/hostile_server.ts";
import { here } from "../../fixtures/hostile_ways.ts";
import { LineProcess, netlabSkip, programArguments, startNetlab } from "../../netlab/mod.ts";
import { httpRequest } from "../../peers/http.ts";
import { startNginx } from "../../peers/nginx.ts";
import { requirePeer } from "../../peers/peer.ts";
import { acknowledged, flowsIn, onlyFlow } from "../../peers/wire.ts";

const ways = ["in one piece", "in pieces", "corked", "by a pipe", "in pieces, in a callback each"];

test(
  "what is written first rides in the SYN, however it is written, and nothing is opened before",
  {
    skip: netlabSkip() || requirePeer("nginx"),
  },
  async () => {
    await using lab = await startNetlab({ rtt: 4 });
    await using _nginx = await startNginx({ place: lab.server, port: 443, plainPort: 80 });
    const program = new URL("../../fixtures/first_write.ts", import.meta.url);
    const args = programArguments(program, lab.server.ipv4);
    const stdio = ["pipe", "pipe", "inherit"] as const;
    using client = new LineProcess(lab.client.spawn(process.execPath, args, { stdio: [...stdio] }));
    const { length } = httpRequest("/facts");
    for (const [index, way] of ["in one piece", ...ways].entries()) {
      await lab.clearPackets();
      assert.equal(await client.ask(way), "made");
      assert.deepEqual(flowsIn(await lab.packets()), [], way);
      const answer = JSON.parse(await client.ask("write")) as FastOpenResult & { answer: string };
      assert.equal(answer.answer, "HTTP/1.1 200 OK", way);
      const flow = onlyFlow(await lab.packets());
      const expected = index === 0 ? "cookie-requested" : "accepted";
      assert.equal(answer.outcome, expected, way);
      assert.equal(flow.syn.payload, index === 0 ? 0 : length, way);
      assert.equal(acknowledged(flow), index === 0 ? 0 : length, way);
      assert.equal(answer.flightBytes, length, way);
    }
  },
);

/** A socket to a server that takes note of who connects, and what it says. */
async function opening(
  options: object,
  use: (socket: TcpSocket, accepted: readonly Socket[]) => Promise<void>,
): Promise<void> {
  await leavesNothing(async () => {
    const accepted: Socket[] = [];
    await using server = await startRawServer((socket) => {
      accepted.push(socket);
      socket.write("hello ");
      socket.pipe(socket);
    });
    const socket = tcpSocket({ host: here, port: server.port, data: "first-write", ...options });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await use(socket, accepted);
    socket.destroy();
    await closed;
  });
}

/** The events of a socket, until it is closed. */
async function eventsOf(socket: TcpSocket): Promise<string[]> {
  const heard: string[] = [];
  for (const event of ["connect", "ready", "end", "finish"]) {
    socket.on(event, () => heard.push(event));
  }
  socket.on("error", ({ code, syscall }: { code?: string; syscall?: string }) => {
    heard.push(`error ${syscall} ${code}`);
  });
  const hadError = await new Promise((resolve) => socket.once("close", resolve));
  return [...heard, `close ${hadError}`];
}

test("nothing is written in time: ETIMEDOUT, and nobody has connected", async () => {
  await opening({ connectTimeout: 30 }, async (socket, accepted) => {
    assert.equal(socket.connecting, true);
    assert.equal(socket.pending, true);
    assert.deepEqual(await eventsOf(socket), ["error connect ETIMEDOUT", "close true"]);
    const { cause } = socket.errored as Error;
    assert.match((cause as Error).message, /^Nothing was written to .* within 30 ms; with data: /);
    assert.deepEqual(accepted, []);
  });
});

test("destroyed before a write: closed, and nobody has connected", async () => {
  await opening({}, async (socket, accepted) => {
    const events = eventsOf(socket);
    socket.destroy();
    assert.deepEqual(await events, ["close false"]);
    assert.deepEqual(accepted, []);
  });
});

test("destroyed right after a write: its callback hears of it, and nobody has connected", async () => {
  await opening({}, async (socket, accepted) => {
    const written = new Promise((resolve) => socket.write("early", resolve));
    const events = eventsOf(socket);
    socket.destroy();
    assert.ok(await written instanceof Error);
    assert.deepEqual(await events, ["close false"]);
    assert.deepEqual(accepted, []);
  });
});

test("an abort before a write: the reason, and nobody has connected", async () => {
  const stop = new AbortController();
  await opening({ signal: stop.signal }, async (socket, accepted) => {
    const events = eventsOf(socket);
    stop.abort();
    assert.deepEqual(await events, ["error undefined ABORT_ERR", "close true"]);
    assert.deepEqual(accepted, []);
  });
});

test("an end without a write connects, and is an end", async () => {
  await opening({}, async (socket, accepted) => {
    socket.resume().end();
    const events = await eventsOf(socket);
    assert.deepEqual(events.toSorted(), ["close false", "connect", "end", "finish", "ready"]);
    assert.equal(accepted.length, 1);
  });
});

test("an end with data: everything arrives, then the end", async () => {
  await opening({}, async (socket) => {
    let said = "";
    socket.on("data", (chunk) => said += chunk);
    socket.write("wor");
    socket.end("ld");
    assert.equal((await eventsOf(socket)).at(-1), "close false");
    assert.equal(said, "hello world");
    assert.equal(socket.bytesWritten, 5);
  });
});

test("a server that speaks first is heard once something was written", async () => {
  await opening({}, async (socket, accepted) => {
    let said = "";
    const all = new Promise<void>((resolve) => {
      socket.on("data", (chunk) => (said += chunk) === "hello world" && resolve());
    });
    await sleep(20);
    assert.deepEqual(accepted, []);
    socket.write("world");
    await all;
    assert.equal(accepted.length, 1);
  });
});

test("without a port, connect() says where, and the first write opens", async () => {
  await leavesNothing(async () => {
    let accepted = 0;
    await using server = await startRawServer((socket) => {
      accepted++;
      socket.pipe(socket);
    });
    const socket = tcpSocket({ data: "first-write" });
    socket.connect(server.port, here);
    await sleep(20);
    assert.equal(accepted, 0);
    socket.resume().end("hi");
    await once(socket, "close");
    assert.equal(accepted, 1);
    assert.equal(socket.bytesRead, 2);
  });
});

test("what must not arrive twice is sent once the connection stands", async () => {
  const asked: string[] = [];
  const data = (first: Uint8Array) => {
    asked.push(new TextDecoder().decode(first));
    return false;
  };
  await opening({ data }, async (socket, accepted) => {
    socket.write("first ");
    socket.write("second");
    let text = "";
    while (text !== "hello first second") text += (await once(socket, "data"))[0];
    assert.deepEqual(asked, ["first second"]);
    assert.equal(accepted.length, 1);
    assert.equal(socket.fastOpen?.outcome, "disabled");
  });
});

test("a socket may say that it is connected before it is, and be opened by what is written then", async () => {
  const options = { optimisticConnect: true };
  await opening(options, async (socket, accepted) => {
    await once(socket, "connect");
    assert.deepEqual([socket.connecting, socket.pending, accepted.length], [false, false, 0]);
    assert.equal(socket.remoteAddress, undefined);
    socket.write("first");
    let text = "";
    while (text !== "hello first") text += (await once(socket, "data"))[0];
    assert.equal(socket.fastOpen?.outcome === "disabled", false);
    assert.equal(socket.remoteAddress, here);
  });
  await opening(options, async (socket) => {
    assert.equal(String((await once(socket, "data"))[0]), "hello "); // The server speaks first.
    assert.equal(socket.fastOpen?.outcome, "disabled");
  });
  await leavesNothing(async () => {
    const socket = tcpSocket({ host: here, port: 1, data: "first-write", ...options });
    assert.deepEqual(await eventsOf(socket), [
      "connect",
      "ready",
      "error connect ECONNREFUSED",
      "close true",
    ]);
  });
});

test("whether it says so may depend on where it connects to", async () => {
  const asked: unknown[] = [];
  const optimisticConnect = ({ hostname, port }: { hostname: string; port: number }) => {
    asked.push([hostname, port]);
    return false;
  };
  await leavesNothing(async () => {
    await using server = await startRawServer((socket) => socket.end("hello"));
    const socket = tcpSocket({ data: "first-write", optimisticConnect });
    assert.deepEqual(asked, []);
    socket.connect(server.port, here);
    assert.deepEqual(asked, [[here, server.port]]);
    assert.ok(socket.connecting);
    assert.equal(String((await once(socket, "data"))[0]), "hello"); // It does not wait for a write.
    await once(socket, "close");
  });
  for (
    const wrong of [{ optimisticConnect: true }, { optimisticConnect: 1, data: "first-write" }]
  ) {
    assert.throws(() => tcpSocket({ host: here, port: 1, ...wrong } as never), {
      name: "OptionError",
      option: "optimisticConnect",
    });
  }
});
