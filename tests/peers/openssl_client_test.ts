import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { certificates } from "./certificates.ts";
import { temporaryFolder } from "./folder.ts";
import { httpRequest } from "./http.ts";
import { LocalServer } from "./local_server.ts";
import { startOpensslClient } from "./openssl_client.ts";
import { type Peer, requirePeer } from "./peer.ts";
import { startRemoteServer } from "./remote_server.ts";

const skip = requirePeer("openssl");

/** Asks for `path` and waits for all of the answer. */
async function request(client: Peer, path = "/"): Promise<void> {
  client.type(httpRequest(path));
  await client.saw(/HTTP\/1\.1 200 OK/);
  await client.finished();
}

for (const [version, flag] of [["TLSv1.2", "-tls1_2"], ["TLSv1.3", "-tls1_3"]] as const) {
  test(`${version}: it verifies the chain and the name`, { skip }, async () => {
    await using server = new LocalServer();
    const args = [flag, "-verify_hostname", "firstflight.test", "-servername", "firstflight.test"];
    await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
    await request(client);
    assert.match(client.output, /Verify return code: 0 \(ok\)/);
    assert.match(client.output, /Test Intermediate/);
    const [served] = await server.requests();
    assert.equal(served?.protocol, version);
    assert.equal(served.resumed, false);
  });

  test(`${version}: its session is resumed`, { skip }, async () => {
    using folder = temporaryFolder();
    await using server = new LocalServer();
    const session = folder.path("session");
    for (
      const [flags, resumed] of [[["-sess_out", session], false], [
        ["-sess_in", session],
        true,
      ]] as const
    ) {
      await using client = startOpensslClient(`127.0.0.1:${server.port}`, [flag, ...flags]);
      await request(client);
      assert.match(client.output, resumed ? /^Reused, /m : /^New, /m);
    }
    const served = await server.requests(2);
    assert.deepEqual(served.map(({ resumed }) => resumed), [false, true]);
  });

  test(`${version}: the server's protocol order counts`, { skip }, async () => {
    await using server = new LocalServer({ alpnProtocols: ["h2", "http/1.1", "imap"] });
    const args = [flag, "-alpn", "imap,http/1.1"];
    await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
    await request(client);
    assert.match(client.output, /ALPN protocol: http\/1\.1/);
    assert.equal((await server.requests())[0]?.alpnProtocol, "http/1.1");
  });

  test(`${version}: no common protocol ends in that alert`, { skip }, async () => {
    await using server = new LocalServer({ alpnProtocols: ["h2"] });
    const args = [flag, "-alpn", "imap"];
    await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
    await client.saw(/alert no application protocol.*SSL alert number 120/);
    assert.notEqual(await client.finished(), 0);
    assert.equal((await server.failure()).name, "TlsError");
  });
}

test("versions that the server does not speak are refused", { skip }, async () => {
  await using old = new LocalServer({ maxVersion: "TLSv1.2" });
  await using young = new LocalServer({ minVersion: "TLSv1.3" });
  for (const [server, flag] of [[old, "-tls1_3"], [young, "-tls1_2"]] as const) {
    await using client = startOpensslClient(`127.0.0.1:${server.port}`, [flag]);
    await client.saw(/alert protocol version/);
    assert.equal((await server.failure()).name, "TlsError");
  }
});

test("TLS 1.0 and 1.1 are refused", { skip }, async () => {
  await using server = new LocalServer();
  for (const flag of ["-tls1", "-tls1_1"]) {
    const args = [flag, "-cipher", "ALL:@SECLEVEL=0"];
    await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
    await client.saw(/alert protocol version/);
    assert.notEqual(await client.finished(), 0);
  }
  assert.equal((await server.failure(2)).name, "TlsError");
});

for (const maxEarlyData of [0, 16_384]) {
  test(`with ${maxEarlyData} bytes of early data, a ticket is promised for less than a week`, {
    skip,
  }, async () => {
    await using server = new LocalServer({ maxEarlyData });
    for (const flag of ["-tls1_2", "-tls1_3"]) {
      await using client = startOpensslClient(`127.0.0.1:${server.port}`, [flag]);
      await request(client);
      const promised = [...client.output.matchAll(/lifetime hint: (\d+) \(seconds\)/g)];
      assert.ok(promised.length > 0, client.output);
      for (const [, seconds] of promised) {
        assert.ok(Number(seconds) > 0 && Number(seconds) < 7 * 24 * 3_600, `${seconds} s`);
      }
    }
  });
}

