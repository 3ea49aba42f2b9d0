import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { temporaryFolder } from "./folder.ts";
import { startGnutlsClient } from "./gnutls_client.ts";
import { httpRequest } from "./http.ts";
import { LocalServer } from "./local_server.ts";
import { type Peer, requirePeer } from "./peer.ts";
import { startRemoteServer } from "./remote_server.ts";
import { acknowledged, onlyFlow } from "./wire.ts";

const skip = requirePeer("gnutls-cli", "openssl");

/** Asks for `path` once the last handshake is complete, and waits for all of the answer. */
async function request(client: Peer, path = "/"): Promise<void> {
  await client.saw(/- Simple Client Mode:/);
  client.type(httpRequest(path));
  await client.saw(/HTTP\/1\.1 200 OK/);
  assert.equal(await client.finished(), 0);
}

for (const version of ["1.2", "1.3"]) {
  test(`TLS ${version}: it verifies the chain and the name`, { skip }, async () => {
    await using server = new LocalServer({ alpnProtocols: ["http/1.1"] });
    const priority = `NORMAL:-VERS-ALL:+VERS-TLS${version}`;
    const args = ["--priority", priority, "--alpn", "http/1.1"];
    await using client = startGnutlsClient("localhost", server.port, args);
    await request(client, "/hello");
    assert.match(client.output, /Status: The certificate is trusted/);
    const [served] = await server.requests();
    assert.equal(served?.request, "GET /hello HTTP/1.1");
    assert.equal(served.protocol, `TLSv${version}`);
    assert.equal(served.alpnProtocol, "http/1.1");
  });

  test(`TLS ${version}: it resumes`, { skip }, async () => {
    await using server = new LocalServer();
    const args = ["--priority", `NORMAL:-VERS-ALL:+VERS-TLS${version}`, "--resume"];
    await using client = startGnutlsClient("localhost", server.port, [...args, "--waitresumption"]);
    await request(client);
    assert.match(client.output, /\*\*\* This is a resumed session/);
    const [served] = await server.requests();
    assert.equal(served?.resumed, true);
  });
}

test("it resumes with early data, which is accepted", { skip }, async () => {
  using folder = temporaryFolder();
  const early = folder.path("early");
  writeFileSync(early, httpRequest("/early"));
  await using server = new LocalServer({ maxEarlyData: 16_384 });
  const args = ["--resume", "--waitresumption", `--earlydata=${early}`];
  await using client = startGnutlsClient("localhost", server.port, args);
  await client.saw(/HTTP\/1\.1 200 OK/);
  assert.equal(await client.finished(), 0);
  const [served] = await server.requests();
  assert.equal(served?.request, "GET /early HTTP/1.1");
  assert.equal(served.earlyData, "accepted");
});

test("no common protocol ends in that alert", { skip }, async () => {
  await using server = new LocalServer({ alpnProtocols: ["h2"] });
  await using client = startGnutlsClient("localhost", server.port, ["--alpn", "imap"]);
  await client.saw(/Received alert \[120\]/);
  assert.notEqual(await client.finished(), 0);
});

for (const family of ["ipv4", "ipv6"] as const) {
  test(`Fast Open over ${family}: the server takes its hello out of the SYN`, {
    skip: netlabSkip() || skip,
  }, async () => {
    await using lab = await startNetlab({ rtt: 4 });
    await using server = await startRemoteServer(lab.server);
    for (const [round, outcome] of ["disabled", "accepted"].entries()) {
      await lab.clearPackets();
      const args = ["--fastopen", "--verify-hostname", "localhost"];
      await using client = startGnutlsClient(lab.server[family], 443, args, lab.client);
      await request(client);
      const { fastOpen } = (await server.requests(round + 1))[round]!;
      assert.equal(fastOpen.outcome, outcome);
      const flow = onlyFlow(await lab.packets());
      assert.equal(flow.syn.payload, fastOpen.synBytes);
      assert.equal(acknowledged(flow), fastOpen.synBytes);
      assert.equal((await lab.server.counters())["TCPFastOpenPassive"], round);
    }
  });
}
