/**
 * `firstflight doctor` says what is trusted, and what it does not know of that.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import {
  type ChildOptions,
  runChild,
  runtimeName,
  trustingNothingMore,
} from "../fixtures/hostile_child.ts";
import { temporaryFolder } from "../peers/folder.ts";

const program = new URL("../../cli.ts", import.meta.url);

async function trustIn(options: ChildOptions): Promise<string> {
  const env = { ...trustingNothingMore, ...options.env };
  const { stdout, stderr } = await runChild(program, ["doctor", "--json"], { ...options, env });
  const { checks } = JSON.parse(stdout) as { checks: { name: string; finding: string }[] };
  const found = checks.find(({ name }) => name === "trust");
  assert.ok(found, stdout + stderr);
  return found.finding;
}

interface Scene extends ChildOptions {
  readonly says: RegExp;
}

const some = ["--allow-net", "--allow-ffi", "--allow-read"];

const scenes: Readonly<Record<typeof runtimeName, Readonly<Record<string, Scene>>>> = {
  deno: {
    "everything": { says: /^\d+ root certificates, Deno's own$/ },
    "no facts of the system": { flags: some, says: /^the system's.*add --allow-sys$/ },
    "no environment": { flags: [...some, "--allow-sys"], says: /own; .*add --allow-env=DENO_CERT/ },
    "not everything": {
      flags: [...some, "--allow-sys", "--allow-env"],
      says: /own; Deno tells nothing of a certificate that --cert names$/,
    },
    "a file that is not there": {
      env: { DENO_CERT: "/nowhere.pem" },
      says: /Deno trusts what is in \/nowhere\.pem, which can't be read/,
    },
  },
  bun: {
    "everything": { says: /^\d+ root certificates, Bun's own, and what is in \S+ and \S+$/ },
    "a file": {
      env: { SSL_CERT_FILE: "/some.pem", SSL_CERT_DIR: "/some" },
      says: /and what is in \/some\.pem and \/some$/,
    },
  },
  node: {
    "everything": { says: /^\d+ root certificates, Node's own$/ },
    "OpenSSL's roots": { flags: ["--use-openssl-ca"], says: /^the system's, where OpenSSL looks/ },
  },
};

for (const [what, { says, ...options }] of Object.entries(scenes[runtimeName])) {
  test(`doctor, with ${what}: what is trusted`, async () => {
    assert.match(await trustIn(options), says);
  });
}

test("doctor counts what can't be read", async () => {
  using folder = temporaryFolder();
  const path = folder.path("roots.pem");
  const bogus = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  writeFileSync(path, bogus + bogus);
  const said = await trustIn({ env: { NODE_EXTRA_CA_CERTS: path } });
  // Other runtimes say nothing of such a file.
  assert.equal(/; 2 more can't be read$/.test(said), runtimeName === "deno", said);
});
