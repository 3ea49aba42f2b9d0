import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { text } from "node:stream/consumers";
import { connector, type ConnectorOptions } from "../../adapters/http2.ts";
import { OptionError, safe } from "../../mod.ts";
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
