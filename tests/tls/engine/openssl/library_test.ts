import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { libcPaths } from "../../../../base/libc_paths.ts";
import { askChild, runtimeName } from "../../../fixtures/hostile_child.ts";
import type { Mapped } from "../../../fixtures/hostile_mapped.ts";
import type { Permitted, PermittedCall, Secured } from "../../../fixtures/hostile_permitted.ts";
import { here, startListener } from "../../../fixtures/hostile_ways.ts";
import { certificates } from "../../../peers/certificates.ts";
import { versionName } from "../../../../tls/engine/openssl/library.ts";
import { libsslPaths, newestFirst } from "../../../../tls/engine/openssl/library_paths.ts";

const { ca, server: { cert, key } } = certificates();
const folder = mkdtempSync(join(tmpdir(), "firstflight-library-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const first = (paths: readonly string[]) => paths.find((path) => existsSync(path)) ?? "";
const libssl = first(libsslPaths);
const libc = first(libcPaths);
const text = join(folder, "text.so");
writeFileSync(text, "This is no library.\n");
const empty = join(folder, "empty.so");
writeFileSync(empty, "");

/** Node carries OpenSSL itself, and loading another one would crash it. */
const ownOpenssl = runtimeName === "node";

function run(
  what: PermittedCall,
  options: Parameters<typeof askChild>[2] = {},
): Promise<Permitted> {
  return askChild<Permitted>("permitted", [JSON.stringify(what)], options);
}

async function attempt(
  tls: object,
  options: Parameters<typeof askChild>[2] = {},
): Promise<Permitted> {
  using listener = startListener();
  const { port } = listener.addr;
  const defaults = { hostname: here, port, caCerts: [ca], connectTimeout: 8_000 };
  return await run({ call: "connectTls", options: { ...defaults, ...tls } }, options);
}

async function connecting(options: Parameters<typeof askChild>[2] = {}): Promise<Secured> {
  const { value, message } = await attempt({}, options);
  assert.ok(value, `${message}`);
  return value as Secured;
}

const unusable: Readonly<Record<string, string>> = {
  "a file that is not there": join(folder, "missing.so.3"),
  "a text file": text,
  "an empty file": empty,
  "a folder": folder,
  "a library that is not OpenSSL": libc,
  "OpenSSL's other library": libssl.replace("libssl", "libcrypto"),
  "a relative path": "libssl.so.3",
  "a relative path with a folder": "./libssl.so.3",
  "a device": "/dev/null",
};

for (const [what, path] of Object.entries(unusable)) {
  const env = { FIRSTFLIGHT_LIBSSL: path };
  const cwd = folder;

  if (ownOpenssl) {
    test(`${what} in FIRSTFLIGHT_LIBSSL is not looked at`, async () => {
      const { protocol, engine, warnings } = await connecting({ env, cwd });
      assert.deepEqual([protocol, engine], ["TLSv1.3", "openssl"]);
      assert.ok(warnings.every(({ code }) => code !== "ENGINE_FALLBACK"));
      const listening = { hostname: here, port: 0, cert, key };
      const listened = await run({ call: "listenTls", options: listening }, { env, cwd });
      assert.equal(listened.value, here, `${listened.message}`);
    });
    continue;
  }

  test(`${what} in FIRSTFLIGHT_LIBSSL is ENGINE_UNAVAILABLE and named`, async () => {
    const tls = await attempt({ engine: "openssl" }, { env, cwd });
    const listening = { hostname: here, port: 0, cert, key };
    const listened = await run({ call: "listenTls", options: listening }, { env, cwd });
    for (const { name, code, message } of [tls, listened]) {
      assert.equal(`${name} ${code}`, "TlsError ENGINE_UNAVAILABLE", `${message}`);
      assert.ok(message?.includes(path) && message.includes("FIRSTFLIGHT_LIBSSL"), `${message}`);
    }
    const { value } = await run({ call: "fastOpenSupport" }, { env, cwd });
    const { openssl, engines } = value as { openssl: { error?: string }; engines: object };
    assert.ok(openssl.error?.includes(path), `${openssl.error}`);
    assert.deepEqual(Object.keys(engines), ["runtime"]);
    // Plain connections need no OpenSSL.
    using listener = startListener();
    const plain = { hostname: here, port: listener.addr.port };
    const { value: fastOpen } = await run({ call: "connect", options: plain }, { env, cwd });
    assert.ok(fastOpen);
  });

  test(`${what} in FIRSTFLIGHT_LIBSSL leaves the runtime's own TLS, and a warning`, async () => {
    const { protocol, engine, warnings } = await connecting({ env, cwd });
    assert.deepEqual([protocol, engine], ["TLSv1.3", "runtime"]);
    const [first] = warnings;
    assert.equal(first?.code, "ENGINE_FALLBACK");
    assert.ok(first.message.includes(path), first.message);
  });
}

test("what is not OpenSSL 3 is called by its name", () => {
  assert.equal(versionName(0x300000d0n), "OpenSSL 3.0.13");
  assert.equal(versionName(0x1010117fn), "OpenSSL 1.1.1");
  assert.equal(versionName(0x100020bfn), "OpenSSL 1.0.2");
  assert.equal(versionName(0x20000000n), "LibreSSL");
});

test("an empty FIRSTFLIGHT_LIBSSL is as good as none", async () => {
  const { protocol, engine } = await connecting({ env: { FIRSTFLIGHT_LIBSSL: "" } });
  assert.deepEqual([protocol, engine], ["TLSv1.3", "openssl"]);
});

test("the system's libssl can be named", async () => {
  const { protocol, engine } = await connecting({ env: { FIRSTFLIGHT_LIBSSL: libssl } });
  assert.deepEqual([protocol, engine], ["TLSv1.3", "openssl"]);
});

test("a library that is named brings the libcrypto beside it", async () => {
  const beside = join(folder, "beside");
  mkdirSync(beside);
  const copies = [libssl, libssl.replace("libssl", "libcrypto")].map((path) => {
    const copy = join(beside, basename(path));
    copyFileSync(path, copy);
    return copy;
  });
  const env = { FIRSTFLIGHT_LIBSSL: copies[0] ?? "" };
  const { imported, used } = await askChild<Mapped>("mapped", [], { env });
  const loaded = used.filter((file) => !imported.includes(file) && /lib(ssl|crypto)/.test(file));
  assert.deepEqual(loaded.sort(), ownOpenssl ? [] : copies.sort());
  const { protocol, engine } = await connecting({ env });
  assert.deepEqual([protocol, engine], ["TLSv1.3", "openssl"]);
});

test("of several libraries the newest is tried first, where it says how new it is", () => {
  const make = (name: string, text: string | undefined) => {
    const place = join(folder, name);
    mkdirSync(place);
    writeFileSync(join(place, "libssl.so.3"), name);
    if (text !== undefined) writeFileSync(join(place, "libcrypto.so.3"), `\0\x7f${text}\0`);
    return join(place, "libssl.so.3");
  };
  const [old, young, newer] = [
    make("old", "OpenSSL 3.0.19 27 Jan 2026"),
    make("young", "OpenSSL 3.10.0 1 Apr 2027"),
    make("newer", "OpenSSL 3.5.4 30 Sep 2025"),
  ];
  const silent = make("silent", undefined);
  const missing = join(folder, "nowhere", "libssl.so.3");
  assert.deepEqual(newestFirst([missing, old, silent, newer, young]), [
    ...[young, newer, old],
    ...[missing, silent],
  ]);
  const link = join(folder, "libssl.link.so.3");
  symlinkSync(old, link);
  assert.deepEqual(newestFirst([link, old, missing]), [link, old, missing]);
});

test("nothing is loaded from the current directory", async () => {
  for (const name of ["libssl.so.3", "libcrypto.so.3", "libssl.so", "libc.so.6", "libc.so"]) {
    writeFileSync(join(folder, name), "This is no library.\n");
  }
  const bogus = await connecting({ cwd: folder });
  assert.deepEqual([bogus.protocol, bogus.engine], ["TLSv1.3", "openssl"]);

  // One that would do is not taken either.
  copyFileSync(libssl, join(folder, "libssl.so.3"));
  copyFileSync(libc, join(folder, "libc.so.6"));
  const { used } = await askChild<Mapped>("mapped", [], { cwd: folder });
  assert.deepEqual(used.filter((file) => file.startsWith(folder)), []);
});

test("importing the module loads no library; using it loads libssl by its absolute path", async () => {
  const { before, imported, used } = await askChild<Mapped>("mapped");
  assert.deepEqual(imported, before);
  const loaded = used.filter((file) => !imported.includes(file));
  if (ownOpenssl) assert.deepEqual(loaded, []);
  else assert.ok(loaded.some((file) => /\/libssl\.so\.3/.test(file)), loaded.join());
});
