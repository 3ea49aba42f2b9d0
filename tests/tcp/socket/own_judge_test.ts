/** What only plain sockets do, or do otherwise than those of TLS. */

import assert from "node:assert/strict";
import { type LookupFunction, Socket } from "node:net";
import { test } from "node:test";
import { OptionError, tcpSocket } from "../../../mod.ts";
import { closedPort } from "../../fixtures/hostile_server.ts";
import { judge } from "../../peers/sockets/judge.ts";
import { useKind } from "../../peers/sockets/kind.ts";
import { type JudgedOptions, Scene } from "../../peers/sockets/scene.ts";

useKind("tcp");

/** A server that says how its connection has ended. */
async function serveReporting(scene: Scene): Promise<{ port: number; over: Promise<unknown> }> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const port = await scene.serve((peer) => {
    peer.on("error", (error) => scene.served(scene.show(error)));
    peer.on("close", () => resolve());
    peer.resume();
  });
  return { port, over };
}

judge("resetAndDestroy: the server sees a reset", async (scene) => {
  const { port, over } = await serveReporting(scene);
  const socket = scene.connect({ port });
  await scene.stands(socket);
  await scene.settle();
  scene.note(`${socket.resetAndDestroy() === socket}`);
  await scene.event(socket, "close");
  await over;
});

judge("resetAndDestroy on a socket that is no more", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  await scene.stands(socket);
  socket.destroy();
  await scene.event(socket, "close");
  scene.note(`${socket.resetAndDestroy() === socket}`);
  await scene.settle();
});

for (const localAddress of ["127.0.0.1", "127.0.0.9"]) {
  judge(`localAddress ${localAddress}`, async (scene) => {
    const port = await scene.serve((peer) => scene.served(`${peer.remoteAddress}`));
    const socket = scene.connect({ port, localAddress } as JudgedOptions);
    await scene.stands(socket);
    scene.tells(socket);
    await scene.settle();
  });
}

judge("localAddress of another machine", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port, localAddress: "192.0.2.1" } as JudgedOptions);
  await scene.event(socket, "close");
}, {
  differs: {
    of: "tcp",
    why:
      "The error names the address that was to be connected to, and not the one to connect from.",
    account: [
      "error {EADDRNOTAVAIL syscall=connect address=127.0.0.1 port=PORT errno=-99} [closed destroyed closed errored]",
      "close true [closed destroyed closed errored]",
    ],
  },
});

for (const [family, host] of [[4, "127.0.0.1"], [6, "::1"]] as const) {
  judge(`family ${family}`, async (scene) => {
    const port = await scene.serve(() => {}, {}, host);
    const lookup: LookupFunction = (name, { all, family: asked }, done) => {
      scene.note(`asked for ${name} ${asked}`);
      if (all) setImmediate(() => done(null, [{ address: host, family }]));
      else setImmediate(() => done(null, host, family));
    };
    const options: object = { port, host: "a.test", family, lookup };
    const socket = scene.connect(options, ["close"]);
    await scene.stands(socket);
    scene.tells(socket);
  });
}

judge("a connection that is refused, with allowHalfOpen and an end", async (scene) => {
  const port = await closedPort();
  scene.name(port, "PORT");
  const socket = scene.connect({ port, allowHalfOpen: true });
  scene.end(socket, "never");
  await scene.event(socket, "close");
  scene.tells(socket);
});

judge("a signal that is aborted before", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port, signal: AbortSignal.abort() }, ["error", "close"]);
  await scene.event(socket, "close");
}, {
  differs: {
    of: "tcp",
    why: "There was an error, and the listeners of close are told so. Node's forgets to.",
    account: ["error {ABORT_ERR}", "close true"],
  },
});

judge("data that arrive before somebody listens", async (scene) => {
  const port = await scene.serve((peer) => void peer.end("hello"));
  const socket = scene.connect({ port });
  await scene.stands(socket);
  await scene.settle();
  socket.on("data", () => {});
  await scene.event(socket, "close");
});

