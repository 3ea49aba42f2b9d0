import assert from "node:assert/strict";
import { once } from "node:events";
import { FirstFlightError, TlsError } from "../../mod.ts";
import { encode, open, readText, readUntil } from "../peers/exchange.ts";
import { httpRequest } from "../peers/http.ts";
import { startNginx } from "../peers/nginx.ts";
import { startOpensslServer } from "../peers/openssl_server.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

const skip = requirePeer("openssl", "nginx");

function truncated(error: unknown): boolean {
  assert.ok(error instanceof TlsError);
  assert.equal(error.code, "TRUNCATED");
  assert.equal(error.hostname, "127.0.0.1");
  return true;
}

for (const flag of ["-tls1_2", "-tls1_3"]) {
  test(`${flag}: a peer that is cut off has not finished: all data, then TRUNCATED`, {
    skip,
  }, async () => {
    const server = await startOpensslServer([flag]);
    using conn = await open({ port: server.port, sessions: false });
    server.type("the first\n");
    assert.equal(await readUntil(conn, /\n/), "the first\n");
    server.type("the last\n");
    await new Promise((resolve) => setTimeout(resolve, 50)); // It arrives, and nobody reads it.
    await server.stop(); // Killed: its kernel ends the connection without close_notify.
    assert.equal(await readUntil(conn, /\n/), "the last\n");
    for (let round = 0; round < 2; round++) {
      await assert.rejects(soon("end", conn.read(new Uint8Array(10))), truncated);
    }
    await assert.rejects(soon("end", conn.write(encode("x"))), TlsError);
    await assert.rejects(soon("end", conn.closeWrite()), TlsError);
    conn.close();
  });
}

test("a read that waits when the peer is cut off is told", { skip }, async () => {
  const server = await startOpensslServer();
  using conn = await open({ port: server.port });
  await server.handshakes();
  const reading = readText(conn);
  reading.catch(() => {});
  await server.stop();
  await assert.rejects(reading, truncated);
});

test("the streams pass it on; the duplex ends, as a TLS socket does, and tells", {
  skip,
}, async () => {
  const server = await startOpensslServer();
  using conn = await open({ port: server.port });
  server.type("some\n");
  const chunks: Uint8Array[] = [];
  const reading = (async () => {
    for await (const chunk of conn.readable) chunks.push(chunk);
  })();
  reading.catch(() => {});
  await server.until("the data's arrival", () => chunks.length > 0);
  await server.stop();
  await assert.rejects(soon("end", reading), truncated);

  const other = await startOpensslServer();
  using second = await open({ port: other.port });
  const { duplex } = second;
  const ended = once(duplex.resume(), "end"); // Rejects when there is an error.
  await other.handshakes();
  assert.equal(duplex.truncated, false);
  await other.stop();
  await soon("end", ended);
  assert.equal(duplex.truncated, true);
  if (!duplex.closed) await soon("close", once(duplex, "close")); // Nothing can be sent any more.
});

test("a reset is not taken for an end either", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await open({ port: nginx.port });
  nginx.pause();
  await conn.write(new Uint8Array(1000)); // Nobody will read this, and so the kernel resets.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const reading = readText(conn);
  reading.catch(() => {});
  await nginx.stop();
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof FirstFlightError);
    assert.ok(["CONNECTION_RESET", "TRUNCATED"].includes(error.code), error.code);
    return true;
  });
});

test("a peer that says goodbye has finished", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await open({ port: nginx.port });
  await conn.write(encode(httpRequest("/facts")));
  assert.match(await readText(conn), /^HTTP\/1\.1 200 /);
  assert.equal(await conn.read(new Uint8Array(1)), null);
  assert.equal(conn.duplex.truncated, false);
});
