/**
 * Where a chain may lead, and by what keys and digests: the same verdict by both engines.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { connectTls, TlsError } from "../../../mod.ts";
import { askChild } from "../../fixtures/hostile_child.ts";
import type { Permitted } from "../../fixtures/hostile_permitted.ts";
import { here } from "../../fixtures/hostile_ways.ts";
import { chainOf, issue, type Issued, serving, type Wish } from "../../fixtures/pki.ts";
import { certificates } from "../../peers/certificates.ts";
import { type OpensslServer, startOpensslServer } from "../../peers/openssl_server.ts";
import { requirePeer } from "../../peers/peer.ts";

const skip = requirePeer("openssl");
const engines = ["openssl", "runtime"] as const;
const named = serving("IP = 127.0.0.1");

/** A server that presents anything. */
function present(identity: Issued): Promise<OpensslServer> {
  return startOpensslServer(["-cipher", "ALL:@SECLEVEL=0"], { identity });
}

/** What a client says of a server: "connects", or the error. */
async function ask(
  engine: "openssl" | "runtime",
  port: number,
  caCerts: readonly string[],
): Promise<TlsError | "connects"> {
  try {
    (await connectTls({ hostname: here, port, caCerts, sessions: false, engine })).close();
    return "connects";
  } catch (error) {
    assert.ok(error instanceof TlsError, `${error}`);
    return error;
  }
}

async function assertConnects(identity: Issued, caCerts: readonly string[], what = "") {
  await using server = await present(identity);
  for (const engine of engines) {
    const said = await ask(engine, server.port, caCerts);
    assert.equal(said, "connects", `${what} ${engine}`);
  }
}

const rsa = (bits: number) => ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`];
const curve = (name: string) => ["-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${name}`];

/** A file with parameters for DSA keys. */
function dsaParameters(bits: number): string {
  const path = join(certificates().folder, `dsa-${bits}`);
  execFileSync("openssl", ["dsaparam", "-out", path, `${bits}`], { stdio: "ignore" });
  return path;
}

interface Chain {
  readonly root?: Wish;
  readonly middle?: Wish;
  readonly leaf?: Wish;
}

function chain({ root, middle, leaf }: Chain): Record<"server" | "middle" | "root", Issued> {
  const top = issue({ key: rsa(2048), ...root });
  const between = issue({ key: rsa(2048), ...middle, by: top });
  const end = issue({ key: rsa(2048), extensions: named, ...leaf, by: between });
  return { server: chainOf(end, between), middle: between, root: top };
}

const good: Readonly<Record<string, Chain>> = {
  "RSA of 2,048 bits, and SHA-256": {},
  "SHA-384 and SHA-512": { middle: { digest: "sha384" }, leaf: { digest: "sha512" } },
  "elliptic curves": { root: { key: curve("secp384r1") }, middle: { key: curve("prime256v1") } },
  "SHA-512 by an elliptic curve of 521 bits": {
    root: { key: curve("secp521r1") },
    middle: { digest: "sha512" },
  },
  "RSASSA-PSS and SHA-256": { middle: { pss: true }, leaf: { pss: true } },
  "a root that has signed itself with SHA-1": { root: { digest: "sha1" } },
};

for (const [what, wishes] of Object.entries(good)) {
  test(`a chain with ${what} connects`, { skip }, async () => {
    const { server, root } = chain(wishes);
    await assertConnects(server, [root.cert]);
  });
}

const weak: Readonly<Record<string, Chain & { readonly code: string }>> = {
  "an authority's RSA key of 1,024 bits": {
    middle: { key: rsa(1024) },
    code: "CA_KEY_TOO_SMALL",
  },
  "a root's RSA key of 1,024 bits": { root: { key: rsa(1024) }, code: "CA_KEY_TOO_SMALL" },
  "an authority's elliptic curve of 192 bits": {
    middle: { key: curve("prime192v1") },
    code: "CA_KEY_TOO_SMALL",
  },
  "an authority's DSA key of 1,024 bits": {
    middle: { key: ["-paramfile", dsaParameters(1024)] },
    code: "CA_KEY_TOO_SMALL",
  },
  "a server's RSA key of 1,024 bits": { leaf: { key: rsa(1024) }, code: "EE_KEY_TOO_SMALL" },
  "SHA-1 under an authority": { middle: { digest: "sha1" }, code: "CA_MD_TOO_WEAK" },
  "SHA-1 under the server's": { leaf: { digest: "sha1" }, code: "CA_MD_TOO_WEAK" },
  "SHA-1 and RSASSA-PSS": { leaf: { digest: "sha1", pss: true }, code: "CA_MD_TOO_WEAK" },
  "MD5 under an authority": { middle: { digest: "md5" }, code: "CA_MD_TOO_WEAK" },
  "MD5 under the server's": { leaf: { digest: "md5" }, code: "CA_MD_TOO_WEAK" },
  "SHA-1 by an elliptic curve": {
    root: { key: curve("prime256v1") },
    middle: { digest: "sha1" },
    code: "CA_MD_TOO_WEAK",
  },
};

