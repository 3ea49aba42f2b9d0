/** How connections end: who ends first, with what, and what the other may still do. */

import type { Socket } from "node:net";
import { connect as connectTcp } from "node:net";
import type { TLSSocket } from "node:tls";
import { judge } from "../../peers/sockets/judge.ts";
import { leftOpen } from "../../peers/sockets/left_open.ts";
import type { Scene } from "../../peers/sockets/scene.ts";

const RESET_IN_DENO = "It takes a reset for an ordinary end.";

/** Says on behalf of the server what it sees. */
function report(scene: Scene, peer: TLSSocket): TLSSocket {
  let all = "";
  peer.on("data", (chunk) => all += chunk);
  peer.on("end", () => scene.served(`end after ${all}`));
  return peer;
}

/** Starts a relay to the server on `port`; `cut` gets the client's side once the server has said something. */
async function relay(
  scene: Scene,
  port: number,
  begin: (client: Socket, upstream: Socket) => void,
): Promise<number> {
  return await scene.serveTcp((client) => {
    const upstream = connectTcp(port, "127.0.0.1");
    upstream.on("error", () => {});
    scene.finally(() => void upstream.destroy());
    client.on("data", (chunk) => upstream.write(chunk));
    upstream.on("data", (chunk) => client.write(chunk));
    begin(client, upstream);
  });
}

judge("the server ends first", async (scene) => {
  const port = await scene.serve((peer) => void report(scene, peer).end("bye"));
  const socket = scene.connect({ port });
  socket.resume();
  await scene.event(socket, "close");
});

judge("the server ends first, and nobody reads", async (scene) => {
  const port = await scene.serve((peer) => void report(scene, peer).end());
  const socket = scene.connect({ port });
  await scene.event(socket, "close");
});

judge("the server ends first after data that nobody reads; later somebody does", async (scene) => {
  const port = await scene.serve((peer) => void report(scene, peer).end("bye"));
  const socket = scene.connect({ port });
  await scene.stands(socket);
  await scene.settle();
  scene.state(socket, "unread");
  socket.resume();
  await scene.event(socket, "close");
});

judge("allowHalfOpen: the server ends first, the client goes on", async (scene) => {
  const port = await scene.serve((peer) => void report(scene, peer).end("bye"), {
    allowHalfOpen: true,
  });
  const socket = scene.connect({ port, allowHalfOpen: true });
  socket.resume();
  await scene.event(socket, "end");
  await scene.settle();
  scene.state(socket, "half open");
  scene.write(socket, "one more");
  await scene.settle();
  scene.end(socket, "the last");
  await scene.event(socket, "close");
}, { needs: "halfClose" });

for (const allowHalfOpen of [false, true]) {
  judge(
    `allowHalfOpen ${allowHalfOpen}: the client ends first, the answer comes then`,
    async (scene) => {
      const port = await scene.serve((peer) => {
        report(scene, peer).on("end", () => peer.end("answer"));
      }, { allowHalfOpen: true });
      const socket = scene.connect({ port, allowHalfOpen });
      socket.resume();
      await scene.stands(socket);
      scene.end(socket, "question");
      scene.state(socket, "ended");
      await scene.event(socket, "close");
    },
  );
}

judge("end with data before the connection stands", async (scene) => {
  const port = await scene.serve(
    (peer) => void report(scene, peer).on("end", () => peer.end("ok")),
    {
      allowHalfOpen: true,
    },
  );
  const socket = scene.connect({ port });
  socket.resume();
  scene.end(socket, "all");
  scene.state(socket, "at once");
  await scene.event(socket, "close");
});

judge("end without data before the connection stands", async (scene) => {
  const port = await scene.serve((peer) => void peer.resume());
  // Nothing is to be sent, so it may be finished before the handshake is.
  const socket = scene.connect({ port }, ["secureConnect", "end", "error", "close"]);
  socket.resume();
  scene.end(socket);
  scene.state(socket, "at once");
  await scene.event(socket, "close");
});

judge("end twice", async (scene) => {
  const port = await scene.serve((peer) => void report(scene, peer));
  const socket = scene.connect({ port });
  socket.resume();
  await scene.stands(socket);
  scene.end(socket, "all");
  scene.end(socket);
  await scene.event(socket, "close");
  scene.end(socket);
});

judge("writes before the connection stands", async (scene) => {
  const port = await scene.serve((peer) => {
    let all = "";
    peer.on("data", (chunk) => {
      all += chunk;
      if (all.length === 9) peer.end(all);
    });
  });
  const socket = scene.connect({ port });
  socket.resume();
  scene.note(`${scene.write(socket, "one")} ${scene.write(socket, "two")}`);
  scene.note(`${socket.writableLength} ${socket.bufferSize} ${socket.bytesWritten}`);
  await scene.event(socket, "connect");
  scene.write(socket, "six");
  await scene.event(socket, "close");
});

judge("a write after the end", async (scene) => {
  const port = await scene.serve((peer) => void peer.resume());
  const socket = scene.connect({ port });
  socket.resume();
  await scene.stands(socket);
  socket.end("all");
  scene.note(`${scene.write(socket, "late")}`);
  await scene.event(socket, "close");
});

