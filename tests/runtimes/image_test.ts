/** On a Linux without libssl. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastOpenResult, FastOpenSupport } from "../../mod.ts";
import { askChild } from "../fixtures/hostile_child.ts";
import type { Permitted, PermittedCall, Secured } from "../fixtures/hostile_permitted.ts";
import { here, startListener, trusting } from "../fixtures/hostile_ways.ts";
import { imageSkip, opensslInImage, throughImage } from "../fixtures/image.ts";
import { certificates } from "../peers/certificates.ts";
import { temporaryFolder } from "../peers/folder.ts";

const skip = imageSkip();

/** What to install. */
const ADVICE = /^.*OpenSSL 3 was not found\. Install the package libssl3 /;

async function inImage({ call, options }: PermittedCall): Promise<Permitted> {
  using folder = temporaryFolder();
  const through = throughImage(folder.path());
  return await askChild<Permitted>("permitted", [JSON.stringify({ call, options })], { through });
}

async function connectingTls(engine: string): Promise<Permitted> {
  using listener = startListener();
  const { caCerts } = trusting;
  const options = { hostname: here, port: listener.addr.port, caCerts, engine };
  return await inImage({ call: "connectTls", options });
}

function unavailable({ name, code, message = "" }: Permitted): void {
  assert.equal(`${name} ${code}`, "TlsError ENGINE_UNAVAILABLE", message);
  assert.match(message, ADVICE);
}

test("without libssl the runtime's own TLS connects, and says what to install", {
  skip,
}, async () => {
  const { value, message = "" } = await connectingTls("auto");
  assert.ok(value, message);
  const { protocol, engine, warnings } = value as Secured;
  assert.equal(protocol, "TLSv1.3");
  assert.equal(engine, opensslInImage ? "openssl" : "runtime");
  const fallback = warnings.filter(({ code }) => code === "ENGINE_FALLBACK");
  assert.equal(fallback.length, opensslInImage ? 0 : 1);
  for (const { message } of fallback) assert.match(message, ADVICE);
});

test("without libssl OpenSSL by name is ENGINE_UNAVAILABLE", { skip }, async () => {
  const { cert, key } = certificates().server;
  const listening = { hostname: here, port: 0, cert, key };
  const connected = await connectingTls("openssl");
  const listened = await inImage({ call: "listenTls", options: listening });
  if (opensslInImage) {
    assert.equal((connected.value as Secured).engine, "openssl");
    assert.equal(listened.value, here);
  } else {
    unavailable(connected);
    unavailable(listened);
  }
});

test("without libssl Fast Open is what it is", { skip }, async () => {
  using listener = startListener();
  const options = { hostname: here, port: listener.addr.port };
  const { outcome } = (await inImage({ call: "connect", options })).value as FastOpenResult;
  assert.notEqual(outcome, "unsupported");
  const { engines } = (await inImage({ call: "fastOpenSupport" })).value as FastOpenSupport;
  assert.deepEqual(Object.keys(engines), opensslInImage ? ["openssl", "runtime"] : ["runtime"]);
});
