/** Pages of libraries whose servers stand behind nginx. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { temporaryFolder } from "../peers/folder.ts";
import { library } from "../libraries/library.ts";
import { GENERATED, startGreeter } from "./greeter.ts";
import { testPage } from "./page.ts";
import { checkRiding, HELLO, HELLO_AND_REQUEST, startHttpStage } from "./stage.ts";

/** What nginx has to pass on to a server at a path, which it reaches from any host. */
function passing(path: string, ...headers: string[]): string {
  const set = headers.map((header) => `proxy_set_header ${header};`).join(" ");
  return `location / { proxy_pass http://unix:${path}; proxy_http_version 1.1; ${set} }`;
}

testPage("ws", { needs: ["nginx"] }, async (page) => {
  using folder = temporaryFolder();
  await using _server = await startEcho(folder.path("echo"));
  await using stage = await startHttpStage([
    passing(folder.path("echo"), "Upgrade $http_upgrade", "Connection upgrade"),
  ]);
  const values = { "wss://example.com/": `wss://${stage.authority}/` };
  assert.deepEqual(await stage.play(page, values), ["hello"]);
  // The second process has the cookie, which is the kernel's, and no ticket.
  await checkRiding(async () => {
    assert.deepEqual(await stage.play(page, values), ["hello"]);
    await stage.checkSyn(HELLO);
  });
});

/** Sends back what comes over WebSocket. */
async function startEcho(path: string): Promise<AsyncDisposable> {
  interface WebSocket {
    on(event: "message", listener: (data: Uint8Array) => void): void;
    send(data: Uint8Array): void;
  }
  const { WebSocketServer } = library<{
    WebSocketServer: new (options: object) => {
      on(event: "connection", listener: (socket: WebSocket) => void): void;
    };
  }>("ws");
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  await once(server.listen(path), "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await Promise.resolve();
    },
  };
}

testPage("connect-node", { needs: ["nginx"] }, async (page) => {
  using folder = temporaryFolder();
  await using _server = await startGreeter(folder.path("greeter"));
  await using stage = await startHttpStage([
    passing(folder.path("greeter"), "Early-Data $ssl_early_data"),
  ]);
  const values = { "https://example.com": `https://${stage.authority}` };
  const files = { "gen/greeter_pb.ts": GENERATED };
  await checkRiding(async () => {
    assert.deepEqual(await stage.play(page, values, { files }), [
      "GET of you, early: no",
      "GET of you, early: 1",
      "GET of you, early: 1",
    ]);
    await stage.checkSyn(HELLO_AND_REQUEST, "all");
  });
});
