import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { connect } from "../mod.ts";

/**
 * A server that speaks first and ends when its client does. Deno 2.9's own `net.connect` gets nothing
 * from it when it ends at once: what arrived before the first read is lost.
 */
async function startGreeter(bytes: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {}).resume().write(new Uint8Array(bytes));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

for (const bytes of [100, 1_000_000]) {
  test(`closeWrite() right after connect() keeps the ${bytes} bytes that are waiting`, async () => {
    const server = await startGreeter(bytes);
    try {
      const { port } = server.address() as { port: number };
      for (let round = 0; round < 5; round++) {
        using conn = await connect({ hostname: "127.0.0.1", port });
        await conn.closeWrite();
        let received = 0;
        for await (const chunk of conn.readable) received += chunk.length;
        assert.equal(received, bytes);
      }
    } finally {
      server.close();
    }
  });
}
