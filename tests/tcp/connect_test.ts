import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { connect } from "../../mod.ts";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { encode, readText } from "../peers/exchange.ts";
import { nameAddresses } from "../peers/hosts.ts";
import { httpRequest } from "../peers/http.ts";
import { factsIn, startNginx } from "../peers/nginx.ts";
import { requirePeer } from "../peers/peer.ts";
import { startRemoteClient, succeeded } from "../peers/remote_client.ts";
import { flowsIn, onlyFlow } from "../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

const request = httpRequest("/facts");

/** A server that says "hello", then repeats what it hears until it hears the end. */
async function startEcho(host = "127.0.0.1"): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.write("hello ");
    socket.pipe(socket);
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return { server, port };
}

for (const hostname of ["127.0.0.1", "::1", "localhost"]) {
  test(`connects to ${hostname}, with data and without`, async () => {
    const { server, port } = await startEcho(hostname);
    try {
      for (const data of [undefined, new Uint8Array(), encode("first ")]) {
        for (const fastOpen of [true, false]) {
          using conn = await connect({ hostname, port, fastOpen, ...(data ? { data } : {}) });
          await conn.write(encode("second"));
          await conn.closeWrite();
          const first = data && data.length > 0 ? "first " : "";
          assert.equal(await readText(conn), `hello ${first}second`);
          assert.equal(conn.remoteAddr.port, port);
          assert.equal(conn.remoteAddr.transport, "tcp");
          assert.ok(conn.localAddr.port > 0);
          if (hostname !== "localhost") {
            assert.equal(conn.remoteAddr.hostname, hostname);
            assert.equal(conn.localAddr.hostname, hostname);
          }
          if (!fastOpen) assert.equal(conn.fastOpen.outcome, "disabled");
          assert.equal(conn.fastOpen.flightBytes, data?.length ?? 0);
        }
      }
    } finally {
      server.close();
    }
  });
}

test("without data there is nothing to put into the SYN, and it says so", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  await using _nginx = await startNginx({ place: lab.server, plainPort: 80 });
  await using client = startRemoteClient(lab.client);
  for (let round = 0; round < 2; round++) {
    await lab.clearPackets();
    const answer = await client.connect({ hostname: lab.server.ipv4 }, { send: request });
    const { received, fastOpen } = succeeded(answer);
    assert.equal(factsIn(received).request, "GET /facts HTTP/1.1");
    assert.equal(fastOpen.outcome, "disabled");
    assert.match(fastOpen.reason ?? "", /nothing to send/);
    assert.equal(onlyFlow(await lab.packets()).syn.fastOpenOption, "none");
  }
});

test("an IPv6 address with a scope leads through that interface", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  for (const [host, address] of [[lab.client, "fe80::1"], [lab.server, "fe80::77"]] as const) {
    await host.run("ip", ["addr", "add", `${address}/64`, "dev", "link0", "nodad"]);
  }
  await using _nginx = await startNginx({ place: lab.server, port: 443, plainPort: 80 });
  await using client = startRemoteClient(lab.client);
  const hostname = "fe80::77%link0";
  for (const outcome of ["cookie-requested", "accepted"]) {
    await lab.clearPackets();
    const plain = succeeded(await client.connect({ hostname }, { early: request }));
    assert.equal(factsIn(plain.received).request, "GET /facts HTTP/1.1");
    assert.equal(plain.remoteAddr.hostname, hostname);
    assert.equal(plain.fastOpen.outcome, outcome);
    const { syn } = onlyFlow(await lab.packets());
    assert.equal(syn.destination, "fe80::77");
    assert.equal(syn.payload, plain.fastOpen.synBytes);
  }
  const secure = succeeded(await client.connectTls({ hostname }, { send: request }));
  assert.equal(factsIn(secure.received).protocol, "TLSv1.3");
});

/** A second address of the server, beside its first. */
const OTHER = "10.77.0.3";

