/**
 * Listening sockets among many other descriptors, and behind many that were closed.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { enableFastOpen, fastOpenSupport, listenTls } from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { here } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";

const { cert, key } = certificates().server;
const skip = process.platform === "linux" ? false : "needs /dev/null, and Fast Open of listeners";
const { server: supported } = fastOpenSupport();

/** More than any gap that a search for sockets might give up at. */
const FILES = 700;

function openFiles(): { close(): void } & Disposable {
  const files = Array.from({ length: FILES }, () => openSync("/dev/null", "r"));
  const close = () => files.splice(0).forEach((file) => closeSync(file));
  return { close, [Symbol.dispose]: close };
}

test("a listener behind many open files takes Fast Open as any other", { skip }, async () => {
  await leavesNothing(async () => {
    using _files = openFiles();
    using listener = listenTls({ hostname: here, port: 0, cert, key });
    assert.equal(listener.fastOpen.enabled, supported, listener.fastOpen.reason ?? "");
    const server = createServer().listen(0, here);
    await once(server, "listening");
    try {
      assert.equal(enableFastOpen(server).enabled, supported);
    } finally {
      server.close();
    }
  });
});

test("a listener is found when the files before it were closed", { skip }, async () => {
  await leavesNothing(async () => {
    using files = openFiles();
    const server = createServer().listen(0, here);
    await once(server, "listening");
    files.close();
    try {
      assert.equal(enableFastOpen(server).enabled, supported);
    } finally {
      server.close();
    }
  });
});
