/** Libraries that call themselves OpenSSL and are not the one that is needed. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { askChild, runtimeName } from "../../../fixtures/hostile_child.ts";
import type { Permitted, PermittedCall, Secured } from "../../../fixtures/hostile_permitted.ts";
import { here, startListener, trusting } from "../../../fixtures/hostile_ways.ts";
import { canMakeLibraries, tinyLibrary } from "../../../fixtures/tiny_library.ts";
import { certificates } from "../../../peers/certificates.ts";
import { temporaryFolder } from "../../../peers/folder.ts";

const skip = !canMakeLibraries && `no library can be made for ${process.platform} ${process.arch}`;

/** Functions of one library each, what they return, and what is said of it. */
const libraries: Readonly<Record<string, readonly [symbol: string, value: number, says: RegExp]>> =
  {
    "OpenSSL 1.1.1": ["OpenSSL_version_num", 0x1010117f, /it is OpenSSL 1\.1\.1, not OpenSSL 3/],
    "OpenSSL 1.0.2": ["SSLeay", 0x100020bf, /symbol.*OpenSSL_version_num/i],
    "LibreSSL": ["OpenSSL_version_num", 0x20000000, /it is LibreSSL, not OpenSSL 3/],
    "BoringSSL": ["OpenSSL_version_num", 0x1010107f, /it is OpenSSL 1\.1\.1, not OpenSSL 3/],
    "an OpenSSL 3 with nothing in it": ["OpenSSL_version_num", 0x300000d0, /symbol\b.*\w+_\w+/i],
  };

/** Node has an OpenSSL of its own, and looks at none of these. */
const ownOpenssl = runtimeName === "node";
const tried = Object.entries(libraries).slice(0, ownOpenssl ? 1 : undefined);

for (const [what, [symbol, value, says]] of tried) {
  test(`${what} in FIRSTFLIGHT_LIBSSL is named where it is asked for, else done without`, {
    skip,
  }, async () => {
    using folder = temporaryFolder();
    const path = folder.path("libssl.so");
    writeFileSync(path, tinyLibrary(symbol, value));
    const ask = (call: PermittedCall) => {
      const env = { FIRSTFLIGHT_LIBSSL: path };
      return askChild<Permitted>("permitted", [JSON.stringify(call)], { env });
    };
    using listener = startListener();
    const { caCerts } = trusting;
    const options = { hostname: here, port: listener.addr.port, caCerts };
    const byName = await ask({ call: "connectTls", options: { ...options, engine: "openssl" } });
    const byDefault = await ask({ call: "connectTls", options });
    assert.ok(byDefault.value, `${byDefault.message}`);
    const { engine, warnings } = byDefault.value as Secured;
    if (ownOpenssl) {
      assert.deepEqual([engine, (byName.value as Secured).engine], ["openssl", "openssl"]);
      return;
    }
    const { cert, key } = certificates().server;
    const listening = { hostname: here, port: 0, cert, key };
    const listened = await ask({ call: "listenTls", options: listening });
    for (const { name, code, message = "" } of [byName, listened]) {
      assert.equal(`${name} ${code}`, "TlsError ENGINE_UNAVAILABLE", message);
      assert.ok(message.includes(path), message);
      assert.match(message, says);
    }
    assert.equal(engine, "runtime");
    const [warning] = warnings;
    assert.equal(warning?.code, "ENGINE_FALLBACK");
    assert.ok(warning.message.includes(path), warning.message);
    assert.match(warning.message, says);
  });
}
