/** What becomes of a socket that is destroyed, at each stage of its life. */

import type { LookupFunction } from "node:net";
import type { TLSSocket } from "node:tls";
import { judge } from "../../peers/sockets/judge.ts";
import { kindUnderTest } from "../../peers/sockets/kind.ts";
import type { Scene } from "../../peers/sockets/scene.ts";

const { stands } = kindUnderTest();

/** When a socket is destroyed. `stage` resolves at that moment. */
interface Stage {
  readonly when: string;
  /** Whether the server keeps silent. */
  readonly silent?: boolean;
  reached(scene: Scene, socket: TLSSocket): Promise<void> | void;
}

/** Resolves within an event, while its listeners are called. */
function within(socket: TLSSocket, event: string): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()));
}

const stages: readonly Stage[] = [
  { when: "at once", reached: () => {} },
  {
    when: "in the next turn",
    silent: true,
    reached: () => new Promise((resolve) => setImmediate(resolve)),
  },
  {
    when: "during the handshake",
    silent: true,
    reached: (scene) => scene.settle(20),
  },
  { when: `in ${stands}`, reached: (_scene, socket) => within(socket, stands) },
  {
    when: "after data",
    async reached(scene, socket) {
      socket.on("data", () => {});
      socket.write("hello");
      await scene.event(socket, "data");
    },
  },
];

for (const { when, silent = false, reached } of stages) {
  for (const error of [undefined, Object.assign(new Error("enough"), { code: "ENOUGH" })]) {
    const title = `destroyed ${when}, ${error ? "with an error" : "without an error"}`;
    judge(title, async (scene) => {
      const port = silent
        ? await scene.serveTcp(() => {})
        : await scene.serve((peer) => void peer.pipe(peer));
      // Whether TCP stands yet at that moment is not the question.
      const early = silent || when === "at once";
      const socket = early ? scene.connect({ port }, ["error", "close"]) : scene.connect({ port });
      await reached(scene, socket);
      scene.note(`${socket.destroy(error) === socket}`);
      const { destroyed, readable, writable, closed } = socket;
      scene.note(scene.show({ destroyed, readable, writable, closed }));
      await scene.event(socket, "close");
      socket.destroy(new Error("once more"));
      await scene.settle();
      scene.state(socket, "in the end");
    });
  }
}

judge("destroyed during the look-up", async (scene) => {
  const port = await scene.serveTcp(() => scene.served("somebody connects"));
  let answer: (() => void) | undefined;
  const lookup: LookupFunction = (_name, { all }, done) => {
    answer = () => {
      if (all) done(null, [{ address: "127.0.0.1", family: 4 }]);
      else done(null, "127.0.0.1", 4);
    };
  };
  const socket = scene.connect({ port, host: "a.test", lookup }, ["connect", "error", "close"]);
  scene.write(socket, "early");
  await scene.until("look-up", () => answer !== undefined);
  socket.destroy();
  answer?.();
  await scene.event(socket, "close");
  await scene.settle(20);
});

judge("destroyed after the server's end", async (scene) => {
  const port = await scene.serve((peer) => void peer.end("bye"), { allowHalfOpen: true });
  const socket = scene.connect({ port, allowHalfOpen: true });
  socket.on("data", () => {});
  await scene.event(socket, "end");
  socket.destroy();
  await scene.event(socket, "close");
});

judge("destroyed with writes under way", async (scene) => {
  const port = await scene.serveTcp(() => {});
  const socket = scene.connect({ port }, ["error", "close"]);
  scene.write(socket, "one");
  scene.write(socket, "two");
  scene.end(socket, "three");
  await scene.settle();
  socket.destroy();
  await scene.event(socket, "close");
});

judge("an error thrown away: destroyed with one before anybody listens", async (scene) => {
  const port = await scene.serveTcp(() => {});
  const socket = scene.connect({ port }, ["error", "close"]);
  socket.destroy(new Error("enough"));
  scene.note(`${socket.errored?.message} ${socket.closed}`);
  await scene.event(socket, "close");
});

judge("destroySoon sends what was written", async (scene) => {
  let all = "";
  const port = await scene.serve((peer) => void peer.on("data", (chunk) => all += chunk));
  const socket = scene.connect({ port });
  await scene.stands(socket);
  scene.write(socket, "x".repeat(100_000));
  socket.destroySoon();
  await scene.event(socket, "close");
  await scene.until("all of it", () => all.length === 100_000);
});

judge("destroySoon before the connection stands", async (scene) => {
  let all = "";
  const port = await scene.serve((peer) => void peer.on("data", (chunk) => all += chunk));
  const socket = scene.connect({ port });
  scene.write(socket, "hello");
  socket.destroySoon();
  await scene.event(socket, "close");
  await scene.until("all of it", () => all === "hello");
});

judge("a signal that is aborted during the handshake", async (scene) => {
  const port = await scene.serveTcp(() => {});
  const stop = new AbortController();
  const socket = scene.connect({ port, signal: stop.signal }, ["error", "close"]);
  scene.write(socket, "early");
  await scene.settle();
  stop.abort();
  await scene.event(socket, "close");
});

judge("a signal that is aborted while data flow", async (scene) => {
  const port = await scene.serve((peer) => void peer.pipe(peer));
  const stop = new AbortController();
  const socket = scene.connect({ port, signal: stop.signal });
  socket.on("data", () => {});
  socket.write("hello");
  await scene.event(socket, "data");
  stop.abort();
  await scene.event(socket, "close");
});
