/** Where tlsSocket is another than the runtimes' own on purpose, and where they can't be asked. */

import assert from "node:assert/strict";
import { connect as connectTcp, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { tlsSocket, type TlsSocketOptions } from "../../../mod.ts";
import { certificates } from "../../peers/certificates.ts";
import { kindUnderTest } from "../../peers/sockets/kind.ts";
import { account, type Scenario } from "../../peers/sockets/judge.ts";
import type { Scene } from "../../peers/sockets/scene.ts";

const SECURE = [
  "connect [open readable writable]",
  "ready [open readable writable]",
  "secureConnect [open authorized readable writable]",
];

/** A scenario whose account is known beforehand. */
function expectAccount(title: string, expected: readonly string[], scenario: Scenario): void {
  test(title, async () => {
    assert.deepEqual(await account(scenario, kindUnderTest().ours()), expected);
  });
}

// Node throws here, and Deno's socket fails.
expectAccount("resetAndDestroy: the server sees a reset", [
  ...SECURE,
  "true",
  "close false [closed authorized destroyed closed]",
  "server: {ECONNRESET syscall=read}",
], async (scene) => {
  let over = false;
  const port = await scene.serveTcp((raw) => {
    const upstream = connectTcp(inner, "127.0.0.1");
    scene.finally(() => void upstream.destroy());
    upstream.on("error", () => {}).on("data", (chunk) => raw.write(chunk));
    raw.on("data", (chunk) => upstream.write(chunk));
    raw.on("error", (error) => scene.served(scene.show(error)));
    raw.on("close", () => over = true);
  });
  const inner = await scene.serve();
  const socket = scene.connect({ port });
  await scene.stands(socket);
  await scene.settle();
  scene.note(`${socket.resetAndDestroy() === socket}`);
  await scene.event(socket, "close");
  await scene.until("the server's close", () => over);
});

expectAccount("resetAndDestroy before the connection stands", ["close false"], async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port }, ["error", "close"]);
  socket.resetAndDestroy();
  await scene.event(socket, "close");
});

// Here Node's process aborts, and Deno's socket closes twice.
expectAccount("a signal that is aborted before", [
  "error {ABORT_ERR}",
  "close true",
], async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port, signal: AbortSignal.abort() }, ["error", "close"]);
  await scene.event(socket, "close");
});

// The runtimes tell of the error, and leave the socket open.
expectAccount("a record that nobody has sent ends the connection", [
  ...SECURE,
  'data "answer"',
  "error {PROTOCOL_ERROR port=PORT hostname=127.0.0.1} [closed authorized destroyed closed errored]",
  "close true [closed authorized destroyed closed errored]",
], async (scene) => {
  const inner = await scene.serve((peer) => void peer.write("answer"));
  let client: Socket | undefined;
  const port = await scene.serveTcp((raw) => {
    client = raw;
    const upstream = connectTcp(inner, "127.0.0.1");
    scene.finally(() => void upstream.destroy());
    upstream.on("error", () => {}).on("data", (chunk) => raw.write(chunk));
    raw.on("data", (chunk) => upstream.write(chunk));
  });
  const socket = scene.connect({ port });
  socket.resume();
  await scene.event(socket, "data");
  client?.write(new Uint8Array([23, 3, 3, 0, 32, ...new Uint8Array(32)]));
  await scene.event(socket, "close");
});

/** Options for a server of the scene, without a port. */
function unconnected(scene: Scene, options: TlsSocketOptions = {}) {
  const socket = tlsSocket({ ca: certificates().ca, sessions: false, ...options });
  scene.finally(() => void socket.destroy());
  socket.on("error", () => {});
  return socket;
}

for (const form of ["port and host", "an object", "digits"] as const) {
  test(`connect() with ${form}: the listener hears "connect", and is called once`, async () => {
    const scenario: Scenario = async (scene) => {
      const port = await scene.serve((peer) => void peer.end("hello"));
      const socket = unconnected(scene);
      scene.note(`${socket.connecting} ${socket.pending}`);
      let called = 0;
      const listener = () => called++;
      const same = form === "an object"
        ? socket.connect({ port, host: "127.0.0.1" }, listener)
        : socket.connect(form === "digits" ? `${port}` : port, "127.0.0.1", listener);
      scene.note(`${same === socket} ${socket.connecting} ${socket.pending}`);
      let text = "";
      for await (const chunk of socket) text += chunk;
      scene.note(`${text} ${called}`);
    };
    const expected = ["false true", "true true true", "hello 1"];
    assert.deepEqual(await account(scenario, kindUnderTest().ours()), expected);
  });
}

test("connect() on a socket that connects already does nothing but listen", async () => {
  const scenario: Scenario = async (scene) => {
    let connections = 0;
    const port = await scene.serve((peer) => {
      connections++;
      peer.end("hello");
    });
    const socket = unconnected(scene, { host: "127.0.0.1", port });
    let called = 0;
    socket.connect(port, "127.0.0.1", () => called++);
    let text = "";
    for await (const chunk of socket) text += chunk;
    scene.note(`${text} ${called} ${connections}`);
  };
  assert.deepEqual(await account(scenario, kindUnderTest().ours()), ["hello 1 1"]);
});

test("a write before connect() fails, as that of a net.Socket does", async () => {
  const codeOf = async (socket: Duplex): Promise<string | undefined> => {
    socket.on("error", () => {});
    const error = await new Promise<Error | null | undefined>((resolve) => {
      socket.write("too early", resolve);
    });
    socket.destroy();
    return (error as { code?: string }).code;
  };
  const ours = await codeOf(tlsSocket({ host: "127.0.0.1" }));
  assert.equal(ours, "ERR_SOCKET_CLOSED");
  if ("Bun" in globalThis) return; // It keeps what was written.
  assert.equal(await codeOf(new Socket()), ours);
});

test("checkServerIdentity comes on top of the name, and does not take its place", async () => {
  const scenario: Scenario = async (scene) => {
    const { cert, key } = certificates().wrongName;
    const port = await scene.serve(() => {}, { cert, key });
    const socket = unconnected(scene, {
      host: "127.0.0.1",
      port,
      checkServerIdentity: () => void scene.note("asked"),
    });
    const error = await new Promise<Error>((resolve) => socket.once("error", resolve));
    scene.note((error as { code?: string }).code ?? "");
  };
  assert.deepEqual(await account(scenario, kindUnderTest().ours()), [
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ]);
});
