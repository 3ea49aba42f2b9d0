/** The flag where not everything is allowed: it asks for nothing, and what it can't do the runtime does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChildOptions, runtimeName } from "../fixtures/hostile_child.ts";
import { certificates } from "../peers/certificates.ts";
import { requirePeer } from "../peers/peer.ts";
import { runFlagged } from "./flagged.ts";

const skip = requirePeer("openssl");
const program = new URL("../fixtures/flag_without_ffi.ts", import.meta.url);

const withoutLibrary = { FIRSTFLIGHT_LIBSSL: "/nowhere/libssl.so.3" };
const deno = ["--no-prompt", "--allow-net", "--allow-sys", "--allow-read"];
const node = ["--permission", "--allow-fs-read=*", "--allow-net"];

const conditions: Readonly<Record<typeof runtimeName, Readonly<Record<string, ChildOptions>>>> = {
  deno: {
    "no native calls": { flags: [...deno, "--allow-env"] },
    "no native calls, and no environment": { flags: deno },
    "no OpenSSL": { flags: ["-A"], env: withoutLibrary },
  },
  node: {
    "no native calls": { flags: node },
    "no OpenSSL": { flags: [], env: withoutLibrary },
  },
  bun: { "no OpenSSL": { flags: [], env: withoutLibrary } },
};

for (const [title, options] of Object.entries(conditions[runtimeName])) {
  test(`connections under the flag: ${title}`, { skip }, async () => {
    const { ca, server: { cert, key } } = certificates();
    const env = {
      ...options.env,
      FIRSTFLIGHT_OPTIMISTIC_NET: "on",
      FIRSTFLIGHT_EARLY_DATA: "safe",
    };
    const { code, stdout, stderr } = await runFlagged(program, [cert, key, ca], {
      ...options,
      env,
    });
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), ["hello", "hello"]);
    assert.doesNotMatch(stderr, /Error|Allow|requires? \w+ access/i);
  });
}