for (const call of ["connect", "connectTls"] as const) {
  test(`${call}: where the first address refuses, the second is taken`, { skip }, async () => {
    await using lab = await startNetlab({ rtt: 4 });
    await lab.server.addAddress(OTHER);
    using _names = nameAddresses(lab.client, { "firstflight.test": [lab.server.ipv4, OTHER] });
    await using client = startRemoteClient(lab.client);
    const [refusing = "", serving = ""] = await client.lookup("firstflight.test");
    await using nginx = await startNginx({
      ...{ place: lab.server, port: 443, plainPort: 80, addresses: [serving] },
    });
    for (let round = 1; round <= 3; round++) {
      const hostname = "firstflight.test";
      const answer = succeeded(await client[call]({ hostname }, { early: request }));
      assert.equal(factsIn(answer.received).request, "GET /facts HTTP/1.1");
      assert.equal(answer.remoteAddr.hostname, serving);
      assert.equal((await nginx.requests(round)).length, round);
      assert.equal(answer.fastOpen.outcome, round === 1 ? "cookie-requested" : "accepted");
    }
    const flows = flowsIn(await lab.packets());
    assert.ok(flows.some(({ syns }) => syns[0]?.destination === refusing));
  });

  test(`${call}: where the first address is dead, the second is taken`, { skip }, async () => {
    await using lab = await startNetlab({ rtt: 4 });
    await lab.server.addAddress(OTHER);
    using _names = nameAddresses(lab.client, { "firstflight.test": [lab.server.ipv4, OTHER] });
    await using client = startRemoteClient(lab.client);
    const [dying = "", living = ""] = await client.lookup("firstflight.test");
    await using nginx = await startNginx({ place: lab.server, port: 443, plainPort: 80 });
    const options = { hostname: "firstflight.test", connectTimeout: 3000 };

    // With a cookie for it and a session, a dead address looks connected until it stays silent.
    const before = succeeded(await client[call](options, { early: request }));
    assert.equal(before.remoteAddr.hostname, dying);
    await lab.setMiddleboxes([{ kind: "blackhole", destination: dying }]);
    await lab.clearPackets();
    const after = succeeded(await client[call](options, { early: request }));
    assert.equal(factsIn(after.received).request, "GET /facts HTTP/1.1");
    assert.equal(after.remoteAddr.hostname, living);
    const tried = flowsIn(await lab.packets());
    assert.ok(tried.some(({ syns }) => syns[0]?.destination === dying && syns[0].dropped));
    assert.equal((await nginx.requests(2)).length, 2, "the request arrived once");
  });
}

test("where every address fails, the error lists them all", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  const addresses = [lab.server.ipv6, lab.server.ipv4];
  using _names = nameAddresses(lab.client, { "firstflight.test": addresses });
  await using client = startRemoteClient(lab.client);
  for (const call of ["connect", "connectTls"] as const) {
    const { error } = await client[call]({ hostname: "firstflight.test" }, { early: request });
    assert.equal(error?.name, "ConnectError");
    assert.equal(error.code, "CONNECTION_REFUSED");
    const { attempts = [] } = error;
    assert.deepEqual(attempts.map(({ address }) => address).toSorted(), addresses.toSorted());
    for (const { code } of attempts) assert.equal(code, "CONNECTION_REFUSED");
  }
});

test("a refusal that comes while the process is busy is a refusal", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  await using client = startRemoteClient(lab.client);
  for (const call of ["connect", "connectTls"] as const) {
    for (const early of [request, ""]) {
      const { error } = await client[call]({ hostname: lab.server.ipv4 }, { early, busyFor: 40 });
      assert.equal(error?.code, "CONNECTION_REFUSED");
      assert.equal(error.attempts?.length, 1);
    }
  }
});

test("connectTimeout ends the wait for a host that never answers", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  await using client = startRemoteClient(lab.client);
  for (const call of ["connect", "connectTls"] as const) {
    const { error } = await client[call]({ hostname: "10.77.9.9", connectTimeout: 300 });
    assert.equal(error?.name, "ConnectError");
    assert.equal(error.code, "TIMED_OUT");
    assert.match(error.message, /"10\.77\.9\.9:\d+" within 300 ms/);
  }
});

test("an abort ends the wait for a host that never answers", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  await using client = startRemoteClient(lab.client);
  for (const call of ["connect", "connectTls"] as const) {
    const { error } = await client[call]({ hostname: "10.77.9.9" }, { abortAfter: 100 });
    assert.equal(error?.name, "TimeoutError"); // The reason of AbortSignal.timeout().
  }
});

test("a signal that is aborted already opens nothing", async () => {
  const { server, port } = await startEcho();
  let connections = 0;
  server.on("connection", () => connections++);
  const reason = new Error("not any more");
  const options = { hostname: "127.0.0.1", port, signal: AbortSignal.abort(reason) };
  await assert.rejects(connect(options), reason);
  using conn = await connect({ ...options, signal: new AbortController().signal });
  await conn.read(new Uint8Array(10));
  assert.equal(connections, 1);
  server.close();
});

test("an abort after connecting changes nothing", async () => {
  const { server, port } = await startEcho();
  const controller = new AbortController();
  using conn = await connect({ hostname: "127.0.0.1", port, signal: controller.signal });
  controller.abort();
  await conn.write(encode("still here"));
  await conn.closeWrite();
  assert.equal(await readText(conn), "hello still here");
  server.close();
});

test("a peer that closes without a word has still been connected to", async () => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  using conn = await connect({ hostname: "127.0.0.1", port });
  assert.equal(await conn.read(new Uint8Array(1)), null);
  server.close();
});
