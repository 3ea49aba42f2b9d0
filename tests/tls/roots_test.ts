/**
 * `connectTls` trusts what the runtime trusts, whatever it was started with.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type ChildOptions,
  runChild,
  runtimeName,
  trustingNothingMore,
} from "../fixtures/hostile_child.ts";
import { chainOf, issue, type Issued, serving } from "../fixtures/pki.ts";
import type { Trusted, Trusting } from "../fixtures/trusting.ts";
import { certificates } from "../peers/certificates.ts";
import { LocalServer } from "../peers/local_server.ts";
import { requirePeer } from "../peers/peer.ts";

const skip = requirePeer("openssl");
const program = new URL("../fixtures/trusting.ts", import.meta.url);

const root = issue();
const middle = issue({ by: root });
const names = serving("DNS = localhost", "IP = 127.0.0.1");
const server = issue({ by: root, extensions: names });
const deeper = issue({ by: middle, extensions: names });

const folder = join(certificates().folder, "hashed");
mkdirSync(folder);
copyFileSync(root.certPath, join(folder, "root.pem"));
if (!skip) execFileSync("openssl", ["rehash", folder], { stdio: "ignore" });

const file = (name: string, text: string) => {
  const path = join(certificates().folder, name);
  writeFileSync(path, text);
  return path;
};
const bogus = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const mixed = file("mixed.pem", bogus + root.cert);
const hollow = file("hollow.pem", root.cert.replace(/^M.*$/m, "MIIBszCC"));

async function ask(
  identity: Pick<Issued, "cert" | "key">,
  what: Partial<Trusting>,
  options: ChildOptions = {},
  args: readonly string[] = [],
): Promise<Trusted[]> {
  const { cert, key } = identity;
  await using listener = new LocalServer({ cert, key });
  const all = [JSON.stringify({ port: listener.port, ...what }), ...args];
  const env = { ...trustingNothingMore, ...options.env };
  const { code, stdout, stderr } = await runChild(program, all, { ...options, env });
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

interface Scene {
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  readonly trusts: boolean;
}

const deno: Readonly<Record<string, Scene>> = {
  "nothing": { trusts: false },
  "DENO_CERT": { env: { DENO_CERT: root.certPath }, trusts: true },
  "DENO_CERT with the server's own": { env: { DENO_CERT: server.certPath }, trusts: false },
  "DENO_CERT with the certificate itself": {
    env: { DENO_CERT: `base64:${btoa(root.cert)}` },
    trusts: true,
  },
  "DENO_CERT with an unreadable one before it": { env: { DENO_CERT: mixed }, trusts: true },
  "--cert": { flags: ["-A", "--cert", root.certPath], trusts: true },
  "--cert=": { flags: ["-A", `--cert=${root.certPath}`], trusts: true },
  "--cert instead of DENO_CERT": {
    flags: ["-A", `--cert=${certificates().caPath}`],
    env: { DENO_CERT: root.certPath },
    trusts: false,
  },
  "--cert among the program's own arguments": { args: ["--cert", root.certPath], trusts: false },
  "NODE_EXTRA_CA_CERTS": { env: { NODE_EXTRA_CA_CERTS: root.certPath }, trusts: true },
  "NODE_EXTRA_CA_CERTS with an unreadable one before it": {
    env: { NODE_EXTRA_CA_CERTS: mixed },
    trusts: true,
  },
  "DENO_TLS_CA_STORE=system": {
    env: { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: root.certPath },
    trusts: true,
  },
  "DENO_TLS_CA_STORE=mozilla,system": {
    env: { DENO_TLS_CA_STORE: "mozilla,system", SSL_CERT_FILE: root.certPath },
    trusts: true,
  },
  "SSL_CERT_FILE alone": { env: { SSL_CERT_FILE: root.certPath }, trusts: false },
  "NODE_USE_SYSTEM_CA, which Deno only tells": {
    env: { NODE_USE_SYSTEM_CA: "1", SSL_CERT_FILE: root.certPath },
    trusts: false,
  },
};

const bun: Readonly<Record<string, Scene>> = {
  "nothing": { trusts: false },
  "SSL_CERT_FILE": { env: { SSL_CERT_FILE: root.certPath }, trusts: true },
  "SSL_CERT_DIR": { env: { SSL_CERT_DIR: folder }, trusts: true },
  "SSL_CERT_FILE that is not there": { env: { SSL_CERT_FILE: "/nowhere.pem" }, trusts: false },
  "SSL_CERT_FILE with an unreadable one before it": {
    env: { SSL_CERT_FILE: mixed },
    trusts: false,
  },
  "NODE_EXTRA_CA_CERTS": { env: { NODE_EXTRA_CA_CERTS: root.certPath }, trusts: true },
  "--use-system-ca": {
    flags: ["--use-system-ca"],
    env: { SSL_CERT_FILE: root.certPath },
    trusts: true,
  },
  "NODE_USE_SYSTEM_CA": {
    env: { NODE_USE_SYSTEM_CA: "1", SSL_CERT_DIR: folder },
    trusts: true,
  },
  "--use-bundled-ca": {
    flags: ["--use-bundled-ca"],
    env: { SSL_CERT_FILE: root.certPath },
    trusts: true,
  },
};

const node: Readonly<Record<string, Scene>> = {
  "nothing": { trusts: false },
  "SSL_CERT_FILE alone": { env: { SSL_CERT_FILE: root.certPath }, trusts: false },
  "--use-openssl-ca and SSL_CERT_FILE": {
    flags: ["--use-openssl-ca"],
    env: { SSL_CERT_FILE: root.certPath },
    trusts: true,
  },
  "--use-openssl-ca and SSL_CERT_DIR": {
    flags: ["--use-openssl-ca"],
    env: { SSL_CERT_DIR: folder },
    trusts: true,
  },
  "--use-openssl-ca in NODE_OPTIONS": {
    env: { NODE_OPTIONS: "--use-openssl-ca", SSL_CERT_FILE: root.certPath },
    trusts: true,
  },
  "--use-openssl-ca and NODE_EXTRA_CA_CERTS": {
    flags: ["--use-openssl-ca"],
    env: { NODE_EXTRA_CA_CERTS: root.certPath },
    trusts: true,
  },
  "--use-openssl-ca alone": { flags: ["--use-openssl-ca"], trusts: false },
  "--use-system-ca": {
    flags: ["--use-system-ca"],
    env: { SSL_CERT_FILE: root.certPath },
    trusts: true,
  },
  "NODE_USE_SYSTEM_CA": {
    env: { NODE_USE_SYSTEM_CA: "1", SSL_CERT_FILE: root.certPath },
    trusts: true,
  },
  "NODE_EXTRA_CA_CERTS": { env: { NODE_EXTRA_CA_CERTS: root.certPath }, trusts: true },
};

const scenes = { deno, bun, node }[runtimeName];

for (const [what, { env, flags, args = [], trusts }] of Object.entries(scenes)) {
  test(`with ${what}, connectTls trusts what fetch and node:tls trust`, { skip }, async () => {
    const [said] = await ask(
      server,
      {},
      { ...(env ? { env } : {}), ...(flags ? { flags } : {}) },
      args,
    );
    const { fetch, nodeTls, openssl, runtime } = said!;
    const text = JSON.stringify(said);
    assert.deepEqual([fetch, nodeTls], [trusts, trusts], text);
    assert.deepEqual(
      [openssl.engine, runtime.engine],
      trusts ? ["openssl", "runtime"] : [undefined, undefined],
      text,
    );
    if (trusts) return;
    assert.match(openssl.code ?? "", /^UNABLE_TO_GET_ISSUER_CERT_LOCALLY$/, text);
  });
}

test("what can't be read among the certificates to trust is a warning", { skip }, async () => {
  for (const path of [mixed, hollow, file("no.pem", "This is no certificate.\n")]) {
    const env = { NODE_EXTRA_CA_CERTS: path };
    const [said] = await ask(server, {}, { env });
    const { nodeTls, openssl, runtime } = said!;
    const text = JSON.stringify(said);
    assert.deepEqual([openssl.engine, runtime.engine].map((each) => each !== undefined), [
      nodeTls,
      nodeTls,
    ], text);
    for (const { code, warnings = [] } of [openssl, runtime]) {
      assert.notEqual(code, "INVALID_PEM", text);
      if (!nodeTls) continue;
      const warning = warnings.find(({ code }) => code === "ROOTS_UNREADABLE");
      assert.match(warning?.message ?? "", /^One certificate can't be read/, text);
    }
  }
});

test("an authority that is no root ends a chain where it does for node:tls", { skip }, async () => {
  const env = { NODE_EXTRA_CA_CERTS: middle.certPath };
  const [said] = await ask(deeper, {}, { env });
  const { nodeTls, openssl, runtime } = said!;
  const text = JSON.stringify(said);
  assert.equal(openssl.engine !== undefined, nodeTls, text);
  assert.equal(runtime.engine !== undefined, nodeTls, text);
  if (!nodeTls) assert.match(openssl.message ?? "", /pass it in caCerts/);
});

test("a program that changes what it trusts is obeyed at once", { skip }, async () => {
  const stranger = certificates().ca;
  // As many as Node lists under this flag, beside those that it does not list.
  const one = { NODE_EXTRA_CA_CERTS: certificates().intermediatePath };
  const flags = runtimeName === "node" ? ["--use-openssl-ca"] : [];
  for (
    const [defaults, env, then, flagged] of [
      [[root.cert], {}, true, []],
      [[stranger], { NODE_EXTRA_CA_CERTS: root.certPath }, false, []],
      [[stranger], { DENO_CERT: root.certPath, SSL_CERT_FILE: root.certPath }, false, []],
      [[stranger], { ...one, SSL_CERT_FILE: root.certPath }, false, flags],
    ] as const
  ) {
    const more = flagged.length > 0 ? { flags: flagged } : {};
    const [before, after] = await ask(server, { defaults }, { env, ...more });
    for (const { nodeTls, openssl, runtime } of [before!, after!]) {
      const text = JSON.stringify([before, after]);
      assert.equal(openssl.engine !== undefined, nodeTls, text);
      assert.equal(runtime.engine !== undefined, nodeTls, text);
    }
    assert.equal(after!.nodeTls, then);
  }
});

test("a program that changes what it trusts changes nothing for impostors", {
  skip,
}, async () => {
  // Their root has the name of the one that is trusted. Some runtimes follow names to version 1.
  const commonName = new X509Certificate(root.cert).subject.replace("CN=", "");
  const fake = issue({ commonName });
  const old = issue({ by: fake, extensions: "" });
  const leaf = issue({ by: old, extensions: names });
  const bare = issue({ by: fake, extensions: names });
  for (
    const chain of [
      chainOf(leaf, old),
      chainOf(leaf, old, root),
      chainOf(leaf, old, fake),
      chainOf(bare),
      chainOf(bare, root),
      chainOf(bare, old),
    ]
  ) {
    const said = await ask(chain, { defaults: [root.cert] });
    for (const { openssl, runtime } of said) {
      assert.deepEqual([openssl.engine, runtime.engine], [undefined, undefined], `${openssl.code}`);
    }
  }
});

// Only Deno can keep from a program what it trusts.
const testInDeno = runtimeName === "deno" ? test : () => {};

testInDeno("where Deno does not tell what it trusts, the error says so", { skip }, async () => {
  const base = ["--allow-net", "--allow-ffi", "--allow-read"];
  for (
    const [more, says] of [
      [[], /add --allow-sys/],
      [["--allow-sys"], /add --allow-env=DENO_CERT,DENO_TLS_CA_STORE,NODE_USE_SYSTEM_CA/],
      [["--allow-sys", "--allow-env"], /Deno tells nothing of a certificate that --cert names/],
    ] as const
  ) {
    const flags = [...base, ...more, `--cert=${root.certPath}`];
    const [said] = await ask(server, {}, { flags });
    const { nodeTls, openssl, runtime } = said!;
    const text = JSON.stringify(said);
    assert.deepEqual([nodeTls, runtime.engine], [true, "runtime"], text);
    assert.equal(openssl.code, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", text);
    assert.match(openssl.message ?? "", says);
  }
});
