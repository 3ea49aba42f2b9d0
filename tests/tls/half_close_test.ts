import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { connect } from "../../mod.ts";

/**
 * A server that speaks first and ends when its client does. It writes before it listens to the client:
 * Deno 2.9's `net.Server` closes both directions when the client's FIN is there before its first write.
 */
async function startGreeter(bytes: number): Promise<{ server: Server; greeted: Promise<unknown> }> {
  const { promise: greeted, resolve } = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on("error", () => {}).write(new Uint8Array(bytes), () => resolve());
    socket.resume();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, greeted };
}

for (const bytes of [100, 100_000]) {
  test(`closeWrite() keeps the ${bytes} bytes that are waiting`, async () => {
    for (let round = 0; round < 5; round++) {
      const { server, greeted } = await startGreeter(bytes);
      try {
        const { port } = server.address() as { port: number };
        using conn = await connect({ hostname: "127.0.0.1", port });
        await greeted;
        await conn.closeWrite();
        let received = 0;
        for await (const chunk of conn.readable) received += chunk.length;
        assert.equal(received, bytes);
      } finally {
        server.close();
      }
    }
  });
}
