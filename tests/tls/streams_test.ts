import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { connect, listenTls, type StreamConn } from "../../mod.ts";
import { certificates } from "../peers/certificates.ts";
import { encode, open, readText, readUntil } from "../peers/exchange.ts";
import { bytesOfSize } from "../peers/http_server.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

/** The far end of a connection under test. */
interface Far {
  write(bytes: Uint8Array): Promise<unknown>;
  closeWrite(): Promise<unknown>;
  /** Everything until the near end has finished. */
  readText(): Promise<string>;
  close(): void;
}

interface Pair extends Disposable {
  readonly near: StreamConn;
  readonly far: Far;
}

/** Both ends of a TCP connection, of which the runtime's own net module has one. */
async function tcpPair(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const { port } = server.address() as { port: number };
  const near = await connect({ hostname: "127.0.0.1", port });
  const [socket] = await accepting;
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk) => text += chunk).on("error", () => {});
  const ended = once(socket, "end");
  ended.catch(() => {});
  const far: Far = {
    write: (bytes) => new Promise((resolve) => socket.write(bytes, resolve)),
    closeWrite: () => new Promise<void>((resolve) => socket.end(() => resolve())),
    readText: () => soon("end", ended.then(() => text)),
    close: () => socket.destroy(),
  };
  const close = () => {
    near.close();
    socket.destroy();
    server.close();
  };
  return { near, far, [Symbol.dispose]: close };
}

/** Both ends of a TLS connection; the first is the one under test. */
async function tlsPair(side: "client" | "server"): Promise<Pair> {
  const { cert, key } = certificates().server;
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const [server, client] = await Promise.all([
    listener.accept(),
    // A session of an earlier listener on this port would cost a second connection.
    open({ port: listener.addr.port, sessions: false }),
  ]);
  const [near, other] = side === "client" ? [client, server] : [server, client];
  const far: Far = {
    write: (bytes) => other.write(bytes),
    closeWrite: () => other.closeWrite(),
    readText: () => readText(other),
    close: () => other.close(),
  };
  const close = () => {
    near.close();
    other.close();
  };
  return { near, far, [Symbol.dispose]: close };
}

const pairs = {
  "a TCP connection": tcpPair,
  "a TLS client": () => tlsPair("client"),
  "a TLS server": () => tlsPair("server"),
};

const closedHere = { code: "CONNECTION_CLOSED" };