judge("a write that is under way when the peer resets", async (scene) => {
  let peer: Socket | undefined;
  const port = await scene.serve((each) => void (peer = each.pause()));
  const socket = scene.connect({ port });
  await scene.stands(socket);
  await scene.until("the server's socket", () => peer !== undefined);
  scene.write(socket, "x".repeat(16_000_000));
  await scene.settle();
  peer?.resetAndDestroy();
  await scene.event(socket, "close");
});

const forms = {
  "port and host": (port: number, heard: () => void) => [port, "127.0.0.1", heard],
  "digits and host": (port: number, heard: () => void) => [`${port}`, "127.0.0.1", heard],
  "an object": (port: number, heard: () => void) => [{ port, host: "127.0.0.1" }, heard],
} as const;

const unconnected = {
  "net.Socket": () => new Socket(),
  "tcpSocket": () => tcpSocket({}) as unknown as Socket,
};

for (const [form, argumentsOf] of Object.entries(forms)) {
  test(`connect() with ${form} does what that of net.Socket does`, async () => {
    await using scene = new Scene(() => {
      throw new Error("Nobody connects by options");
    });
    const port = await scene.serve((peer) => void peer.end("hello"));
    for (const [name, make] of Object.entries(unconnected)) {
      const socket = make();
      const said = [`${socket.connecting} ${socket.pending} ${socket.readyState}`];
      const given = argumentsOf(port, () => said.push("heard"));
      const same = Reflect.apply(socket.connect, socket, given);
      said.push(`${same === socket} ${socket.connecting} ${socket.pending} ${socket.readyState}`);
      for await (const chunk of socket) said.push(`${chunk}`);
      assert.deepEqual(said, [
        ...["false true open", "true true true opening", "heard", "hello"],
      ], name);
    }
  });
}

const wrong: readonly (readonly [options: object, says: RegExp])[] = [
  [{ port: 0 }, /"port"/],
  [{ port: 70_000 }, /"port"/],
  [{ port: "http" }, /"port"/],
  [{ port: 80, host: "" }, /"hostname"/],
  [{ port: 80, host: "a b" }, /"hostname"/],
  [{ port: 80, host: "a.test", hostname: "b.test" }, /"host(name)?"/],
  [{ port: 80, family: 5 }, /"family"/],
  [{ port: 80, host: "::1", family: 4 }, /"family"/],
  [{ port: 80, localAddress: "nobody" }, /"localAddress"/],
  [{ port: 80, data: new Uint8Array(1) }, /"data"/],
  [{ port: 80, timeout: -1 }, /"timeout"/],
  [{ port: 80, keepAliveInitialDelay: "1" }, /"keepAliveInitialDelay"/],
  [{ port: 80, highWaterMark: -1 }, /"highWaterMark"/],
  [{ port: 80, allowHalfOpen: 1 }, /"allowHalfOpen"/],
  [{ port: 80, lookup: "dns" }, /"lookup"/],
  [{ port: 80, signal: {} }, /"signal"/],
  [{ port: 80, path: "/run/socket" }, /"path"/],
  [{ port: 80, localPort: 1234 }, /"localPort"/],
  [{ port: 80, ca: "" }, /"ca"/],
];

test("options that are wrong are named, and nothing is opened", () => {
  for (const [options, says] of wrong) {
    assert.throws(() => tcpSocket(options as object), (error) => {
      assert.ok(error instanceof OptionError, `${JSON.stringify(options)}: ${error}`);
      assert.equal(error.code, "INVALID_OPTION");
      assert.match(error.message, says);
      return true;
    }, JSON.stringify(options));
  }
});

test("what connect() is given wrongly is an error, and the socket can be used still", async () => {
  const socket = tcpSocket({});
  for (const given of [[], ["/run/socket"], [{}], [{ port: 0 }], [{ port: 80, host: "a b" }]]) {
    assert.throws(() => socket.connect(...given), OptionError, JSON.stringify(given));
  }
  assert.deepEqual([socket.connecting, socket.destroyed], [false, false]);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {}).connect(await closedPort(), "127.0.0.1");
  assert.equal(await closed, true);
});
