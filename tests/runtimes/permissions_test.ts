import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { askChild, programNamed, runChild, runtimeName } from "../fixtures/hostile_child.ts";
import type { Permitted, PermittedCall } from "../fixtures/hostile_permitted.ts";
import { here, startListener } from "../fixtures/hostile_ways.ts";
import { certificates } from "../peers/certificates.ts";

const { ca, server: { cert, key } } = certificates();

/** Words of a prompt; with stdin closed nobody would answer it. */
const PROMPT = /Allow\?|requests? (net|ffi|env|read|sys) access|\[y\/n/i;

/** Makes one call in a process with these flags; asserts that it never prompts. */
async function call(flags: readonly string[], what: PermittedCall): Promise<Permitted> {
  const { code, signal, stdout, stderr } = await runChild(
    programNamed("permitted"),
    [JSON.stringify(what)],
    { flags, timeout: 15_000, env: { FORCE_COLOR: "0" } },
  );
  const said = `${flags.join(" ")} ${JSON.stringify(what.call)}:\n${stdout}\n${stderr}`;
  assert.equal(code, 0, `${signal} ${said}`);
  assert.doesNotMatch(stdout + stderr, PROMPT, said);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Permitted;
}

interface Case {
  readonly what: string;
  readonly flags: (port: number) => readonly string[];
  readonly call: PermittedCall["call"];
  /** Beside the port. Default 127.0.0.1. */
  readonly hostname?: string;
  /** The address to connect from. */
  readonly localAddress?: string;
  /** What a resolver says that the host's name stands for. */
  readonly address?: string;
  /** Trusts what the runtime trusts. */
  readonly roots?: boolean;
  /** The engine asked for by name. */
  readonly engine?: "openssl";
  /** What it resolves to, as JSON, or `name code` of what it fails with. */
  readonly ends: RegExp;
  /** The permission that the message tells to add. */
  readonly says?: RegExp;
  /** The error names the host. Default true for errors. */
  readonly anonymous?: boolean;
}

const denied = /^ConnectError PERMISSION_DENIED$/;
const noEngine = /^TlsError ENGINE_UNAVAILABLE$/;
const connects = /^\{"protocol":"TLSv1.3","engine":"openssl"/;
const connectsByRuntime =
  /^\{"protocol":"TLSv1.3","engine":"runtime".*ENGINE_FALLBACK.*--allow-ffi/;
const allowFfi = /--allow-ffi/;
const ffi = "--allow-ffi";

const deno: readonly Case[] = [
  { what: "no permission", flags: () => [], call: "import", ends: /^"imported"$/ },
  {
    what: "no permission",
    flags: () => [],
    call: "connect",
    ends: denied,
    says: /--allow-net=127\.0\.0\.1:/,
  },
  {
    what: "no permission",
    flags: () => [],
    call: "connectTls",
    ends: denied,
    says: /--allow-net=127\.0\.0\.1:/,
  },
  {
    what: "no permission",
    flags: () => [],
    call: "connectTls",
    engine: "openssl",
    ends: noEngine,
    says: allowFfi,
  },
  {
    what: "no permission",
    flags: () => [],
    call: "listenTls",
    ends: noEngine,
    says: allowFfi,
    anonymous: true,
  },
  { what: "no permission", flags: () => [], call: "fastOpenSupport", ends: /--allow-ffi/ },
  {
    what: "the network alone",
    flags: () => ["--allow-net"],
    call: "connect",
    ends: /"outcome":"unsupported".*--allow-ffi/,
  },
  {
    what: "the network alone",
    flags: () => ["--allow-net"],
    call: "connectTls",
    ends: connectsByRuntime,
  },
  {
    what: "the network alone",
    flags: () => ["--allow-net"],
    call: "connectTls",
    engine: "openssl",
    ends: noEngine,
    says: allowFfi,
  },
  { what: "FFI alone", flags: () => [ffi], call: "connectTls", ends: denied, says: /--allow-net=/ },
  { what: "FFI alone", flags: () => [ffi], call: "connect", ends: denied, says: /--allow-net=/ },
  { what: "FFI alone", flags: () => [ffi], call: "listenTls", ends: denied, says: /--allow-net=/ },
  {
    what: "FFI and another host",
    flags: () => [ffi, "--allow-net=example.com"],
    call: "connectTls",
    ends: denied,
    says: /--allow-net=127\.0\.0\.1:/,
  },
  {
    what: "FFI and another port of the host",
    flags: () => [ffi, "--allow-net=127.0.0.1:1"],
    call: "connectTls",
    ends: denied,
  },
  {
    what: "FFI and a network that is denied",
    flags: () => [ffi, "--deny-net"],
    call: "connectTls",
    ends: denied,
  },
  {
    what: "FFI, the network, and FFI denied",
    flags: () => ["-A", "--deny-ffi"],
    call: "connectTls",
    ends: connectsByRuntime,
  },
  {
    what: "FFI and the host with its port",
    flags: (port) => [ffi, `--allow-net=127.0.0.1:${port}`],
    call: "connectTls",
    ends: connects,
  },
  {
    what: "FFI and the host",
    flags: () => [ffi, "--allow-net=localhost"],
    call: "connectTls",
    hostname: "localhost",
    ends: connects,
  },
  {
    what: "FFI and a name with its port",
    flags: (port) => [ffi, `--allow-net=localhost:${port}`],
    call: "connectTls",
    hostname: "localhost",
    ends: connects,
  },
  {
    what: "a name with its port, without FFI",
    flags: (port) => [`--allow-net=localhost:${port}`],
    call: "connectTls",
    hostname: "localhost",
    ends: denied,
    says: /with --allow-net=(127\.0\.0\.1|\[::1\]):[1-9]\d+/,
  },
  {
    what: "a name and its address, without FFI",
    flags: (port) => [`--allow-net=localhost:${port},127.0.0.1:${port},[::1]:${port}`],
    call: "connectTls",
    hostname: "localhost",
    ends: connectsByRuntime,
  },
  {
    what: "FFI and a name with another port",
    flags: () => [ffi, "--allow-net=localhost:1"],
    call: "connectTls",
    hostname: "localhost",
    ends: denied,
    says: /with --allow-net=localhost:[1-9]\d+$/,
  },
  {
    what: "a host that is allowed and denied",
    flags: () => [ffi, "--allow-net", "--deny-net=127.0.0.1"],
    call: "connectTls",
    ends: denied,
    says: /without any --deny-net that covers it$/,
  },
  {
    what: "FFI for a library alone",
    flags: () => ["--allow-net", "--allow-ffi=/lib/x86_64-linux-gnu/libc.so.6"],
    call: "connectTls",
    engine: "openssl",
    ends: noEngine,
    says: /--allow-ffi, without paths/,
  },
  {
    what: "FFI, but not the kernel's settings,",
    flags: () => [ffi],
    call: "fastOpenSupport",
    ends: process.platform === "linux"
      ? /"reason":"[^"]* let this process read \/proc\/sys\/net\/ipv4\/tcp_fastopen"/
      : /"client":/,
  },
  {
    what: "FFI and the network",
    flags: () => [ffi, "--allow-net"],
    call: "connect",
    ends: /"outcome":"(cookie-requested|accepted|disabled)"/,
  },
  {
    what: "FFI and the network",
    flags: () => [ffi, "--allow-net"],
    call: "listenTls",
    ends: /^"127\.0\.0\.1"$/,
  },
  {
    what: "FFI and the network, with the runtime's roots",
    flags: () => [ffi, "--allow-net"],
    call: "connectTls",
    roots: true,
    ends: /^TlsError UNABLE_TO_GET_ISSUER_CERT_LOCALLY$/,
  },
  {
    what: "FFI, the network and the system's facts, with the runtime's roots",
    flags: () => [ffi, "--allow-net", "--allow-sys"],
    call: "connectTls",
    roots: true,
    ends: /^TlsError UNABLE_TO_GET_ISSUER_CERT_LOCALLY$/,
  },
  ...["localhost", "LOCALHOST", "2130706433", "127.1", "::ffff:127.0.0.1"].map((
    hostname,
  ): Case => ({
    what: `an address that is denied, under the name of ${hostname}`,
    flags: () => [ffi, "--allow-net", "--deny-net=127.0.0.1,[::1],[::ffff:7f00:1]"],
    call: "connectTls",
    hostname,
    ends: /^(ConnectError PERMISSION_DENIED|OptionError INVALID_OPTION)$/,
  })),
  {
    what: "an address that is denied, without FFI",
    flags: () => ["--allow-net", "--deny-net=127.0.0.1,[::1]"],
    call: "connect",
    hostname: "localhost",
    ends: denied,
  },
  {
    what: "FFI and the host, but not the address to connect from",
    flags: (port) => [ffi, `--allow-net=127.0.0.1:${port}`],
    call: "connect",
    localAddress: "127.0.0.77",
    ends: denied,
    says: /again with --allow-net=127\.0\.0\.77:0$/,
  },
  {
    what: "the host, but not the address to connect from, without FFI",
    flags: (port) => [`--allow-net=127.0.0.1:${port}`],
    call: "connect",
    localAddress: "127.0.0.77",
    ends: denied,
    says: /again with --allow-net=127\.0\.0\.77:0$/,
  },
  ...[[ffi], []].map((flags): Case => ({
    what: `the host and the address to connect from, and ${flags[0] ?? "no FFI"}`,
    flags: (port) => [...flags, `--allow-net=127.0.0.1:${port},127.0.0.77:0`],
    call: "connectTls",
    localAddress: "127.0.0.77",
    ends: flags.length > 0 ? connects : connectsByRuntime,
  })),
  {
    what: "an address that is denied, whatever a resolver says",
    flags: () => [ffi, "--allow-net", "--deny-net=127.0.0.1"],
    call: "connect",
    hostname: "firstflight.test",
    address: "127.0.0.1",
    ends: denied,
    says: /127\.0\.0\.1 is denied$/,
  },
  {
    what: "a host that is not allowed, whatever a resolver says",
    flags: () => [ffi, "--allow-net=127.0.0.1"],
    call: "connect",
    hostname: "firstflight.test",
    address: "127.0.0.1",
    ends: denied,
    says: /again with --allow-net=firstflight\.test:/,
  },
  {
    what: "FFI and a host that only a resolver knows",
    flags: () => [ffi, "--allow-net=firstflight.test"],
    call: "connectTls",
    hostname: "firstflight.test",
    address: "127.0.0.1",
    ends: connects,
  },
  {
    what: "no access to the environment or to files",
    flags: () => [ffi, "--allow-net", "--deny-env", "--deny-read"],
    call: "connectTls",
    ends: connects,
  },
];

const read = "--allow-fs-read=*";
const limited = (...flags: string[]) => () => ["--permission", read, ...flags];

const node: readonly Case[] = [
  { what: "no permission", flags: limited(), call: "import", ends: /^"imported"$/ },
  { what: "no permission", flags: limited(), call: "connect", ends: denied, says: /--allow-net/ },
  {
    what: "no permission",
    flags: limited(),
    call: "connectTls",
    ends: denied,
    says: /--allow-net/,
  },
  {
    what: "no permission",
    flags: limited(),
    call: "connectTls",
    engine: "openssl",
    ends: noEngine,
    says: allowFfi,
  },
  {
    what: "no permission",
    flags: limited(),
    call: "listenTls",
    ends: noEngine,
    says: allowFfi,
    anonymous: true,
  },
  { what: "no permission", flags: limited(), call: "fastOpenSupport", ends: /--allow-ffi/ },
  {
    what: "the network alone",
    flags: limited("--allow-net"),
    call: "connect",
    ends: /"outcome":"unsupported".*--allow-ffi/,
  },
  {
    what: "the network alone",
    flags: limited("--allow-net"),
    call: "connectTls",
    ends: connectsByRuntime,
  },
  {
    what: "the network alone",
    flags: limited("--allow-net"),
    call: "connectTls",
    engine: "openssl",
    ends: noEngine,
    says: allowFfi,
  },
  {
    what: "FFI alone",
    flags: limited(ffi),
    call: "connectTls",
    ends: denied,
    says: /--allow-net/,
  },
  { what: "FFI alone", flags: limited(ffi), call: "connect", ends: denied, says: /--allow-net/ },
  { what: "FFI alone", flags: limited(ffi), call: "listenTls", ends: denied, says: /--allow-net/ },
  {
    what: "FFI and the network",
    flags: limited(ffi, "--allow-net"),
    call: "connectTls",
    ends: connects,
  },
  {
    what: "FFI and the network, with the runtime's roots",
    flags: limited(ffi, "--allow-net"),
    call: "connectTls",
    roots: true,
    ends: /^TlsError UNABLE_TO_GET_ISSUER_CERT_LOCALLY$/,
  },
  {
    what: "FFI and the network",
    flags: limited(ffi, "--allow-net"),
    call: "listenTls",
    ends: /^"127\.0\.0\.1"$/,
  },
];

/** Bun has no permissions to withhold. */
const bun: readonly Case[] = [
  { what: "everything", flags: () => [], call: "import", ends: /^"imported"$/ },
  { what: "everything", flags: () => [], call: "connectTls", ends: connects },
];

for (const each of { deno, node, bun }[runtimeName]) {
  const { what, flags, call: name, hostname = here, localAddress, address } = each;
  const { roots, engine, ends, says, anonymous } = each;
  const by = engine ? ` by ${engine}` : "";
  test(`${name}${by} with ${what} ends as ${ends.source}, and asks nobody`, async () => {
    using listener = startListener();
    const { port } = listener.addr;
    const tls = {
      ...(roots ? {} : { caCerts: [ca] }),
      ...(engine ? { engine } : {}),
      sessions: false,
    };
    const from = localAddress === undefined ? {} : { localAddress };
    const dial = { hostname, port, ...from, connectTimeout: 8_000 };
    const options = name === "listenTls"
      ? { hostname, port: 0, cert, key }
      : name === "connect"
      ? dial
      : { ...dial, ...tls };
    const outcome = await call(flags(port), {
      call: name,
      options,
      ...(address === undefined ? {} : { address }),
    });
    const failed = outcome.name !== undefined;
    const end = failed ? `${outcome.name} ${outcome.code}` : JSON.stringify(outcome.value);
    assert.match(end, ends, JSON.stringify(outcome));
    if (says) assert.match(outcome.message ?? "", says);
    if (failed && !anonymous) {
      assert.equal(outcome.hostname, hostname, `${outcome.message}`);
      assert.ok(outcome.message?.includes(hostname), `${outcome.message}`);
    }
  });
}

test("what a child may do is what it was given, not what the test may do", async () => {
  assert.equal(
    await askChild<Permitted>("permitted", ["{}"]).then(({ value }) => value),
    "imported",
  );
});
