/** What rides early out of pools under the flag: nothing that the environment has not allowed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PoolFigures } from "../fixtures/pools.ts";
import { requirePeer } from "../peers/peer.ts";
import { runFlagged } from "./flagged.ts";

// `npm run check:pools -- --flag safe` runs more of them.

const SEQUENCES = 40;

const skip = requirePeer("openssl");
const program = new URL("../fixtures/pools_program.ts", import.meta.url);

async function runSequences(allowed: "off" | "safe"): Promise<PoolFigures> {
  const task = JSON.stringify({ count: SEQUENCES, seed: 1 });
  const env = { FIRSTFLIGHT_EARLY_DATA: allowed };
  const { code, stdout, stderr } = await runFlagged(program, [task], { env });
  assert.equal(code, 0, stderr);
  const figures: PoolFigures = JSON.parse(stdout);
  assert.equal(figures.sequences, SEQUENCES);
  return figures;
}

test("with the flag alone nothing is early, whatever clients ask for", { skip }, async () => {
  const { repeatable, early, earlyRequests } = await runSequences("off");
  assert.ok(repeatable > SEQUENCES, `${repeatable}`);
  assert.deepEqual([early, earlyRequests], [0, 0]);
});

test("with what is safe, nothing else is early", { skip }, async () => {
  const { repeatable, early, earlyUnsafe } = await runSequences("safe");
  assert.equal(earlyUnsafe, 0);
  assert.ok(early > repeatable / 4, `${early} of ${repeatable} were early`);
});
