import assert from "node:assert/strict";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { createServer as createTlsServer } from "node:tls";
import { connect, listenTls, type StreamConn } from "../../mod.ts";
import { programArguments } from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import { encode, open, readText } from "../peers/exchange.ts";
import { httpPut, httpRequest } from "../peers/http.ts";
import { bytesOfSize } from "../peers/http_server.ts";
import { type Nginx, startNginx } from "../peers/nginx.ts";
import { here, Peer, requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

const skip = requirePeer("nginx", "openssl");

const MEGABYTE = 1024 * 1024;
const SIZE = 16 * MEGABYTE;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

type Call = "connect" | "connectTls";

/** A server of the runtime's own that does `serve` with each connection. */
async function startServer(
  call: Call,
  serve: (socket: Socket) => void,
): Promise<{ server: Server; port: number }> {
  const onSocket = (socket: Socket) => {
    socket.on("error", () => {});
    serve(socket);
  };
  const { cert, key } = certificates().server;
  const server = call === "connect"
    ? createServer({ allowHalfOpen: true }, onSocket)
    : createTlsServer({ cert, key, allowHalfOpen: true }, onSocket);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as { port: number }).port };
}

function dial(call: Call, port: number): Promise<StreamConn> {
  return call === "connect" ? connect({ hostname: "127.0.0.1", port }) : open({ port });
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${version}: 16 MB down and 16 MB up`, { skip }, async () => {
    await using nginx = await startNginx({ protocols: version });
    const content = bytesOfSize(SIZE);
    nginx.serve("down", content);
    {
      using conn = await open({ port: nginx.port });
      await conn.write(encode(httpRequest("/upload/down")));
      const hash = createHash("sha256");
      let head = "";
      for await (const chunk of conn.readable) {
        if (head.includes("\r\n\r\n")) {
          hash.update(chunk);
          continue;
        }
        head += new TextDecoder("latin1").decode(chunk);
        const end = head.indexOf("\r\n\r\n");
        if (end !== -1) hash.update(chunk.subarray(chunk.length - (head.length - end - 4)));
      }
      assert.equal(hash.digest("hex"), sha256(content));
    }
    using conn = await open({ port: nginx.port });
    await conn.write(httpPut("/upload/up", content));
    assert.match(await readText(conn), /^HTTP\/1\.1 201 /);
    assert.equal(sha256(nginx.uploaded("up")), sha256(content));
  });
}

for (const call of ["connect", "connectTls"] as const) {
  test(`${call}: 16 MB out and back, reading while writing`, { skip }, async () => {
    const { server, port } = await startServer(call, (socket) => socket.pipe(socket));
    try {
      using conn = await dial(call, port);
      const content = bytesOfSize(SIZE);
      const writing = (async () => {
        for (let at = 0, step = 1; at < SIZE; at += step, step = step * 3 % 300_007) {
          const piece = content.subarray(at, at + step);
          assert.equal(await conn.write(piece), piece.length);
        }
      })();
      const hash = createHash("sha256");
      const chunk = new Uint8Array(100_003);
      for (let size = 0; size < SIZE;) {
        const length = await soon("data", conn.read(chunk)) ?? -Infinity;
        hash.update(chunk.subarray(0, length));
        size += length;
      }
      await writing;
      assert.equal(hash.digest("hex"), sha256(content));
    } finally {
      server.close();
    }
  });

  test(`${call}: one write of 24 MB resolves only when the peer keeps up`, { skip }, async () => {
    await using nginx = await startNginx({ plainPort: 0 });
    using conn = await dial(call, call === "connect" ? nginx.plainPort : nginx.port);
    nginx.pause();
    const content = bytesOfSize(24 * MEGABYTE);
    let written = false;
    const writing = conn.write(httpPut("/upload/up", content)).then(() => written = true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(written, false);
    nginx.resume();
    await writing;
    assert.match(await readText(conn), /^HTTP\/1\.1 201 /);
    assert.equal(sha256(nginx.uploaded("up")), sha256(content));
  });
}

test("what several connections write to slow readers does not get mixed up", async () => {
  const { cert, key } = certificates().server;
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const receive = async () => {
    using conn = await listener.accept();
    const hash = createHash("sha256");
    for await (const chunk of conn.readable) {
      hash.update(chunk);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return hash.digest("hex");
  };
  const send = async () => {
    using conn = await dial("connectTls", listener.addr.port);
    const hash = createHash("sha256");
    let last: Promise<number> | undefined;
    for (let at = 0; at < 8 * MEGABYTE;) {
      const piece = randomBytes(randomInt(1, 200_000));
      hash.update(piece);
      at += piece.length;
      await last; // Two are under way at any time.
      last = conn.write(piece);
    }
    await last;
    await conn.closeWrite();
    return hash.digest("hex");
  };
  const four = [1, 2, 3, 4];
  const received = Promise.all(four.map(receive));
  const sent = await Promise.all(four.map(send));
  assert.deepEqual((await received).sort(), sent.sort());
});

test("whoever reads or writes nothing needs no memory for it", { skip }, async () => {
  await using talkative = await startNginx({ plainPort: 0 });
  await using deaf = await startNginx({ plainPort: 0 });
  talkative.serveZeros("endless", 64 * 1024 * MEGABYTE);
  const program = new URL("../fixtures/stalled.ts", import.meta.url);
  const start = (role: "reader" | "writer", call: Call, { port, plainPort }: Nginx) => {
    const to = String(call === "connect" ? plainPort : port);
    const args = programArguments(program, role, call, to, certificates().ca);
    return new Peer(here, process.execPath, args);
  };
  await using reader = start("reader", "connect", talkative);
  await using tlsReader = start("reader", "connectTls", talkative);
  await using writer = start("writer", "connect", deaf);
  await using tlsWriter = start("writer", "connectTls", deaf);
  const all = [reader, tlsReader, writer, tlsWriter];
  for (const peer of all) await peer.saw(/^connected$/m);
  deaf.pause();
  for (const peer of all) peer.type("go\n");
  for (const peer of all) {
    const [line] = await peer.saw(/^\{.*\}$/m);
    const { most, written, read } = JSON.parse(line);
    assert.ok(most < 150 * MEGABYTE, `${most} bytes of memory`);
    if (peer === reader || peer === tlsReader) assert.ok(read >= 8_000_000);
    else assert.ok(written > 0 && written < 32 * MEGABYTE, `${written} bytes written`);
  }
});
