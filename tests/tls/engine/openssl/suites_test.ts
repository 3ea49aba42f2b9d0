/** The suites of TLS 1.2 that a client offers, and those that a server takes. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { askChild, runtimeName } from "../../../fixtures/hostile_child.ts";
import type { Permitted } from "../../../fixtures/hostile_permitted.ts";
import { assertFails, tlsError } from "../../../fixtures/hostile_failure.ts";
import { certificates, type Identity } from "../../../peers/certificates.ts";
import { encode, open } from "../../../peers/exchange.ts";
import { temporaryFolder } from "../../../peers/folder.ts";
import { LocalServer } from "../../../peers/local_server.ts";
import { startOpensslClient } from "../../../peers/openssl_client.ts";
import { startOpensslServer } from "../../../peers/openssl_server.ts";
import { requirePeer } from "../../../peers/peer.ts";

const skip = requirePeer("openssl");
const made = certificates();
const engine = "openssl" as const;

/** A server that knows these suites alone. */
function startKnowing(suites: string, identity: Identity = made.rsaServer) {
  return startOpensslServer(["-tls1_2", "-cipher", suites], { identity });
}

test(
  "a server that prefers anything else agrees on forward secrecy, AES-128-GCM if it has no wish",
  {
    skip,
  },
  async () => {
    for (
      const [suites, agreed] of [
        ["ALL", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
        ["AES128-SHA:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", /ECDHE.*AES_256_GCM/],
        ["AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA384", /ECDHE.*AES_256_CBC/],
      ] as const
    ) {
      await using server = await startKnowing(suites);
      using conn = await open({ port: server.port, sessions: false, engine });
      if (typeof agreed === "string") assert.equal(conn.cipher, agreed);
      else assert.match(conn.cipher, agreed);
      await conn.write(encode("x\n"));
      await server.saw(/^x$/m);
    }
  },
);

test("old servers, which have ECDHE with CBC alone, are connected to", { skip }, async () => {
  for (const [sort, identity] of [["RSA", made.rsaServer], ["ECDSA", made.server]] as const) {
    for (const rest of ["AES128-SHA", "AES256-SHA", "AES128-SHA256", "AES256-SHA384"]) {
      await using server = await startKnowing(`ECDHE-${sort}-${rest}`, identity);
      using conn = await open({ port: server.port, sessions: false, engine });
      assert.match(conn.cipher, /_CBC_/);
    }
  }
});

test("a server without forward secrecy refuses, and so does one with DHE alone", {
  skip,
}, async () => {
  for (const suites of ["AES128-GCM-SHA256:AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"]) {
    await using server = await startKnowing(suites);
    const opening = open({ port: server.port, sessions: false, engine });
    await assertFails(opening, tlsError("ALERT_RECEIVED", /"handshake failure" \(40\)/));
  }
});

test("a listener takes suites with forward secrecy and AEAD, by its own preference", {
  skip,
}, async () => {
  const { cert, key } = made.rsaServer;
  await using server = new LocalServer({ cert, key });
  const agreed = async (suites: string) => {
    const args = ["-tls1_2", "-cipher", suites];
    await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
    const [, suite] = await client.saw(/Cipher is (\S+)/);
    return suite;
  };
  const [aes128, aes256, chacha] = [
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
  ];
  assert.equal(await agreed("ALL"), aes128);
  assert.equal(await agreed(`AES128-SHA:ECDHE-RSA-AES256-SHA:${aes256}:${aes128}`), aes128);
  assert.equal(await agreed(`${aes256}:${chacha}`), aes256);
  assert.equal(await agreed(`${chacha}:${aes128}`), chacha); // It is slow at AES.
  for (const suites of ["AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"]) {
    assert.equal(await agreed(suites), "(NONE)");
  }
});

test("a system that allows less is obeyed", { skip }, async () => {
  if (runtimeName === "node") return; // Its OpenSSL reads no settings of the system's.
  using folder = temporaryFolder();
  const path = folder.path("openssl.cnf");
  writeFileSync(
    path,
    "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = default\n[default]\n" +
      "CipherString = ECDHE+AES256\n",
  );
  await using server = await startKnowing("ALL");
  const options = { hostname: "127.0.0.1", port: server.port, caCerts: [made.ca], engine };
  const what = JSON.stringify({ call: "connectTls", options });
  const { value, message } = await askChild<Permitted>("permitted", [what], {
    env: { OPENSSL_CONF: path },
  });
  assert.ok(value, `${message}`);
  await server.saw(/^CIPHER is ECDHE-RSA-AES256-GCM-SHA384$/m);
});