/** What runtimes say of what they don't take at all. */
const OTHERWISE =
  /^(CERT_INVALID|CERT_SIGNATURE_FAILURE|PROTOCOL_ERROR|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/;

for (const [what, { code, ...wishes }] of Object.entries(weak)) {
  test(`a chain with ${what} fails with ${code}`, { skip }, async () => {
    const { server, root } = chain(wishes);
    await using peer = await present(server);
    for (const engine of engines) {
      const said = await ask(engine, peer.port, [root.cert]);
      assert.ok(said instanceof TlsError, `${engine} ${said}`);
      if (engine === "openssl") assert.equal(said.code, code);
      else if (said.code !== code) assert.match(said.code, OTHERWISE);
    }
    // And so where the runtime trusts the root.
    const env = { NODE_EXTRA_CA_CERTS: root.certPath };
    await Promise.all(engines.map(async (engine) => {
      const options = { hostname: here, port: peer.port, sessions: false, engine };
      const call = JSON.stringify({ call: "connectTls", options });
      const { value, code: own } = await askChild<Permitted>("permitted", [call], { env });
      assert.equal(value, undefined, engine);
      if (own !== code) assert.match(own ?? "", OTHERWISE);
    }));
  });
}

test("a handshake that is signed with SHA-1 is refused", { skip }, async () => {
  const identity = issue({ key: rsa(2048), extensions: named });
  for (const [digest, isRefused] of [["SHA256", false], ["SHA1", true]] as const) {
    const lax = ["-cipher", "ALL:@SECLEVEL=0", "-tls1_2", "-sigalgs", `RSA+${digest}`];
    await using server = await startOpensslServer(lax, { identity });
    for (const engine of engines) {
      const said = await ask(engine, server.port, [identity.cert]);
      if (isRefused) assert.equal((said as TlsError).code, "ALERT_RECEIVED", engine);
      else assert.equal(said, "connects", engine);
    }
  }
});

test("a weak certificate beside the chain does no harm", { skip }, async () => {
  const { server, middle, root } = chain({});
  const stray = issue({ key: rsa(1024), digest: "md5" });
  await assertConnects(chainOf(server, stray, middle), [root.cert]);
  // The same authority, certified by somebody weak.
  const again = issue({ by: stray, digest: "sha1", like: middle });
  await assertConnects(chainOf(server, middle, again), [root.cert]);
});

test("a chain may be sent in any order", { skip }, async () => {
  const root = issue();
  const upper = issue({ by: root });
  const lower = issue({ by: upper });
  const lowest = issue({ by: lower });
  const leaf = issue({ by: lowest, extensions: named });
  const stray = issue();
  const orders = [
    [lowest, lower, upper],
    [upper, lower, lowest],
    [upper, lowest, lower],
    [lower, upper, lowest],
    [root, upper, lower, lowest],
    [upper, root, lowest, lower],
    [stray, upper, lower, lowest],
    [leaf, upper, lower, lowest],
    [lowest, lowest, upper, lower],
  ];
  for (const [index, order] of orders.entries()) {
    await assertConnects(chainOf(leaf, ...order), [root.cert], `order ${index}`);
  }
});

test("a chain may end at any authority that is trusted, root or not", { skip }, async () => {
  const root = issue();
  const upper = issue({ by: root });
  const lower = issue({ by: upper });
  const leaf = issue({ by: lower, extensions: named });
  for (const trusted of [root, upper, lower]) {
    await assertConnects(chainOf(leaf, lower, upper), [trusted.cert]);
  }
  await assertConnects(chainOf(leaf), [lower.cert]);
  await assertConnects(chainOf(leaf), [lower.cert, leaf.cert]);
  await assertConnects(chainOf(leaf, lower, upper, root), [upper.cert]);
});

test("a server's certificate alone is trusted where it has signed itself", { skip }, async () => {
  const own = issue({ extensions: named });
  await assertConnects(chainOf(own), [own.cert]);
  const root = issue();
  const lower = issue({ by: root });
  const leaf = issue({ by: lower, extensions: named });
  await using server = await present(chainOf(leaf, lower));
  for (const caCerts of [[leaf.cert], [leaf.cert, issue().cert]]) {
    for (const engine of engines) {
      const said = await ask(engine, server.port, caCerts);
      assert.ok(said instanceof TlsError, `${engine} ${said}`);
      assert.equal(said.code, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", engine);
      assert.match(said.message, /pass the certificate that issued it/);
    }
  }
  // The advice works.
  await assertConnects(chainOf(leaf, lower), [lower.cert]);
});

test("an authority that has expired ends no chain", { skip }, async () => {
  const root = issue({ days: -1 });
  const leaf = issue({ by: root, extensions: named });
  await using server = await present(chainOf(leaf));
  for (const engine of engines) {
    const said = await ask(engine, server.port, [root.cert]);
    assert.ok(said instanceof TlsError, `${engine} ${said}`);
    assert.match(said.code, /^(CERT_HAS_EXPIRED|CERT_INVALID)$/, engine);
  }
});
