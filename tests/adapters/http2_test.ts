import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type ClientHttp2Session, connect, type ServerHttp2Stream } from "node:http2";
import { text } from "node:stream/consumers";
import { connector, type ConnectorOptions } from "../../adapters/http2.ts";
import { MemorySessionStore, OptionError, safe } from "../../mod.ts";
import { serveHttp2 } from "../fixtures/counted_http2.ts";
import { startCounted } from "../fixtures/counted_server.ts";
import { until } from "../fixtures/hostile_ways.ts";
import { certificates } from "../peers/certificates.ts";
import { type NginxFacts, startNginx } from "../peers/nginx.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

// What the connector does for libraries is in tests/libraries/.

const skip = requirePeer("nginx");

async function ask(session: ClientHttp2Session, method = "GET"): Promise<NginxFacts> {
  // Not every runtime names an IPv6 address as nginx wants it.
  const headers = { ":path": "/facts", ":method": method, ":authority": "localhost" };
  return JSON.parse(await text(session.request(headers).end()));
}

async function ended(session: ClientHttp2Session): Promise<void> {
  const closed = once(session, "close");
  session.close();
  await closed;
}

function trusting(options: ConnectorOptions = {}) {
  return { createConnection: connector({ ca: certificates().ca, ...options }) };
}

test("a connector for HTTP/2 refuses an option that tlsSocket does not know", () => {
  for (const name of ["pfx", "ciphers", "session", "settings"]) {
    const make = () => connector({ [name]: "anything" } as ConnectorOptions);
    assert.throws(make, (error) => error instanceof OptionError && error.option === name);
  }
});

test("an authority of http: is refused", () => {
  const { createConnection } = trusting();
  const make = () => createConnection(new URL("http://localhost:1"));
  assert.throws(make, (error) => error instanceof OptionError && error.option === "authority");
});

test("an authority is connected to by name and by address", { skip }, async () => {
  await using nginx = await startNginx({ http2: true });
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    const session = connect(`https://${host}:${nginx.port}`, trusting());
    const { alpn, serverName } = await soon("answer", ask(session));
    const expected = { alpn: "h2", serverName: host === "localhost" ? host : "" };
    assert.deepEqual({ alpn, serverName }, expected);
    await ended(session);
  }
});

test(
  "a GET of a new session rides in the first flight, and a POST does not",
  { skip },
  async () => {
    await using nginx = await startNginx({ http2: true });
    const { createConnection } = trusting({ earlyData: safe.http2 });
    const early: (string | undefined)[] = [];
    for (const method of ["GET", "GET", "POST", "GET"]) {
      const authority = new URL(`https://localhost:${nginx.port}`);
      const socket = createConnection(authority);
      const session = connect(authority, { createConnection: () => socket });
      await soon("answer", ask(session, method));
      early.push(socket.earlyData);
      await ended(session);
    }
    assert.deepEqual(early, ["not-sent", "accepted", "not-sent", "accepted"]);
  },
);

test("425 is asked again; an early request that waits for its answer stops no other", async () => {
  const waiting: ServerHttp2Stream[] = [];
  const seen: string[] = [];
  await using server = await startCounted({
    options: () => ({ alpnProtocols: ["h2"] }),
    serve: (connection) =>
      serveHttp2(connection, ({ method, target, isEarly, stream }) => {
        seen.push(`${method} ${target} ${isEarly ? "early" : "late"}`);
        if (target === "/wait") return void waiting.push(stream);
        stream.respond({ ":status": isEarly ? 425 : 200 });
        stream.end(isEarly ? "" : "done");
      }),
  });
  const options = trusting({ earlyData: safe.http2, sessions: new MemorySessionStore() });
  const open = () => connect(`https://localhost:${server.port}`, options);
  const get = (session: ClientHttp2Session, path: string) =>
    session.request({ ":path": path }).end();
  for (const path of ["/ticket", "/again"]) {
    const session = open();
    assert.equal(await soon("answer", text(get(session, path))), "done");
    await ended(session);
  }
  assert.deepEqual(seen.splice(0), ["GET /ticket late", "GET /again early", "GET /again late"]);
  const session = open();
  const first = text(get(session, "/wait"));
  await until(() => waiting.length === 1);
  // Its body is larger than what may be sent before the server has said something.
  const post = session.request({ ":path": "/", ":method": "POST" }).end(Buffer.alloc(300_000));
  assert.equal(await soon("answer", text(post)), "done");
  waiting[0]?.respond({ ":status": 200 });
  waiting[0]?.end("at last");
  assert.equal(await soon("answer", first), "at last");
  await ended(session);
});
