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
