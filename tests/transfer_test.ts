import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { connect, type StreamConn } from "../mod.ts";
import { programArguments } from "./netlab/mod.ts";
import { certificates } from "./peers/certificates.ts";
import { encode, open, readText } from "./peers/exchange.ts";
import { httpPut, httpRequest } from "./peers/http.ts";
import { bytesOfSize } from "./peers/http_server.ts";
import { startNginx } from "./peers/nginx.ts";
import { here, Peer, requirePeer } from "./peers/peer.ts";

const skip = requirePeer("nginx", "openssl");

const MEGABYTE = 1024 * 1024;
const SIZE = 16 * MEGABYTE;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A server of the runtime's own that does `serve` with each connection. */
async function startServer(
  call: "connect" | "connectTls",
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

function dial(call: "connect" | "connectTls", port: number): Promise<StreamConn> {
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
          assert.equal(await conn.write(content.subarray(at, at + step)), Math.min(step, SIZE - at));
        }
        await conn.closeWrite();
      })();
      const hash = createHash("sha256");
      let size = 0;
      const chunk = new Uint8Array(100_003);
      for (;;) {
        const length = await conn.read(chunk);
        if (length === null) break;
        hash.update(chunk.subarray(0, length));
        size += length;
      }
      await writing;
      assert.equal(size, SIZE);
      assert.equal(hash.digest("hex"), sha256(content));
    } finally {
      server.close();
    }
  });

  test(`${call}: one write of 64 MB resolves only when the peer keeps up`, { skip }, async () => {
    let start: (() => void) | undefined;
    const { server, port } = await startServer(call, (socket) => {
      const hash = createHash("sha256");
      start = () => {
        socket.on("data", (chunk) => hash.update(chunk));
        socket.on("end", () => socket.end(hash.digest("hex")));
      };
    });
    try {
      using conn = await dial(call, port);
      const content = bytesOfSize(64 * MEGABYTE);
      let written = false;
      const writing = conn.write(content).then(() => written = true);
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.equal(written, false);
      start?.();
      await writing;
      await conn.closeWrite();
      assert.equal(await readText(conn), sha256(content));
    } finally {
      server.close();
    }
  });

  test(`${call}: whoever reads or writes nothing needs no memory for it`, { skip }, async () => {
    await using nginx = await startNginx({ plainPort: 0 });
    nginx.serveZeros("endless", 64 * 1024 * MEGABYTE);
    const { server, port } = await startServer(call, (socket) => socket.pause());
    const program = new URL("./fixtures/stalled.ts", import.meta.url);
    const start = (role: string, to: number) => {
      const args = programArguments(program, role, call, String(to), certificates().ca);
      return new Peer(here, process.execPath, args);
    };
    try {
      await using reader = start("reader", call === "connect" ? nginx.plainPort : nginx.port);
      await using writer = start("writer", port);
      for (const peer of [reader, writer]) {
        const [line] = await peer.saw(/^\{.*\}$/m);
        const { most, written, read } = JSON.parse(line);
        assert.ok(most < 150 * MEGABYTE, `${most} bytes of memory`);
        if (peer === reader) assert.ok(read >= 8_000_000);
        else assert.ok(written > 0 && written < 32 * MEGABYTE, `${written} bytes written`);
      }
    } finally {
      server.close();
    }
  });
}
