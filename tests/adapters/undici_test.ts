import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { connector, type ConnectorOptions } from "../../adapters/undici.ts";
import { OptionError, safe, type TlsSocket } from "../../mod.ts";
import { library } from "../libraries/library.ts";
import { certificates } from "../peers/certificates.ts";
import { httpRequest } from "../peers/http.ts";
import { factsIn, type NginxFacts, startNginx } from "../peers/nginx.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { startRawServer } from "../fixtures/hostile_server.ts";
import { test } from "../peers/test.ts";

// What the connector does for libraries is in tests/libraries/.

const skip = requirePeer("nginx");

interface Client {
  request(what: object): Promise<{ statusCode: number; body: { text(): Promise<string> } }>;
  destroy(): Promise<void>;
}

const { Client } = library<{ Client: new (origin: string, options: object) => Client }>("undici");

/** Makes a request by a client of its own. */
async function ask(origin: string, options: object, how: object = {}): Promise<string> {
  const client = new Client(origin, options);
  try {
    const asked = client.request({ path: "/facts", method: "GET", ...how });
    return await (await soon("answer", asked)).body.text();
  } finally {
    await client.destroy();
  }
}

function trusting(options: ConnectorOptions = {}) {
  return { connect: connector({ ca: certificates().ca, ...options }) };
}

test("a connector refuses an option that tlsSocket does not know", () => {
  for (const name of ["pfx", "ciphers", "session", "socketPath"]) {
    const make = () => connector({ [name]: "anything" } as ConnectorOptions);
    assert.throws(make, (error) => error instanceof OptionError && error.option === name);
  }
});

test("a socketPath of undici's fails the request", async () => {
  const asked = ask("https://localhost", { socketPath: "/nowhere", ...trusting() });
  await assert.rejects(
    asked,
    (error) => error instanceof OptionError && error.option === "socketPath",
  );
});

test("undici's allowH2 decides, unless the connector's does", { skip }, async () => {
  await using nginx = await startNginx({ http2: true });
  const alpn = async (options: object) => {
    const facts: NginxFacts = JSON.parse(await ask(`https://localhost:${nginx.port}`, options));
    return facts.alpn;
  };
  assert.equal(await alpn(trusting()), "http/1.1");
  assert.equal(await alpn({ allowH2: true, ...trusting() }), "h2");
  assert.equal(await alpn({ allowH2: true, ...trusting({ allowH2: false }) }), "http/1.1");
});

test("a GET rides in the first flight, and a POST does not", { skip }, async () => {
  await using nginx = await startNginx();
  const { connect } = trusting({ earlyData: safe.http });
  const made: TlsSocket[] = [];
  const keeping: typeof connect = (wanted, called) =>
    connect(wanted, (...result) => {
      made.push(result[1] as unknown as TlsSocket);
      called(...result);
    });
  for (const method of ["GET", "GET", "POST", "GET"]) {
    await ask(`https://localhost:${nginx.port}`, { connect: keeping }, { method });
  }
  const early = made.map(({ earlyData }) => earlyData);
  assert.deepEqual(early, ["not-sent", "accepted", "not-sent", "accepted"]);
});

test("an origin of http: is connected to without TLS", async () => {
  const server = createServer((_request, response) => response.end("plain")).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    assert.equal(await ask(`http://127.0.0.1:${port}`, trusting()), "plain");
  } finally {
    server.close();
  }
});

test("timeout is the time for the connection to stand", async () => {
  await using server = await startRawServer(() => {});
  const asked = ask(`https://127.0.0.1:${server.port}`, trusting({ timeout: 50 }));
  await assert.rejects(asked, { code: "ETIMEDOUT" });
});

test("an error of the connection is the request's", { skip }, async () => {
  await using nginx = await startNginx({ identity: certificates().untrusted });
  const asked = ask(`https://localhost:${nginx.port}`, trusting());
  await assert.rejects(asked, { code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" });
});

test("a tunnel that undici brings is spoken through", { skip }, async () => {
  await using nginx = await startNginx();
  const { connect } = trusting();
  const tunnel = connectTcp(nginx.port, "127.0.0.1");
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const wanted = { hostname: "localhost", port: "443", protocol: "https:", httpSocket: tunnel };
  connect(wanted, (error, socket) => error ? reject(error) : resolve(socket));
  const socket = await soon("connection", promise);
  socket.write(httpRequest("/facts"));
  assert.equal(factsIn(await soon("answer", text(socket))).serverName, "localhost");
});
