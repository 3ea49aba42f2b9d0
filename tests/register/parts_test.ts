/** The parts of the flag that read: arguments, options, and the environment. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { readArguments } from "../../register/arguments.ts";
import { readHosts } from "../../register/hosts.ts";
import { readSwitches } from "../../register/switches.ts";
import { understandNet, understandTls } from "../../register/understand.ts";
import { runtimeName } from "../fixtures/hostile_child.ts";
import { temporaryFolder } from "../peers/folder.ts";

const QUIET_FFI = new URL("../../register/quiet_ffi.ts", import.meta.url).href;

const nothingMore = () => false;

test("arguments of connect are read in all the ways that Node takes", () => {
  const called = () => {};
  const cases: [args: unknown[], options: object][] = [
    [[{ port: 1, host: "a" }], { port: 1, host: "a" }],
    [[1], { port: 1 }],
    [["1", "a"], { port: "1", host: "a" }],
    [[1, "a", { ca: "x" }], { port: 1, host: "a", ca: "x" }],
    [[1, { host: "a" }], { port: 1, host: "a" }],
    [["/a/path"], { path: "/a/path" }],
    [["/a/path", { ca: "x" }], { path: "/a/path", ca: "x" }],
  ];
  for (const [args, options] of cases) {
    assert.deepEqual(readArguments(args), { options, listener: undefined });
    assert.deepEqual(readArguments([...args, called]), { options, listener: called });
    // A program may pass on a callback that it was not given.
    assert.deepEqual(readArguments([...args, undefined]), { options, listener: undefined });
  }
});

test("options that mean nothing are left out, and one that is not understood decides", () => {
  const given = { host: "a", port: 1, ca: undefined, cert: null, retries: 3, enableTrace: false };
  assert.deepEqual(understandTls(given, nothingMore), { options: { host: "a", port: 1 } });
  for (const option of ["ciphers", "pfx", "socket", "session", "path", "ALPNCallback", "onread"]) {
    const more = { ...given, [option]: "any" };
    assert.deepEqual(understandTls(more, nothingMore), { reason: `option ${option}` });
  }
  // As in Node, what an object inherits counts.
  const inherited = Object.create({ ciphers: "any" });
  assert.deepEqual(understandTls(inherited, nothingMore), { reason: "option ciphers" });
  assert.deepEqual(understandNet({ port: 1, ca: "any" }), { options: { port: 1 } });
});

test("in a runtime that is newer than the tested ones an unknown name is not understood", () => {
  const { versions } = process;
  const newer = { ...versions, [runtimeName]: "99.0.0" };
  Object.defineProperty(process, "versions", { value: newer, configurable: true });
  try {
    assert.deepEqual(understandNet({ port: 1, news: 1 }), { reason: "option news" });
    assert.deepEqual(understandNet({ port: 1 }), { options: { port: 1 } });
  } finally {
    Object.defineProperty(process, "versions", { value: versions, configurable: true });
  }
});

if (runtimeName === "node") {
  test("Node does not warn of FFI that the program has not asked for, and warns of all else", () => {
    const code = [
      `import { loadFfiQuietly } from ${JSON.stringify(QUIET_FFI)};`,
      "loadFfiQuietly();",
      'process.getBuiltinModule("node:ffi").dlopen(null, {});',
      'process.emitWarning("of something else");',
    ];
    const args = ["--input-type=module", "--eval", code.join("\n")];
    const env = { ...process.env, NODE_OPTIONS: "", NODE_NO_WARNINGS: "" };
    const { stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env });
    assert.match(stderr, /of something else/);
    assert.doesNotMatch(stderr, /FFI/);
  });

  test("Node reads no option that is not listed", () => {
    const { binding } = process as unknown as { binding(name: string): Record<string, string> };
    const sources = binding("natives");
    const files = ["_tls_wrap", "_tls_common", "tls", "net"]
      .concat(["internal/tls/secure-context", "internal/tls/common", "internal/tls/wrap"]);
    const names = files.flatMap((file) => {
      const source = sources[file] ?? "";
      const read = [...source.matchAll(/\boptions\??\.(\w+)/g)].map(([, name = ""]) => name);
      const taken = [...source.matchAll(/(?:const|let)\s*{([^}]*)}\s*=\s*options/g)]
        .flatMap(([, list = ""]) =>
          list.split(",").map((each) => each.trim().split(/\W/)[0] ?? "")
        );
      return [...read, ...taken].filter((name) => name !== "");
    });
    assert.ok(names.length > 100, `${names.length}`);
    // Options of servers, and what `net` and `tls` tell each other; a client's have no such.
    const notOfClients = new Set([
      ...["SNICallback", "backlog", "exclusive", "ipv6Only", "pauseOnConnect", "pskIdentityHint"],
      ...["readableAll", "reusePort", "sessionTimeout", "ticketKeys", "writableAll", "requestCert"],
      ...["handshakeTimeout", "honorCipherOrder", "autoDestroy", "decodeStrings", "emitClose"],
      ...["enable", "initialDelay", "interval", "count", "_handle"], // Those of setKeepAlive.
      ...["credentials", "pipe", "server", "singleUse", "TLSServer"],
    ]);
    const unknown = new Set(names).difference(notOfClients);
    for (const name of [...unknown]) {
      const understood = understandTls({ [name]: "any" }, nothingMore);
      const isListed = "reason" in understood || name in understood.options;
      if (isListed) unknown.delete(name);
    }
    assert.deepEqual([...unknown], []);
  });
}

test("lists of hosts", () => {
  const list = readHosts("a.test:1, [::1]:2,B.test.:3,");
  for (const [host, port] of [["a.test", 1], ["A.TEST", 1], ["::1", 2], ["b.test", 3]] as const) {
    assert.ok(list.has(host, port), host);
  }
  for (const [host, port] of [["a.test", 2], ["b", 3], ["", 1]] as const) {
    assert.ok(!list.has(host, port), host);
  }
  using folder = temporaryFolder();
  const path = folder.path("hosts");
  writeFileSync(path, "# those that may\na.test:1 # the first\n\n  [::1]:2\n");
  assert.ok(readHosts(`@${path}`).has("::1", 2));
  for (
    const wrong of ["a.test", "a.test:0", "a.test:65536", "a:b:1", ":1", "*:1x", "a.test:1 b:2"]
  ) {
    assert.throws(() => readHosts(wrong), { message: `"${wrong}" is not HOST:PORT` });
  }
  assert.throws(() => readHosts(","), { message: "it names no host" });
  assert.throws(() => readHosts(`@${folder.path("nothing")}`), /ENOENT|nothing/);
});

test("switches: what is not set is off, and what is wrong stays off", () => {
  const read = (variables: Record<string, string>) => readSwitches((name) => variables[name]);
  const nothing = read({});
  assert.deepEqual(nothing.problems, []);
  assert.deepEqual([nothing.isOff, nothing.safeEarlyData, nothing.report], [false, false, false]);
  assert.equal(nothing.optimisticNet, undefined);
  assert.ok(!nothing.dangerousEarlyDataHosts.has("localhost", 443));
  assert.ok(read({ FIRSTFLIGHT_OPTIMISTIC_NET: "on" }).optimisticNet?.has("any", 1));
  assert.equal(read({ FIRSTFLIGHT_OPTIMISTIC_NET: "off" }).optimisticNet, undefined);
  assert.ok(read({ FIRSTFLIGHT_EARLY_DATA: "safe" }).safeEarlyData);
  const wrong = read({ FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS: "on" });
  assert.ok(!wrong.dangerousEarlyDataHosts.has("on", 1));
  assert.deepEqual(wrong.problems, [
    'FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS is ignored: "on" is not HOST:PORT',
  ]);
});