test("early data is answered before the handshake is over, a replay of it is not", {
  skip: netlabSkip() || skip,
}, async () => {
  using folder = temporaryFolder();
  const [session, early] = [folder.path("session"), folder.path("early")];
  writeFileSync(early, httpRequest("/early"));
  await using lab = await startNetlab({ rtt: 60 }); // So long it takes to finish a handshake.
  await using server = await startRemoteServer(lab.server, { maxEarlyData: 16_384 });
  const start = (args: string[]) => startOpensslClient(`${lab.server.ipv4}:443`, args, lab.client);
  {
    await using client = start(["-sess_out", session]);
    await request(client, "/first");
  }
  {
    await using client = start(["-sess_in", session, "-early_data", early]);
    await client.saw(/HTTP\/1\.1 200 OK/);
    await client.finished();
    assert.match(client.output, /^Early data was accepted$/m);
  }
  const [first, second] = await server.requests(2);
  assert.equal(first?.earlyData, "not-sent");
  assert.equal(second?.request, "GET /early HTTP/1.1");
  assert.equal(second.earlyData, "accepted");
  assert.equal(second.resumed, true);
  assert.equal(second.secured, false);

  // The same ticket with the same early data: who recorded a flight could send it like this.
  await using client = start(["-sess_in", session, "-early_data", early]);
  await client.saw(/^Early data was rejected$/m);
  await request(client, "/again");
  const served = await server.requests(3);
  assert.deepEqual(served.map(({ request }) => request), [
    "GET /first HTTP/1.1",
    "GET /early HTTP/1.1",
    "GET /again HTTP/1.1",
  ]);
  assert.equal(served[2]?.earlyData, "rejected");
  assert.equal(served[2].resumed, false);
});

test("a server that takes no early data offers none", { skip }, async () => {
  using folder = temporaryFolder();
  await using server = new LocalServer();
  const session = folder.path("session");
  const args = ["-sess_out", session];
  await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
  await request(client);
  assert.match(client.output, /Max Early Data: 0$/m);
});

test("early data from a ticket of another server is not taken", { skip }, async () => {
  using folder = temporaryFolder();
  const [session, early] = [folder.path("session"), folder.path("early")];
  writeFileSync(early, httpRequest("/early"));
  {
    await using server = new LocalServer({ maxEarlyData: 16_384 });
    await using client = startOpensslClient(`127.0.0.1:${server.port}`, ["-sess_out", session]);
    await request(client);
  }
  await using server = new LocalServer({ maxEarlyData: 16_384 });
  const args = ["-sess_in", session, "-early_data", early];
  await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
  await client.saw(/^Early data was rejected$/m);
  await request(client, "/late");
  const [served] = await server.requests();
  assert.equal(served?.request, "GET /late HTTP/1.1");
  assert.equal(served.earlyData, "rejected");
  assert.equal(served.secured, true);
});

test("a client that updates its keys is followed", { skip }, async () => {
  await using server = new LocalServer();
  await using client = startOpensslClient(`127.0.0.1:${server.port}`, ["-tls1_3"]);
  await client.saw(/Verify return code: 0/);
  client.type("K\n"); // With the request that the server does the same.
  await client.saw(/^KEYUPDATE$/m);
  await request(client);
  assert.equal((await server.requests()).length, 1);
});

test("a client without any common suite is refused", { skip }, async () => {
  await using server = new LocalServer();
  const address = `127.0.0.1:${server.port}`;
  const rare = ["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"];
  for (const args of [["-tls1_2", "-cipher", "AES128-SHA"], rare]) {
    await using client = startOpensslClient(address, args);
    await client.finished();
    assert.match(client.output, /no peer certificate available/);
  }
  const { code } = await server.failure(2);
  assert.equal(code, "PROTOCOL_ERROR");
  await using client = startOpensslClient(address, []); // The server goes on.
  await request(client);
});

test("a client that wants a HelloRetryRequest gets one", { skip }, async () => {
  await using server = new LocalServer({ maxEarlyData: 16_384 });
  const args = ["-groups", "X448:P-521", "-msg"];
  await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
  await request(client);
  assert.equal((await server.requests()).length, 1);
});

test("an RSA certificate serves too", { skip }, async () => {
  const { cert, key } = certificates().rsaServer;
  await using server = new LocalServer({ cert, key });
  for (const flag of ["-tls1_2", "-tls1_3"]) {
    await using client = startOpensslClient(`127.0.0.1:${server.port}`, [flag]);
    await request(client);
    assert.match(client.output, /Peer signature type: RSA-PSS/);
  }
});