judge("a write after the server's end", async (scene) => {
  const port = await scene.serve((peer) => void report(scene, peer).end());
  const socket = scene.connect({ port });
  socket.resume();
  await scene.event(socket, "close");
  scene.note(`${scene.write(socket, "late")}`);
  await scene.settle();
});

judge("a write after destroy", async (scene) => {
  const port = await scene.serve((peer) => void peer.resume());
  const socket = scene.connect({ port });
  await scene.stands(socket);
  socket.destroy();
  scene.note(`${scene.write(socket, "late")}`);
  await scene.event(socket, "close");
  scene.note(`${scene.write(socket, "later")}`);
});

for (const reads of [true, false]) {
  judge(
    `a reset while nothing happens, and ${reads ? "somebody" : "nobody"} reads`,
    async (scene) => {
      const port = await scene.serve();
      let client: Socket | undefined;
      const through = await relay(scene, port, (side) => client = side);
      const socket = scene.connect({ port: through });
      if (reads) socket.resume();
      await scene.stands(socket);
      await scene.settle();
      client?.resetAndDestroy();
      await scene.event(socket, "close");
      scene.note(`${scene.write(socket, "late")}`);
      await scene.settle();
    },
    { judgedByNode: { deno: RESET_IN_DENO } },
  );
}

judge("a reset after an answer", async (scene) => {
  const port = await scene.serve((peer) => void peer.write("answer"));
  let client: Socket | undefined;
  const through = await relay(scene, port, (side) => client = side);
  const socket = scene.connect({ port: through });
  socket.resume();
  await scene.event(socket, "data");
  client?.resetAndDestroy();
  await scene.event(socket, "close");
}, { judgedByNode: { deno: RESET_IN_DENO } });

judge("writes after the peer has gone", async (scene) => {
  const port = await scene.serve();
  let client: Socket | undefined;
  const through = await relay(scene, port, (side) => client = side);
  const socket = scene.connect({ port: through, allowHalfOpen: true });
  await scene.stands(socket);
  await scene.settle();
  client?.destroy(); // Its kernel answers what comes with a reset.
  await scene.settle();
  scene.write(socket, "first");
  await scene.settle();
  scene.write(socket, "second");
  await scene.event(socket, "close");
}, {
  judgedByNode: { bun: "It says that a read was answered by EPIPE." },
  differs: {
    of: "tls",
    why: "Without close_notify the peer has not ended but gone. Nothing is sent any more.",
    account: [
      "connect [open readable writable]",
      "ready [open readable writable]",
      "secureConnect [open authorized readable writable]",
      "end [writeOnly authorized writable readableEnded]",
      "finish [closed authorized readableEnded writableEnded writableFinished]",
      "close false [closed authorized readableEnded writableEnded writableFinished destroyed closed]",
      "callback: not wrote first: ERR_STREAM_WRITE_AFTER_END",
      "callback: not wrote second: ERR_STREAM_WRITE_AFTER_END",
    ],
  },
});

judge("a FIN without close_notify", async (scene) => {
  const port = await scene.serve((peer) => void peer.write("answer"));
  let client: Socket | undefined;
  const through = await relay(scene, port, (side) => client = side);
  const socket = scene.connect({ port: through });
  socket.resume();
  await scene.event(socket, "data");
  client?.end();
  await scene.event(socket, "close");
});

judge("a FIN amid a record", async (scene) => {
  const port = await scene.serve((peer) => void peer.write("answer"));
  let client: Socket | undefined;
  const through = await relay(scene, port, (side) => client = side);
  const socket = scene.connect({ port: through });
  socket.resume();
  await scene.event(socket, "data");
  client?.end(new Uint8Array([23, 3, 3, 0, 100, 1, 2, 3]));
  await scene.event(socket, "close");
});

judge("the server destroys its socket after an answer", async (scene) => {
  const port = await scene.serve((peer) => {
    peer.on("data", () => peer.write("answer", () => peer.destroy()));
  });
  const socket = scene.connect({ port });
  socket.resume();
  await scene.stands(socket);
  scene.write(socket, "question");
  await scene.event(socket, "close");
});

judge("no connection stays behind, however it ends", async (scene) => {
  const polite = await scene.serve((peer) => void peer.end("bye"));
  const rude = await scene.serve((peer) => void peer.write("answer"));
  const clients: Socket[] = [];
  const cut = await relay(scene, rude, (client) => clients.push(client));
  const dumb = await scene.serveTcp((peer) =>
    void peer.once("data", () => peer.end("HTTP/1.1 400"))
  );
  const closes = ["close"];
  for (const port of [polite, cut, dumb]) {
    const reads = scene.connect({ port }, closes);
    reads.on("data", () => {});
    if (port === dumb) reads.write("hello");
    if (port === cut) {
      await scene.event(reads, "data");
      clients.at(-1)?.end();
    }
    await scene.event(reads, "close");
  }
  const destroyed = scene.connect({ port: polite }, closes);
  await scene.stands(destroyed);
  destroyed.destroy();
  await scene.event(destroyed, "close");
  await scene.settle();
  for (const port of [polite, cut, dumb]) scene.note(`left: ${leftOpen(port).length}`);
});
