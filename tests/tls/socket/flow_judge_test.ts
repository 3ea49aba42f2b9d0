/** How data flow, and stop. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TLSSocket } from "node:tls";
import { closedPort } from "../../fixtures/hostile_server.ts";
import { judge } from "../../peers/sockets/judge.ts";
import { kindUnderTest } from "../../peers/sockets/kind.ts";
import { MANY, type Scene } from "../../peers/sockets/scene.ts";

const UNENDED = "After much data it does not always say that this was the end.";

/** Node's own socket says that it has written at once what the kernel has room for. */
const MORE_THAN_BUFFERS = kindUnderTest().name === "tcp" ? 8_000_003 : 1_000_003;

/** Bytes of which no two parts are the same. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) {
    bytes.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
  }
  return bytes;
}

const digestOf = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex").slice(0, 16);

/** A server's reader, which says how much it got, and what. */
function count(scene: Scene, peer: TLSSocket, whole?: () => void): void {
  const hash = createHash("sha256");
  let length = 0;
  peer.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    length += chunk.length;
  });
  peer.on("end", () => {
    scene.served(`${length} bytes ${hash.digest("hex").slice(0, 16)}`);
    whole?.();
  });
}

/** Sends back whatever comes. */
const echo = (peer: TLSSocket): void => void peer.pipe(peer);

judge("pause and resume", async (scene) => {
  const port = await scene.serve(echo);
  const socket = scene.connect({ port });
  socket.on("data", () => {});
  await scene.stands(socket);
  scene.write(socket, "one");
  await scene.event(socket, "data");
  socket.pause();
  scene.note(`paused: ${socket.isPaused()} ${socket.readableFlowing}`);
  scene.write(socket, "two");
  await scene.settle(20);
  scene.note("nothing has come");
  socket.resume();
  scene.note(`paused: ${socket.isPaused()} ${socket.readableFlowing}`);
  await scene.event(socket, "data", 2);
  socket.destroy();
});

judge("pause before the connection stands", async (scene) => {
  const port = await scene.serve((peer) => void peer.end("hello"));
  const socket = scene.connect({ port });
  socket.on("data", () => {});
  socket.pause();
  await scene.stands(socket);
  await scene.settle(20);
  scene.note("nothing has come");
  socket.resume();
  await scene.event(socket, "close");
});

judge("read in paused mode", async (scene) => {
  const port = await scene.serve((peer) => void peer.end("hello world"));
  const socket = scene.connect({ port });
  scene.note(`${socket.read()}`);
  const parts: string[] = [];
  socket.on("readable", () => {
    for (let part = socket.read(4); part !== null; part = socket.read(4)) parts.push(String(part));
  });
  await scene.event(socket, "close");
  scene.note(parts.join("|"));
});

judge("unshift", async (scene) => {
  const port = await scene.serve((peer) => void peer.end("world"));
  const socket = scene.connect({ port });
  await scene.stands(socket);
  socket.unshift(Buffer.from("hello "));
  socket.resume();
  await scene.event(socket, "close");
});

judge("async iteration to the end", async (scene) => {
  const port = await scene.serve((peer) => void peer.end(bytesOf(100_000)));
  const socket = scene.connect({ port }, ["end", "error", "close"]);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const all = Buffer.concat(chunks);
  await scene.event(socket, "close");
  scene.note(`${all.length} bytes ${digestOf(all)}`);
});

judge("async iteration that stops early destroys", async (scene) => {
  const port = await scene.serve(echo);
  const socket = scene.connect({ port });
  scene.write(socket, "hello");
  for await (const chunk of socket) {
    scene.note(`${chunk}`);
    break;
  }
  scene.state(socket, "then");
  await scene.event(socket, "close");
});

judge("async iteration, and a connection that is refused", async (scene) => {
  const port = await closedPort();
  scene.name(port, "PORT");
  const socket = scene.connect({ port });
  let thrown: unknown;
  try {
    for await (const chunk of socket) scene.note(`${chunk}`);
  } catch (error) {
    thrown = error;
  }
  await scene.event(socket, "close");
  scene.note(`thrown ${scene.show(thrown)}`);
});

