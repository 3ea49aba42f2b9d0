/**
 * Where native code may not be called, or OpenSSL is not there: the runtime's own TLS does the work,
 * nothing crashes, and nobody is asked for anything.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { commandOf, type Ended, runChild, runtimeName } from "../fixtures/hostile_child.ts";
import type { NoFfi, Said } from "../fixtures/no_ffi.ts";
import { certificates } from "../peers/certificates.ts";
import { httpRequest } from "../peers/http.ts";
import { startNginx } from "../peers/nginx.ts";
import { requirePeer } from "../peers/peer.ts";

const skip = requirePeer("nginx", "openssl");

const program = new URL("../fixtures/no_ffi.ts", import.meta.url);

/** Words of a prompt. */
const PROMPT = /Allow\?|requests? (net|ffi|env|read|sys) access|\[y\/n/i;

interface Lack {
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the warning, and OpenSSL's error, name. */
  readonly why: RegExp;
  /** Whether libc may be called all the same. */
  readonly libc?: boolean;
}

const missing = "/nowhere/libssl.so.3";
const withoutLibrary = { env: { FIRSTFLIGHT_LIBSSL: missing }, why: /\/nowhere\/libssl\.so\.3/ };

const lacks: Readonly<Record<typeof runtimeName, Readonly<Record<string, Lack>>>> = {
  deno: {
    "the network alone": { flags: ["--allow-net"], why: /--allow-ffi/ },
    "the network alone, and no prompts": {
      flags: ["--allow-net", "--no-prompt"],
      why: /--allow-ffi/,
    },
    "everything but FFI": { flags: ["-A", "--deny-ffi"], why: /--allow-ffi/ },
    "no OpenSSL": { flags: ["-A"], libc: true, ...withoutLibrary },
  },
  node: {
    "the network alone": {
      flags: ["--permission", "--allow-net", "--allow-fs-read=*"],
      why: /--allow-ffi/,
    },
  },
  bun: {
    "no OpenSSL": { flags: [], libc: true, ...withoutLibrary },
  },
};

function answered(said: Said): void {
  assert.match(said.answer ?? "", /^HTTP\/1\.1 200 OK\r\n/, JSON.stringify(said));
  assert.deepEqual([said.engine, said.protocol], ["runtime", "TLSv1.3"]);
  assert.equal(said.earlyData, "not-sent");
}

function check(ended: Ended, { why, libc = false }: Lack): void {
  const { stdout, stderr } = ended;
  const says = `${ended.code} ${ended.signal}\n${stdout}\n${stderr}`;
  assert.equal(ended.code, 0, says);
  assert.doesNotMatch(stdout + stderr, PROMPT, says);
  const { attempts, support, enabled }: NoFfi = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  const { openssl, stranger, runtime, fromNowhere, ...others } = attempts;

  for (const said of Object.values(others)) {
    answered(said);
    const warning = said.warnings?.find(({ code }) => code === "ENGINE_FALLBACK");
    assert.match(warning?.message ?? "", why);
    assert.equal(said.fastOpen?.outcome === "unsupported", !libc, JSON.stringify(said.fastOpen));
    if (!libc) assert.match(said.fastOpen?.reason ?? "", /--allow-ffi/);
  }
  for (const name of ["early", "firstWrite"] as const) {
    assert.match(others[name].warnings?.[0]?.message ?? "", /without early data/);
  }

  assert.equal(others.fromOther.from, "127.0.0.77");
  const { name, code } = fromNowhere;
  assert.equal(
    `${name} ${code}`,
    "ConnectError ADDRESS_NOT_AVAILABLE",
    JSON.stringify(fromNowhere),
  );

  answered(runtime); // As it was asked for, it is nothing to be warned of.
  assert.ok(runtime.warnings?.every(({ code }) => code !== "ENGINE_FALLBACK"));
  assert.equal(`${openssl.name} ${openssl.code}`, "TlsError ENGINE_UNAVAILABLE");
  assert.match(openssl.message ?? "", why);
  assert.match(`${stranger.name} ${stranger.code}`, /^TlsError (UNABLE_TO_|SELF_SIGNED_|CERT_)/);
  assert.match("error" in support.openssl ? support.openssl.error : "", why);
  assert.deepEqual(Object.keys(support.engines), ["runtime"]);
  if (!libc) assert.match(enabled.reason ?? "enabled", /--allow-ffi/);
}

for (const [what, lack] of Object.entries(lacks[runtimeName])) {
  test(`with ${what}, the runtime's own TLS connects`, { skip }, async () => {
    await using nginx = await startNginx();
    const { flags, env = {} } = lack;
    check(await runChild(program, [optionsFor(nginx.port)], { flags, env }), lack);
  });
}

const terminal = "/usr/bin/script";

test("nobody is asked who sits at a terminal", {
  skip: skip || (!existsSync(terminal) && "script is not installed"),
}, async () => {
  for (const lack of Object.values(lacks[runtimeName])) {
    await using nginx = await startNginx();
    const command = commandOf(program, [optionsFor(nginx.port)], lack.flags);
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const { env = {} } = lack;
    // What follows the command is nothing the shell looks at.
    const through = ["sh", "-c", `exec ${terminal} -q -e -c "$0" /dev/null`, quoted];
    check(await runChild(program, [], { through, env, flags: [] }), lack);
  }
});

function optionsFor(port: number): string {
  const caCerts = [certificates().ca];
  return JSON.stringify({ hostname: "127.0.0.1", port, caCerts, request: httpRequest("/facts") });
}