for (const [name, makePair] of Object.entries(pairs)) {
  const skip = name.includes("TLS") && requirePeer("openssl");
  /** `alone` names the pair whose client goes on when the server has finished. */
  const check = (what: string, body: (pair: Pair) => Promise<void>, alone?: keyof typeof pairs) => {
    test(
      `${name}: ${what}`,
      { skip, needs: name === alone ? "halfClose" : undefined },
      async () => {
        using pair = await makePair();
        await body(pair);
      },
    );
  };

  check("read fills what it is given, and ends with null for good", async ({ near, far }) => {
    await far.write(encode("abcdefghij"));
    await far.closeWrite();
    assert.equal(await near.read(new Uint8Array()), 0);
    const three = new Uint8Array(3);
    let text = "";
    for (;;) {
      const length = await soon("data", near.read(three));
      if (length === null) break;
      assert.ok(length >= 1 && length <= 3);
      text += new TextDecoder().decode(three.subarray(0, length));
    }
    assert.equal(text, "abcdefghij");
    assert.equal(await near.read(three), null);
    assert.equal(await near.read(three), null);
  });

  check("read leaves the rest of the buffer alone", async ({ near, far }) => {
    await far.write(encode("ab"));
    const buffer = new Uint8Array(6).fill(0x2e);
    assert.equal(await near.read(buffer.subarray(2)), 2);
    assert.equal(new TextDecoder().decode(buffer), "..ab..");
  });

  check("write tells how much it wrote, and takes nothing too", async ({ near, far }) => {
    assert.equal(await near.write(new Uint8Array()), 0);
    assert.equal(await near.write(encode("abc")), 3);
    await near.closeWrite();
    assert.equal(await far.readText(), "abc");
  });

  check("a buffer may be used again once write has resolved", async ({ near, far }) => {
    const buffer = new Uint8Array(1000);
    for (const byte of [0x61, 0x62, 0x63]) await near.write(buffer.fill(byte));
    await near.closeWrite();
    assert.equal(await far.readText(), "a".repeat(1000) + "b".repeat(1000) + "c".repeat(1000));
  });

  check("writes that don't wait for each other stay in order and whole", async ({ near, far }) => {
    const pieces = Array.from({ length: 40 }, (_, index) => {
      const letter = String.fromCharCode(0x41 + index % 26);
      return letter.repeat(index % 8 === 0 ? 300_000 : index * 10 + 1);
    });
    const reading = far.readText();
    await Promise.all(pieces.map((piece) => near.write(encode(piece))));
    await near.closeWrite();
    assert.ok(await reading === pieces.join(""), "something came in between");
  });

  check("reads that don't wait for each other share the data in order", async ({ near, far }) => {
    const buffers = Array.from({ length: 5 }, () => new Uint8Array(2));
    const reads = buffers.map((buffer) => near.read(buffer));
    await far.write(encode("0123456789"));
    const lengths = await soon("data", Promise.all(reads));
    const text = buffers.map((buffer, index) => {
      return new TextDecoder().decode(buffer.subarray(0, lengths[index] ?? 0));
    });
    assert.equal(text.join(""), "0123456789");
  });

  check("after closeWrite reading goes on", async ({ near, far }) => {
    await near.write(encode("question"));
    await near.closeWrite();
    await near.closeWrite(); // A second time does nothing.
    assert.equal(await far.readText(), "question");
    await far.write(encode("answer"));
    await far.closeWrite();
    assert.equal(await readText(near), "answer");
    await assert.rejects(near.write(encode("more")));
  }, "a TLS server");

  check("after the far end has finished, writing goes on", async ({ near, far }) => {
    await far.write(encode("the last"));
    await far.closeWrite();
    assert.equal(await readText(near), "the last");
    await near.write(encode("but "));
    await near.write(encode("one"));
    await near.closeWrite();
    assert.equal(await far.readText(), "but one");
  }, "a TLS client");

  check("readable and writable are the same data as streams", async ({ near, far }) => {
    assert.equal(near.readable, near.readable);
    assert.equal(near.writable, near.writable);
    const content = bytesOfSize(300_000);
    const sending = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < content.length; at += 70_000) {
          controller.enqueue(content.subarray(at, at + 70_000));
        }
        controller.close();
      },
    });
    const [, received] = await Promise.all([sending.pipeTo(near.writable), far.readText()]);
    const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
    assert.equal(received.length, content.length);
    assert.ok(
      Uint8Array.from(received, (letter) => letter.charCodeAt(0)).every((byte, index) => {
        return byte === content[index];
      }),
    );

    const answering = far.write(encode("täglich")).then(() => far.closeWrite());
    let text = "";
    // deno-lint-ignore no-explicit-any -- the runtimes' types of streams differ
    const decoded = near.readable.pipeThrough(new TextDecoderStream() as any);
    for await (const part of decoded as unknown as AsyncIterable<string>) text += part;
    assert.equal(text, "täglich");
    await answering;
    assert.equal(typeof latin1(content), "string");
  }, "a TLS server");

  check("cancelling readable closes", async ({ near, far }) => {
    await far.write(encode("unwanted"));
    const reader = near.readable.getReader();
    const { value } = await reader.read();
    assert.equal(new TextDecoder().decode(value), "unwanted");
    await reader.cancel();
    await assert.rejects(near.write(encode("x")), closedHere);
    assert.equal(await far.readText(), "");
  });

  check("aborting writable closes", async ({ near }) => {
    await near.writable.abort();
    await assert.rejects(near.read(new Uint8Array(1)), closedHere);
  });

  check("close ends reads that wait, and everything after", async ({ near, far }) => {
    const reading = near.read(new Uint8Array(1));
    reading.catch(() => {});
    near.close();
    near.close(); // A second time does nothing.
    await assert.rejects(soon("end", reading), closedHere);
    await assert.rejects(near.read(new Uint8Array(1)), closedHere);
    await assert.rejects(near.write(encode("x")), closedHere);
    await assert.rejects(near.closeWrite(), closedHere);
    assert.equal(await far.readText(), "");
  });

  check("close drops what was not read", async ({ near, far }) => {
    await far.write(encode("unread"));
    await readUntil({ read: (p) => near.read(p.subarray(0, 1)) }, /u/);
    near.close();
    await assert.rejects(near.read(new Uint8Array(1)), closedHere);
  });

  check("using closes", async ({ near, far }) => {
    {
      using conn = near;
      await conn.write(encode("written"));
    }
    await assert.rejects(near.read(new Uint8Array(1)), closedHere);
    assert.equal(await far.readText(), "written");
  });

  check("await using finishes writing, then closes", async ({ near, far }) => {
    const reading = far.readText();
    {
      await using conn = near;
      conn.write(new Uint8Array(2_000_000).fill(0x61)); // Not awaited.
    }
    await assert.rejects(near.read(new Uint8Array(1)), closedHere);
    assert.equal((await reading).length, 2_000_000);
  });

  check("await using copes with a connection that is broken or closed", async ({ near, far }) => {
    far.close();
    await using _again = near;
    await readText(near).catch(() => {});
    near.close();
  });

  check("ref and unref may be called at any time", async ({ near, far }) => {
    near.unref();
    near.ref();
    await far.write(encode("here"));
    assert.equal(await readUntil(near, /here/), "here");
    near.close();
    near.unref();
    near.ref();
  });
}
