/** What time does to a socket, and what it does to the process and the kernel. */

import { execFileSync } from "node:child_process";
import type { TLSSocket } from "node:tls";
import { judge } from "../../peers/sockets/judge.ts";
import type { Scene } from "../../peers/sockets/scene.ts";

/** Milliseconds without traffic. */
const IDLE = 30;

judge("setTimeout: nothing happens for a while", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  await scene.stands(socket);
  let called = 0;
  scene.note(`${socket.setTimeout(IDLE, () => called++) === socket} ${socket.timeout}`);
  await scene.event(socket, "timeout");
  scene.state(socket, "open still");
  await scene.settle(3 * IDLE);
  scene.note(`called ${called} times`);
  socket.destroy();
  await scene.event(socket, "close");
});

judge("setTimeout: the callback is called once, the event comes again", async (scene) => {
  const port = await scene.serve((peer) => void peer.pipe(peer));
  const socket = scene.connect({ port }, ["timeout", "error", "close"]);
  socket.on("data", () => {});
  await scene.stands(socket);
  let called = 0;
  socket.setTimeout(IDLE, () => called++);
  await scene.event(socket, "timeout");
  socket.write("traffic");
  await scene.event(socket, "timeout", 2);
  scene.note(`called ${called} times`);
});

judge("setTimeout: traffic puts it off", async (scene) => {
  const port = await scene.serve((peer) => void peer.pipe(peer));
  const socket = scene.connect({ port }, ["timeout", "error", "close"]);
  socket.on("data", () => {});
  await scene.stands(socket);
  socket.setTimeout(250);
  const end = Date.now() + 350;
  while (Date.now() < end) {
    socket.write("x");
    await scene.settle(20);
  }
  scene.note("no timeout so far");
}, { only: "tls" }); // It takes long, and it is the same code.

judge("setTimeout(0) takes it back", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port }, ["timeout", "error", "close"]);
  await scene.stands(socket);
  const listener = () => scene.note("called");
  socket.setTimeout(IDLE, listener);
  socket.setTimeout(0, listener);
  await scene.settle(2 * IDLE);
  scene.note(`${socket.timeout} ${socket.listenerCount("timeout")}`);
});

judge("the option timeout", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port, timeout: IDLE * 3 });
  scene.note(`${socket.timeout}`);
  await scene.event(socket, "timeout");
});

judge("a timeout during the handshake leaves the socket alone", async (scene) => {
  const port = await scene.serveTcp(() => {});
  const socket = scene.connect({ port }, ["timeout", "error", "close"]);
  socket.setTimeout(IDLE);
  await scene.event(socket, "timeout");
  scene.note(`${socket.destroyed}`);
  socket.destroy(Object.assign(new Error("too late"), { code: "ETIMEDOUT" }));
  await scene.event(socket, "close");
});

judge("no timeout after destroy", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  await scene.stands(socket);
  socket.setTimeout(IDLE);
  socket.destroy();
  await scene.settle(2 * IDLE);
});

judge("what setTimeout does not take", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  for (const wrong of [-1, Infinity, NaN, "5", null, undefined, {}]) {
    try {
      socket.setTimeout(wrong as number);
      scene.note(`${wrong} is taken`);
    } catch (error) {
      scene.note(`${wrong}: ${(error as { code?: string }).code} ${(error as Error).name}`);
    }
  }
  try {
    socket.setTimeout(5, "not a function" as unknown as () => void);
    scene.note("taken");
  } catch (error) {
    scene.note(`callback: ${(error as { code?: string }).code}`);
  }
  socket.setTimeout(0);
  await scene.stands(socket);
});

/** Whether the kernel has a keep-alive timer for a socket, and for how many seconds. */
function keepAliveOf(socket: TLSSocket): string {
  const filter = ["sport", "=", `:${socket.localPort}`];
  const output = execFileSync("ss", ["-tnoH", "state", "established", ...filter], {
    encoding: "utf8",
  });
  const [, minutes = "", rest = ""] = /timer:\(keepalive,(?:(\d+)min)?([\d.]*)/.exec(output) ?? [];
  if (!minutes && !rest) return "no keep-alive";
  // It counts down, and it is rounded.
  const seconds = Number(minutes) * 60 + (minutes ? 0 : Number(rest));
  return `keep-alive within ${Math.ceil(seconds / 10) * 10} s`;
}

/** Waits until nothing else occupies the timer of a connection. */
async function quiet(scene: Scene, socket: TLSSocket): Promise<void> {
  await scene.stands(socket);
  await scene.settle(60);
}

judge("setKeepAlive and setNoDelay on a connection that stands", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  await quiet(scene, socket);
  scene.note(keepAliveOf(socket));
  scene.note(`${socket.setKeepAlive(true, 9_000) === socket} ${socket.setNoDelay() === socket}`);
  scene.note(keepAliveOf(socket));
  socket.setKeepAlive(false);
  scene.note(keepAliveOf(socket));
  socket.setNoDelay(false).setNoDelay(true);
});

judge("setKeepAlive before the connection stands", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  scene.note(
    `${socket.setKeepAlive(true, 9_000) === socket} ${socket.setNoDelay(true) === socket}`,
  );
  await quiet(scene, socket);
  scene.note(keepAliveOf(socket));
});

judge("the options keepAlive and keepAliveInitialDelay", async (scene) => {
  const port = await scene.serve();
  const options = { keepAlive: true, keepAliveInitialDelay: 29_000, noDelay: true };
  const socket = scene.connect({ port, ...options });
  await quiet(scene, socket);
  scene.note(keepAliveOf(socket));
});

judge("methods on a socket that is no more", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  await scene.stands(socket);
  socket.destroy();
  await scene.event(socket, "close");
  const chain = socket.setKeepAlive(true).setNoDelay(true).setTimeout(5).ref().unref();
  scene.note(`${chain === socket} ${scene.show(socket.address())}`);
  await scene.settle(20);
});
