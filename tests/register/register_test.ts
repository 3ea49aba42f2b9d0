/** What the flag replaces, and what it leaves to the runtime. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { FlagAlike } from "../fixtures/flag_alike.ts";
import type { FlagCalls } from "../fixtures/flag_calls.ts";
import type { FlagDeno } from "../fixtures/flag_deno.ts";
import type { FlagPlaces } from "../fixtures/flag_places.ts";
import { type ChildOptions, runChild, runtimeName } from "../fixtures/hostile_child.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { run, tool } from "../package/packed.ts";
import { certificates } from "../peers/certificates.ts";
import { requirePeer } from "../peers/peer.ts";
import { everyPermission, FLAG, flagsFor, runFlagged } from "./flagged.ts";

const skip = requirePeer("openssl");

const programNamed = (name: string) => new URL(`../fixtures/flag_${name}.ts`, import.meta.url);

/** What a program prints under the flag, and what it says on stderr. */
async function runProgram<T>(
  name: string,
  options: ChildOptions = {},
): Promise<{ result: T; stderr: string }> {
  const { code, stdout, stderr } = await runFlagged(programNamed(name), [], options);
  assert.equal(code, 0, stderr);
  return { result: JSON.parse(stdout) as T, stderr };
}

/** The same without the flag. */
async function runBare<T>(name: string): Promise<T> {
  const { code, stdout, stderr } = await runChild(programNamed(name));
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

/** The counts of one function, by the rest of the line. */
function countsOf(of: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  const own = Object.entries(counts).filter(([line]) => line.startsWith(`${of}: `));
  return Object.fromEntries(own.map(([line, count]) => [line.slice(of.length + 2), count]));
}

test("tls.connect answers as without the flag, and what is not understood is the runtime's", {
  skip,
}, async () => {
  const { result, stderr } = await runProgram<FlagCalls>("calls");
  const bare = await runBare<FlagCalls>("calls");
  const answersOf = ({ calls }: FlagCalls) =>
    Object.entries(calls).map(([name, [, answer]]) => [name, answer]);
  assert.deepEqual(answersOf(result), answersOf(bare));
  assert.equal(result.opened, bare.opened); // In Bun nobody is told of any.
  assert.equal(result.thrown, bare.thrown);
  const readsKeyAtOnce = runtimeName !== "deno";
  assert.ok(result.isInstance.every((is) => is));
  assert.equal(stderr, "");
  const left = Object.entries(result.calls).filter(([, [socket]]) => socket !== "TlsSocket");
  assert.deepEqual(left.map(([name]) => name), ["no verification", "ciphers", "a socket"]);
  assert.deepEqual(countsOf("tls.connect", result.counts), {
    "Fast Open cookie-requested, early data not-sent": 8,
    "Fast Open no connection": readsKeyAtOnce ? 6 : 7,
    "left to the runtime, option rejectUnauthorized": 1,
    "left to the runtime, option ciphers": 1,
    ...(readsKeyAtOnce ? { "left to the runtime, option key": 1 } : {}),
    "left to the runtime, option socket": 1,
  });
  const sum = Object.values(result.counts).reduce((sum, count) => sum + count, 0);
  assert.equal(result.entries.length, sum);
  assert.deepEqual(
    result.entries.find((entry) => (entry as { outcome: string }).outcome === "left"),
    {
      of: "tls.connect",
      outcome: "left",
      reason: "option rejectUnauthorized",
    },
  );
});

test("what runtimes read in ways of their own is read so under the flag", { skip }, async () => {
  const { result } = await runProgram<FlagAlike>("alike");
  assert.deepEqual(result, await runBare<FlagAlike>("alike"));
  assert.equal(result["no port"], "throws ERR_MISSING_ARGS");
  assert.equal(result["a context's check of names"], "ERR_TLS_CERT_ALTNAME_INVALID");
  assert.equal(result["another check for all, and given"], "not this one");
  assert.equal(result["issuers"], "3,3");
});

test("FIRSTFLIGHT=off touches nothing", { skip }, async () => {
  const { result } = await runProgram<FlagCalls>("calls", { env: { FIRSTFLIGHT: "off" } });
  assert.deepEqual(result.patched, []);
  assert.ok(Object.values(result.calls).every(([socket]) => socket === "TLSSocket"));
});

test("what the environment asks for in error is said, and stays off", { skip }, async () => {
  const env = {
    FIRSTFLIGHT: "maybe",
    FIRSTFLIGHT_EARLY_DATA: "yes",
    FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS: "@/nowhere",
    FIRSTFLIGHT_OPTIMISTIC_NET: "db.test:5432,:5432",
    FIRSTFLIGHT_REPORT: "no",
  };
  const { result, stderr } = await runProgram<FlagCalls>("calls", { env });
  assert.ok(!result.patched.includes("net.connect"));
  const says = [
    'FIRSTFLIGHT is ignored: it must be "off" or "on", got "maybe"',
    'FIRSTFLIGHT_EARLY_DATA is ignored: it must be "safe" or "off", got "yes"',
    "FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS is ignored: ",
    'FIRSTFLIGHT_OPTIMISTIC_NET is ignored: ":5432" is not HOST:PORT',
    'FIRSTFLIGHT_REPORT is ignored: it must be "0" or "1", got "no"',
  ];
  for (const sentence of says) assert.ok(stderr.includes(sentence), `${sentence}\n${stderr}`);
  assert.ok(stderr.includes("/nowhere"), stderr);
});

test("the account is printed at the end where that is asked for", { skip }, async () => {
  const { stderr } = await runProgram<FlagCalls>("calls", { env: { FIRSTFLIGHT_REPORT: "1" } });
  assert.match(stderr, /^firstflight, process \d+:$/m);
  assert.match(stderr, /^ {2}8 × tls\.connect: Fast Open cookie-requested, early data not-sent$/m);
});

test("a flag that is given twice is set once; another copy is told so", { skip }, async () => {
  const twice = await runProgram<FlagCalls>("calls", {
    flags: [...flagsFor(), ...everyPermission],
  });
  assert.equal(twice.stderr, "");
  using folder = temporaryFolder();
  mkdirSync(folder.path("copy"));
  const free = ["base/ffi_warning.ts", "base/own_call.ts", "runtimes/versions.ts"];
  for (const name of ["register.ts", "register", ...free]) {
    const source = fileURLToPath(new URL(`../../${name}`, import.meta.url));
    cpSync(source, folder.path("copy", name), { recursive: true });
  }
  writeFileSync(folder.path("copy", "package.json"), '{ "type": "module" }');
  const copy = folder.path("copy", "register.ts");
  const { result, stderr } = await runProgram<FlagCalls>("calls", {
    flags: [...flagsFor(copy), ...everyPermission],
  });
  assert.ok(stderr.includes(`${pathToFileURL(copy)} is ignored: the flag was set by `), stderr);
  assert.equal(result.patched.filter((name) => name === "tls.connect").length, 1);
});

test("threads and processes that a program starts, as far as the runtime passes the flag on", {
  skip,
}, async () => {
  const { result } = await runProgram<FlagPlaces>("places");
  const passed = {
    node: { worker: true, forked: true, cluster: true },
    bun: { worker: false, forked: true, cluster: true },
    deno: { worker: false, forked: false, cluster: false },
  };
  assert.deepEqual(result, { here: true, ...passed[runtimeName] });
});

test("the doctor says whether it runs under the flag, and what the environment gets wrong", async () => {
  const command = new URL("../../cli.ts", import.meta.url);
  const ask = async (run: typeof runFlagged, env: Record<string, string> = {}) => {
    const { stdout, stderr } = await run(command, ["doctor", "--json"], { env });
    const { checks }: { checks: { name: string; state: string; finding: string }[] } = JSON.parse(
      stdout,
    );
    assert.ok(checks.length > 5, stderr);
    return checks.find(({ name }) => name === "flag")!;
  };
  const flagged = await ask(runFlagged);
  assert.equal(flagged.state, "ok");
  assert.match(flagged.finding, /^set, by file:.*\/register\.ts; it has replaced .*\w\.connect/);
  assert.equal((await ask(runChild)).state, "unknown");
  const wrong = await ask(runChild, { FIRSTFLIGHT_EARLY_DATA: "all" });
  assert.equal(wrong.state, "lacking");
  assert.match(wrong.finding, /^FIRSTFLIGHT_EARLY_DATA is ignored: it must be "safe" or "off"/);
});

if (runtimeName === "deno") {
  test("Deno.connectTls answers as without the flag", { skip }, async () => {
    const { result } = await runProgram<FlagDeno>("deno");
    assert.deepEqual(result.calls, (await runBare<FlagDeno>("deno")).calls);
    assert.deepEqual(countsOf("Deno.connectTls", result.counts), {
      "Fast Open cookie-requested, early data not-sent": 3,
      "left to the runtime, option unsafelyDisableHostnameVerification": 1,
      "left to the runtime, since UNABLE_TO_GET_ISSUER_CERT_LOCALLY": 1,
      "left to the runtime, since HOSTNAME_MISMATCH": 1,
      "left to the runtime, since CONNECTION_REFUSED": 1,
    });
  });
}

if (runtimeName === "node") {
  test("what Node's command line says of all connections is for Node to do", { skip }, async () => {
    using folder = temporaryFolder();
    const asked = {
      "--tls-cipher-list=ECDHE-ECDSA-AES128-GCM-SHA256": "tls.DEFAULT_CIPHERS",
      [`--tls-keylog=${folder.path("keys")}`]: "--tls-keylog",
    };
    for (const [option, reason] of Object.entries(asked)) {
      const { result } = await runProgram<FlagCalls>("calls", { flags: [option] });
      assert.ok(Object.values(result.calls).every(([socket]) => socket === "TLSSocket"), option);
      const calls = Object.keys(result.calls).length;
      const left = result.counts[`tls.connect: left to the runtime, ${reason}`] ?? 0;
      assert.ok(left >= calls, `${left} of ${calls}`); // A call that throws has no answer.
    }
  });
}

// libraries_test.ts runs by `node --test`, `bun test` and `deno test`. Jest runs on Node alone.

if (runtimeName === "node") {
  test("Jest, with the flag in NODE_OPTIONS", { skip: requirePeer("openssl") }, () => {
    using folder = temporaryFolder();
    const { ca, server: { cert, key } } = certificates();
    writeFileSync(folder.path("package.json"), "{}");
    writeFileSync(
      folder.path("flag.test.js"),
      `const { connect, createServer } = require("node:tls");
      test("a connection", async () => {
        const { ca, cert, key } = ${JSON.stringify({ ca, cert, key })};
        const server = createServer({ cert, key }, (socket) => socket.end("hello"));
        await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
        const socket = connect({ host: "localhost", port: server.address().port, ca });
        const text = await new Promise((resolve) => socket.once("data", resolve));
        expect(String(text)).toBe("hello");
        expect(socket.constructor.name).toBe("TlsSocket");
        await new Promise((resolve) => server.close(resolve));
      });`,
    );
    const known = process.env["NODE_OPTIONS"];
    process.env["NODE_OPTIONS"] = `${known ?? ""} --import=${pathToFileURL(FLAG)}`;
    try {
      const cache = `--cacheDirectory=${folder.path(".jest")}`;
      const { status, stderr } = run(folder.path(), ...tool("jest"), "--watchman=false", cache);
      assert.equal(status, 0, stderr);
      assert.match(stderr, /1 passed/);
    } finally {
      if (known === undefined) delete process.env["NODE_OPTIONS"];
      else process.env["NODE_OPTIONS"] = known;
    }
  });
}