judge("pipe to a slow writer", async (scene) => {
  const sent = bytesOf(1_000_000);
  const port = await scene.serve((peer) => void peer.end(sent));
  const socket = scene.connect({ port });
  const hash = createHash("sha256"); // A pipe listens for data.
  const slow = new Writable({
    write(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      setImmediate(done);
    },
  });
  socket.pipe(slow);
  await scene.until("finish", () => slow.writableFinished);
  await scene.event(socket, "close");
  scene.note(hash.digest("hex").slice(0, 16) === digestOf(sent) ? "the same" : "something else");
}, { judgedByNode: { deno: UNENDED } });

judge("a pipeline through a transform and back", async (scene) => {
  const port = await scene.serve((peer) => count(scene, peer, () => peer.end("got it")), {
    allowHalfOpen: true,
  });
  const socket = scene.connect({ port });
  socket.resume();
  await scene.stands(socket);
  const upper = new Transform({
    transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()),
  });
  await pipeline(Readable.from(["one", "two", "three"]), upper, socket);
  scene.state(socket, "piped");
  await scene.event(socket, "close");
});

judge("a pipeline out of a socket whose peer resets", async (scene) => {
  const port = await scene.serveTcp((peer) => void peer.once("data", () => peer.resetAndDestroy()));
  const socket = scene.connect({ port }, ["secureConnect", "error", "close"]);
  scene.write(socket, "early");
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  const thrown = await pipeline(socket, sink).then(() => "nothing", (error) => error);
  await scene.event(socket, "close");
  scene.note(`thrown ${scene.show(thrown)}`);
}, { judgedByNode: { deno: "It takes a reset for an end." } });

judge("a great download", async (scene) => {
  const sent = bytesOf(MANY);
  const port = await scene.serve((peer) => void peer.end(sent));
  const socket = scene.connect({ port });
  socket.on("data", () => {});
  await scene.event(socket, "close");
  scene.note(digestOf(sent));
});

judge("a download to nobody", async (scene) => {
  const port = await scene.serve((peer) => void peer.end(bytesOf(MANY / 8)));
  const socket = scene.connect({ port });
  socket.resume();
  await scene.event(socket, "close");
}, { judgedByNode: { deno: UNENDED } });

judge("a great upload", async (scene) => {
  const port = await scene.serve((peer) => count(scene, peer, () => peer.end()), {
    allowHalfOpen: true,
  });
  const socket = scene.connect({ port });
  socket.resume();
  await scene.stands(socket);
  const all = bytesOf(Math.max(MANY, MORE_THAN_BUFFERS));
  for (let at = 0; at < all.length; at += 65_536) {
    const part = all.subarray(at, at + 65_536);
    if (!socket.write(part)) await new Promise<void>((resolve) => socket.once("drain", resolve));
  }
  scene.end(socket);
  await scene.event(socket, "close");
  scene.note(`${socket.writableLength}`);
});

judge("an upload in one piece", async (scene) => {
  const port = await scene.serve((peer) => count(scene, peer, () => peer.end()), {
    allowHalfOpen: true,
  });
  const socket = scene.connect({ port });
  socket.resume();
  await scene.stands(socket);
  const all = bytesOf(MORE_THAN_BUFFERS);
  scene.note(`${socket.write(all, scene.called("wrote all"))} ${socket.writableNeedDrain}`);
  await scene.event(socket, "drain");
  scene.note(`${socket.writableLength} ${socket.writableNeedDrain}`);
  scene.end(socket);
  await scene.event(socket, "close");
});

judge("both ways at once", async (scene) => {
  const port = await scene.serveByListener((peer) => void peer.pipe(peer));
  const socket = scene.connect({ port, allowHalfOpen: true }, ["end", "finish", "error"]);
  const sent = bytesOf(MANY / 8);
  const hash = createHash("sha256");
  const back = (async () => {
    for await (const chunk of socket) hash.update(chunk as Buffer);
  })();
  await pipeline(Readable.from(pieces(sent)), socket, { end: true });
  await back;
  await scene.event(socket, "close");
  scene.note(hash.digest("hex").slice(0, 16) === digestOf(sent) ? "the same" : "something else");
}, { judgedByNode: { deno: UNENDED } });

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

