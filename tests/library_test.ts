import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { libsslPaths } from "../ffi/openssl.ts";
import { linux } from "../ffi/linux.ts";
import { askChild, runtimeName } from "./fixtures/hostile_child.ts";
import type { Mapped } from "./fixtures/hostile_mapped.ts";
import type { Permitted, PermittedCall } from "./fixtures/hostile_permitted.ts";
import { here, startListener } from "./fixtures/hostile_ways.ts";
import { certificates } from "./peers/certificates.ts";

const { ca, server: { cert, key } } = certificates();
const folder = mkdtempSync(join(tmpdir(), "firstflight-library-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const first = (paths: readonly string[]) => paths.find((path) => existsSync(path)) ?? "";
const libssl = first(libsslPaths);
const libc = first(linux.libc);
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

async function connecting(options: Parameters<typeof askChild>[2] = {}): Promise<Permitted> {
  using listener = startListener();
  const { port } = listener.addr;
  const tls = { hostname: here, port, caCerts: [ca], connectTimeout: 8_000 };
  return await run({ call: "connectTls", options: tls }, options);
}

const unusable: Readonly<Record<string, string>> = {
  "a file that is not there": join(folder, "missing.so.3"),
  "a text file": text,
  "an empty file": empty,
  "a folder": folder,
  "a library that is not OpenSSL": libc,
  "a relative path": "libssl.so.3",
  "a relative path with a folder": "./libssl.so.3",
  "a device": "/dev/null",
};

for (const [what, path] of Object.entries(unusable)) {
  const outcome = ownOpenssl ? "is not looked at" : "is ENGINE_UNAVAILABLE and named";
  test(`${what} in FIRSTFLIGHT_LIBSSL ${outcome}`, async () => {
    const env = { FIRSTFLIGHT_LIBSSL: path };
    const cwd = folder;
    const tls = await connecting({ env, cwd });
    const listening = { hostname: here, port: 0, cert, key };
    const listened = await run({ call: "listenTls", options: listening }, { env, cwd });
    const { value } = await run({ call: "fastOpenSupport" }, { env, cwd });
    const { openssl } = value as { openssl: { error?: string; version?: string } };
    if (ownOpenssl) {
      assert.equal(tls.value, "TLSv1.3", `${tls.message}`);
      assert.equal(listened.value, here, `${listened.message}`);
      assert.match(openssl.version ?? "", /^3\./);
      return;
    }
    for (const { name, code, message } of [tls, listened]) {
      assert.equal(`${name} ${code}`, "TlsError ENGINE_UNAVAILABLE", `${message}`);
      assert.ok(message?.includes(path) && message.includes("FIRSTFLIGHT_LIBSSL"), `${message}`);
    }
    assert.ok(openssl.error?.includes(path), `${openssl.error}`);
    // Plain connections need no OpenSSL.
    using listener = startListener();
    const plain = { hostname: here, port: listener.addr.port };
    const { value: fastOpen } = await run({ call: "connect", options: plain }, { env, cwd });
    assert.ok(fastOpen);
  });
}

test("an empty FIRSTFLIGHT_LIBSSL is as good as none", async () => {
  const { value, message } = await connecting({ env: { FIRSTFLIGHT_LIBSSL: "" } });
  assert.equal(value, "TLSv1.3", `${message}`);
});

test("the system's libssl can be named", async () => {
  const { value, message } = await connecting({ env: { FIRSTFLIGHT_LIBSSL: libssl } });
  assert.equal(value, "TLSv1.3", `${message}`);
});

test("nothing is loaded from the current directory", async () => {
  for (const name of ["libssl.so.3", "libcrypto.so.3", "libssl.so", "libc.so.6", "libc.so"]) {
    writeFileSync(join(folder, name), "This is no library.\n");
  }
  const bogus = await connecting({ cwd: folder });
  assert.equal(bogus.value, "TLSv1.3", `${bogus.message}`);

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
