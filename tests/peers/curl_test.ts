import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { certificates } from "./certificates.ts";
import { temporaryFolder } from "./folder.ts";
import { bytesOfSize } from "./http_server.ts";
import { LocalServer } from "./local_server.ts";
import { here, type Place, type Ran, requirePeer, run } from "./peer.ts";
import { startRemoteServer } from "./remote_server.ts";
import { acknowledged, onlyFlow } from "./wire.ts";

const skip = requirePeer("curl", "openssl");

function curl(place: Place, url: string, ...args: string[]): Promise<Ran> {
  const usual = ["--silent", "--show-error", "--max-time", "10"];
  return run(place, "curl", [...usual, "--cacert", certificates().caPath, ...args, url]);
}

for (
  const [version, flags] of Object.entries({
    "TLSv1.2": ["--tls-max", "1.2"],
    "TLSv1.3": ["--tlsv1.3"],
  })
) {
  for (const hostname of ["127.0.0.1", "::1"]) {
    test(`${version} on ${hostname}`, { skip }, async () => {
      await using server = new LocalServer({ hostname, alpnProtocols: ["http/1.1"] });
      const host = hostname === "::1" ? "[::1]" : hostname;
      const { code, output } = await curl(here, `https://${host}:${server.port}/hello`, ...flags);
      assert.equal(code, 0, output);
      assert.match(output, /"bodyBytes":0/);
      const [served] = await server.requests();
      assert.equal(served?.request, "GET /hello HTTP/1.1");
      assert.equal(served.protocol, version);
      assert.equal(served.alpnProtocol, "http/1.1");
      assert.equal(served.remoteAddr.hostname, hostname);
      assert.equal(served.localAddr.port, server.port);
    });
  }
}

test("16 MB each way arrive as they are", { skip }, async () => {
  const size = 16 * 1024 * 1024;
  const content = bytesOfSize(size);
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  using folder = temporaryFolder();
  const [sent, got] = [folder.path("sent"), folder.path("got")];
  writeFileSync(sent, content);
  await using server = new LocalServer();
  const url = `https://localhost:${server.port}`;
  const upload = await curl(here, `${url}/`, "--upload-file", sent, "--header", "Expect:");
  assert.equal(upload.code, 0, upload.output);
  assert.deepEqual(JSON.parse(upload.output), { bodyBytes: size, bodySha256: sha256(content) });
  const download = await curl(here, `${url}/bytes/${size}`, "--output", got);
  assert.equal(download.code, 0, download.output);
  assert.equal(sha256(readFileSync(got)), sha256(content));
});

test("200 requests, a hundred at a time", { skip }, async () => {
  await using server = new LocalServer();
  const url = `https://localhost:${server.port}/bytes/10?[1-200]`;
  const args = ["-Z", "--parallel-max", "100", "-o", "/dev/null", "-w", "<%{http_code}>"];
  const { code, output } = await curl(here, url, ...args);
  assert.equal(code, 0, output.slice(0, 2000));
  assert.equal(output.match(/<200>/g)?.length, 200);
  assert.equal((await server.requests(200)).length, 200);
});

test("without a common protocol curl is told so", { skip }, async () => {
  await using server = new LocalServer({ alpnProtocols: ["imap"] });
  const url = `https://localhost:${server.port}/`;
  const { code, output } = await curl(here, url);
  assert.equal(code, 35);
  assert.match(output, /no application protocol/);
  assert.equal((await server.failure()).name, "TlsError");
  assert.equal((await curl(here, url, "--no-alpn")).code, 0); // Who asks for none gets none.
  assert.equal((await server.requests())[0]?.alpnProtocol, null);
});

test("curl refuses what it does not trust, and the server hears why", { skip }, async () => {
  await using server = new LocalServer();
  const { certPath } = certificates().untrusted;
  const url = `https://localhost:${server.port}/`;
  const { code } = await curl(here, url, "--cacert", certPath);
  assert.equal(code, 60);
  const failure = await server.failure();
  assert.equal(failure.code, "ALERT_RECEIVED");
  assert.equal(failure.alert, 48); // unknown_ca
  assert.equal((await curl(here, url)).code, 0);
});

for (const family of ["ipv4", "ipv6"] as const) {
  test(`Fast Open over ${family}: the server takes curl's hello out of the SYN`, {
    skip: netlabSkip() || skip,
  }, async () => {
    await using lab = await startNetlab({ rtt: 4 });
    await using server = await startRemoteServer(lab.server);
    assert.deepEqual(server.fastOpen, { enabled: true });
    const address = lab.server[family];
    const url = `https://${address.includes(":") ? `[${address}]` : address}/bytes/1000`;
    for (const [round, outcome] of ["disabled", "accepted", "accepted"].entries()) {
      await lab.clearPackets();
      const { code, output } = await curl(lab.client, url, "--tcp-fastopen");
      assert.equal(code, 0, output);
      const { fastOpen } = (await server.requests(round + 1))[round]!;
      assert.equal(fastOpen.outcome, outcome);
      const flow = onlyFlow(await lab.packets());
      assert.equal(flow.syn.payload, fastOpen.synBytes);
      assert.equal(acknowledged(flow), fastOpen.synBytes);
      assert.equal(fastOpen.synBytes > 200, outcome === "accepted"); // A whole ClientHello.
      const counters = await lab.server.counters();
      assert.equal(counters["TCPFastOpenPassive"], round);
    }
    const { code } = await curl(lab.client, url); // Without, it is served as well.
    assert.equal(code, 0);
    const { fastOpen } = (await server.requests(4))[3]!;
    assert.equal(fastOpen.outcome, "disabled");
    assert.equal((await lab.server.counters())["TCPFastOpenPassive"], 2);
  });
}
