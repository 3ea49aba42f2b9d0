import assert from "node:assert/strict";
import { once } from "node:events";
import { get as getPlain } from "node:http";
import { get, request, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import { Agent, type AgentOptions } from "../../adapters/agent.ts";
import { OptionError, safe, type TlsSocket } from "../../mod.ts";
import { certificates } from "../peers/certificates.ts";
import { type NginxFacts, startNginx } from "../peers/nginx.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

// What the agent does for libraries is in tests/libraries/.

const skip = requirePeer("nginx");

/** Makes a request, and returns what nginx knows of it. */
async function ask(port: number, agent: Agent, options: RequestOptions = {}): Promise<NginxFacts> {
  const where = { host: "127.0.0.1", port, path: "/facts" };
  const outgoing = request({ ...where, agent, ...options }).end();
  const [answer] = await soon("answer", once(outgoing, "response"));
  return JSON.parse(await text(answer));
}

/** An agent that trusts the test's root, and keeps the sockets that it has made. */
class Keeping extends Agent {
  readonly made: TlsSocket[] = [];

  constructor(options: AgentOptions = {}) {
    super({ ca: certificates().ca, ...options });
  }

  override createConnection(...wanted: Parameters<Agent["createConnection"]>) {
    const socket = super.createConnection(...wanted);
    if (socket) this.made.push(socket);
    return socket;
  }
}

/** What a request of an agent fails with. */
async function failureOf(agent: Agent, options: object): Promise<Error> {
  const outgoing = get({ host: "127.0.0.1", port: 1, agent, ...options });
  const [error] = await soon("error", once(outgoing, "error"));
  return error;
}

test("an agent refuses an option that tlsSocket does not know", () => {
  for (const name of ["pfx", "ciphers", "secureContext", "session", "proxyEnv", "path"]) {
    const options = { [name]: "anything" } as AgentOptions;
    assert.throws(() => new Agent(options), (error) => {
      assert.ok(error instanceof OptionError);
      assert.equal(error.option, name);
      return true;
    });
  }
});

test("a request that brings an option that tlsSocket does not know fails with its name", async () => {
  using agent = disposable(new Agent());
  for (const name of ["pfx", "crl", "secureOptions", "ALPNCallback", "socketPath", "localPort"]) {
    const error = await failureOf(agent.it, { [name]: name === "localPort" ? 1 : "anything" });
    assert.ok(error instanceof OptionError, String(error));
    assert.equal(error.option, name);
  }
});

test("an agent passes on what is the request's alone", { skip }, async () => {
  await using nginx = await startNginx();
  using agent = disposable(new Keeping());
  const headers = { "x-test": "1" };
  const facts = await ask(nginx.port, agent.it, { method: "GET", headers, auth: "user:secret" });
  assert.equal(facts.request, "GET /facts HTTP/1.1");
});

test(
  "an option has Node's name or this package's, and the agent's goes first",
  { skip },
  async () => {
    await using nginx = await startNginx();
    const { ca, untrusted } = certificates();
    using agent = disposable(new Agent({ caCerts: [ca], serverName: "localhost" }));
    const facts = await ask(nginx.port, agent.it, {
      ca: untrusted.cert,
      servername: "firstflight.test",
    });
    assert.equal(facts.serverName, "localhost");
  },
);

test("a request may bring its own roots, and gets a connection of its own", { skip }, async () => {
  await using nginx = await startNginx();
  const { ca, untrusted } = certificates();
  using agent = disposable(new Agent({ keepAlive: true }));
  assert.equal((await ask(nginx.port, agent.it, { ca })).resumed, false);
  const error = await failureOf(agent.it, { port: nginx.port, ca: untrusted.cert });
  assert.equal((error as { code?: string }).code, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
});

test("a GET rides in the first flight, and a POST does not", { skip }, async () => {
  await using nginx = await startNginx();
  using agent = disposable(new Keeping({ earlyData: safe.http1 }));
  for (const method of ["GET", "GET", "POST", "GET"]) await ask(nginx.port, agent.it, { method });
  const early = agent.it.made.map(({ earlyData }) => earlyData);
  assert.deepEqual(early, ["not-sent", "accepted", "not-sent", "accepted"]);
});

test("maxCachedSessions: 0 keeps no sessions", { skip }, async () => {
  await using nginx = await startNginx();
  using agent = disposable(new Keeping({ maxCachedSessions: 0 }));
  for (let count = 1; count <= 2; count++) {
    assert.equal((await ask(nginx.port, agent.it)).resumed, false);
  }
});

test("an agent offers http/1.1, or what it was told to", { skip }, async () => {
  await using nginx = await startNginx({ http2: true });
  using usual = disposable(new Keeping());
  assert.equal((await ask(nginx.port, usual.it)).alpn, "http/1.1");
  using other = disposable(new Keeping({ alpnProtocols: ["http/1.0", "http/1.1"] }));
  assert.equal((await ask(nginx.port, other.it)).alpn, "http/1.1");
});

test("an IPv6 address, and a name, are connected to", { skip }, async () => {
  await using nginx = await startNginx();
  using agent = disposable(new Keeping());
  for (const host of ["[::1]", "localhost"]) {
    const outgoing = get(`https://${host}:${nginx.port}/facts`, { agent: agent.it });
    const [answer] = await soon("answer", once(outgoing, "response"));
    assert.equal(answer.statusCode, 200);
    await text(answer);
  }
});

test("a request of http: is not made", () => {
  using agent = disposable(new Agent());
  const ask = () => getPlain("http://127.0.0.1:1/", { agent: agent.it });
  assert.throws(ask, { code: "ERR_INVALID_PROTOCOL" });
});

/** An agent whose connections end with the scope. */
function disposable<A extends Agent>(it: A): Disposable & { readonly it: A } {
  return { it, [Symbol.dispose]: () => it.destroy() };
}
