import assert from "node:assert/strict";
import { TlsError } from "../../mod.ts";
import { certificates } from "./certificates.ts";
import { codesOf } from "./engine.ts";
import { encode, open, readText, readUntil } from "./exchange.ts";
import { startOpensslServer } from "./openssl_server.ts";
import { requirePeer } from "./peer.ts";
import { test } from "./test.ts";

const skip = requirePeer("openssl");

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const [hostname, accept] of [["127.0.0.1", "127.0.0.1:0"], ["::1", "[::1]:0"]] as const) {
    test(`${version} to ${hostname}: both directions, both ends`, { skip }, async () => {
      const flag = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
      await using server = await startOpensslServer([flag], { accept });
      await using conn = await open({ hostname, port: server.port, sessions: false });
      assert.equal(conn.protocol, version);
      await conn.write(encode("from here\n"));
      await server.saw(/^from here$/m);
      server.type("from there\n");
      assert.equal(await readUntil(conn, /\n/), "from there\n");
      await conn.closeWrite();
      await server.saw(/^DONE$/m); // It has read close_notify.
      server.type("Q\n"); // It says close_notify.
      assert.equal(await readText(conn), "");
    });
  }

  test(`${version}: a server that wants a certificate gets one`, { skip }, async () => {
    const { caPath, client } = certificates();
    const flag = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
    const args = [flag, "-Verify", "3", "-CAfile", caPath, "-verify_return_error"];
    await using server = await startOpensslServer(args);
    const { cert, key } = client;
    const options = { port: server.port, sessions: false } as const;
    using conn = await open({ ...options, cert, key });
    await conn.write(encode("it is me\n"));
    await server.saw(/^it is me$/m);
    await server.saw(/^subject=CN = client$/m);
    await server.saw(/^verify return:1$/m);
    conn.close();
    await server.saw(/^DONE$/m);

    const certificateRequired = version === "TLSv1.3" ? 116 : 40;
    await assert.rejects(async () => {
      using without = await open(options); // In TLS 1.3 the refusal comes after the handshake.
      await readText(without);
    }, { name: "TlsError", code: "ALERT_RECEIVED", alert: certificateRequired });
  });

  test(`${version}: each ALPN answer`, { skip }, async () => {
    const flag = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
    await using server = await startOpensslServer([flag, "-alpn", "imap,http/1.1"]);
    const agreed = async (alpnProtocols: string[]) => {
      using conn = await open({ port: server.port, sessions: false, alpnProtocols });
      return conn.alpnProtocol;
    };
    assert.equal(await agreed(["http/1.1", "imap"]), "imap"); // The server's order counts.
    assert.equal(await agreed(["h2", "http/1.1"]), "http/1.1");
    assert.equal(await agreed([]), null);
    await assert.rejects(agreed(["h2"]), { name: "TlsError", code: "ALERT_RECEIVED", alert: 120 });
  });
}

test("a HelloRetryRequest is followed, and the next hello needs none", {
  skip,
  needs: "groups",
}, async () => {
  await using server = await startOpensslServer(["-groups", "P-384", "-msg"]);
  const clientHellos = () => server.output.match(/ClientHello/g)?.length ?? 0;
  const { port } = server;
  for (const [round, hellos] of [2, 3, 4].entries()) {
    using conn = await open({ port, sessions: false });
    assert.equal(conn.group, "secp384r1");
    await conn.write(encode(`round ${round}\n`));
    await server.saw(new RegExp(`^round ${round}$`, "m"));
    assert.equal(clientHellos(), hellos);
  }
});

test("a server with only ChaCha20 or AES-128 gets its suite", { skip }, async () => {
  for (const suite of ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]) {
    await using server = await startOpensslServer(["-ciphersuites", suite]);
    using conn = await open({ port: server.port });
    assert.equal(conn.cipher, suite);
  }
});

test("the chain the server sends is verified as far as the root", { skip }, async () => {
  const { server: { leafPath, keyPath }, intermediatePath } = certificates();
  const identity = { ...certificates().server, certPath: intermediatePath };
  await using whole = await startOpensslServer([], { identity });
  (await open({ port: whole.port })).close();
  // The leaf twice, and nothing in between.
  const lacking = { ...certificates().server, certPath: leafPath, keyPath };
  await using server = await startOpensslServer([], { identity: lacking });
  await assert.rejects(open({ port: server.port }), (error) => {
    assert.ok(error instanceof TlsError);
    assert.ok(codesOf("UNABLE_TO_GET_ISSUER_CERT_LOCALLY").includes(error.code as never));
    return true;
  });
});

test("the server updates its keys and the data goes on", { skip }, async () => {
  await using server = await startOpensslServer(["-tls1_3", "-msg"]);
  using conn = await open({ port: server.port });
  server.type("K\n"); // Asks for the same from the client.
  await server.saw(/>>> TLS 1\.3, Handshake \[length 0005\], KeyUpdate/);
  for (const line of ["one", "two"]) {
    await conn.write(encode(`${line}\n`));
    await server.saw(new RegExp(`^${line}$`, "m"));
    server.type(`${line}\n`);
    assert.equal(await readUntil(conn, /\n/), `${line}\n`);
  }
  assert.match(server.output, /<<< TLS 1\.3, Handshake \[length 0005\], KeyUpdate/);
});