judge("setEncoding, and letters cut in two", async (scene) => {
  const port = await scene.serve((peer) => {
    const [first, second] = [Buffer.from("aé€").subarray(0, 5), Buffer.from("€z").subarray(2)];
    peer.write(first, () => setTimeout(() => peer.end(second), 5));
  });
  const socket = scene.connect({ port });
  socket.setEncoding("utf8");
  let text = "";
  socket.on("data", (chunk: string) => text += chunk);
  await scene.event(socket, "close");
  scene.note(text);
});

judge("cork and uncork", async (scene) => {
  const port = await scene.serve((peer) => count(scene, peer, () => peer.end()), {
    allowHalfOpen: true,
  });
  const socket = scene.connect({ port });
  socket.resume();
  await scene.stands(socket);
  socket.cork();
  for (const part of ["one", "two", "three"]) scene.write(socket, part);
  scene.note(`${socket.writableCorked} ${socket.writableLength}`);
  socket.uncork();
  scene.end(socket);
  await scene.event(socket, "close");
});

judge("highWaterMark", async (scene) => {
  const port = await scene.serve(echo);
  // Over TCP, Node's own drains within "connect".
  const socket = scene.connect({ port, highWaterMark: 1000 }, ["drain", "error", "close"]);
  scene.note(`${socket.writableHighWaterMark} ${socket.readableHighWaterMark}`);
  scene.note(`${socket.write("x".repeat(999))} ${socket.write("y")} ${socket.writableNeedDrain}`);
  await scene.event(socket, "drain");
  scene.note(`${socket.writableLength} ${socket.writableNeedDrain}`);
});

judge("what may be written, and what may not", async (scene) => {
  const port = await scene.serve((peer) => count(scene, peer, () => peer.end()), {
    allowHalfOpen: true,
  });
  const socket = scene.connect({ port });
  socket.resume();
  await scene.stands(socket);
  socket.write("68656c6c6f", "hex");
  socket.write("é", "latin1");
  socket.write(new Uint8Array([1, 2, 3]));
  socket.write(new Uint16Array([1, 2, 3]) as unknown as Uint8Array);
  socket.write("");
  socket.write(new Uint8Array());
  for (const wrong of [null, undefined, 1, {}]) {
    try {
      socket.write(wrong as unknown as string);
      scene.note(`written: ${wrong}`);
    } catch (error) {
      scene.note(`${wrong}: ${scene.show(error)}`);
    }
  }
  scene.end(socket);
  await scene.event(socket, "close");
}, { judgedByNode: { deno: "It takes latin1 for UTF-8." } });

judge("what nobody reads stays with the server", async (scene) => {
  let written = 0;
  const port = await scene.serve((peer) => {
    const part = bytesOf(65_536);
    const more = (): void => {
      while (written < 30_000_000) {
        written += part.length;
        if (!peer.write(part)) return void peer.once("drain", more);
      }
      peer.end();
    };
    more();
  });
  const socket = scene.connect({ port });
  await scene.stands(socket);
  let before = -1;
  while (before !== written) {
    before = written;
    await scene.settle(20);
  }
  scene.note(written < 30_000_000 ? "the server waits" : "all of it was taken");
  scene.note(socket.readableLength < 1_000_000 ? "little is kept" : `${socket.readableLength}`);
}, { judgedByNode: { deno: "It takes all there is, and keeps it." } });

judge("bytesRead and bytesWritten", async (scene) => {
  const port = await scene.serve(echo);
  const socket = scene.connect({ port });
  socket.resume();
  scene.note(`${socket.bytesRead} ${socket.bytesWritten}`);
  await scene.stands(socket);
  const { bytesRead, bytesWritten } = socket;
  scene.write(socket, "x".repeat(10_000));
  scene.note(`at once ${socket.bytesWritten - bytesWritten >= 10_000}`);
  await scene.until("the echo", () => socket.bytesRead - bytesRead >= 10_000);
  socket.destroy();
  scene.note(`${socket.bytesRead - bytesRead >= 10_000} ${socket.bytesWritten >= 10_000}`);
  await scene.event(socket, "close");
  scene.note(`${socket.bytesRead >= 10_000} ${socket.bytesWritten >= 10_000}`);
});
