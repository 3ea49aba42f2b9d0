/** Listeners under the flag, as the kernel counts what they take. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlagListeners } from "../fixtures/flag_listeners.ts";
import { runChild, runtimeName } from "../fixtures/hostile_child.ts";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { requirePeer } from "../peers/peer.ts";
import { runFlagged } from "./flagged.ts";

const skip = netlabSkip() || requirePeer("openssl");

const own = {
  node: [],
  bun: ["Bun.serve", "Bun.listen"],
  deno: ["Deno.serve", "Deno.listen", "Deno.listenTls"],
};

test("every listener takes data in the SYN, and without the flag none", { skip }, async () => {
  const program = new URL("../fixtures/flag_listeners.ts", import.meta.url);
  const names = ["node:net", "node:http", "node:https", "node:tls", "node:http2"];
  for (const [run, least] of [[runFlagged, 2], [runChild, 0]] as const) {
    await using lab = await startNetlab();
    await lab.client.run("ip", ["link", "set", "lo", "up"]);
    const through = ["ip", "netns", "exec", lab.client.namespace];
    const { code, stdout, stderr } = await run(program, [], { through });
    assert.equal(code, 0, stderr);
    const taken: FlagListeners = JSON.parse(stdout);
    assert.deepEqual(Object.keys(taken), [...names, ...own[runtimeName]]);
    for (const [name, count] of Object.entries(taken)) {
      // The first one asks for a cookie, where there is none yet.
      assert.ok(least === 0 ? count === 0 : count >= least, `${name}: ${count}; ${stdout}`);
    }
  }
});
