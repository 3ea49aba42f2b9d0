/** What rides early out of pools of connections: never what must not be repeated. */

import assert from "node:assert/strict";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { poolClients, runSequences } from "../fixtures/pools.ts";
import { test } from "../peers/test.ts";

// `npm run check:pools` runs more of them.

const SEQUENCES = 60; // for each client

for (const client of poolClients) {
  test(`${client}: of random requests, only what may be repeated rides, and each is done once`, {
    needs: "earlyData",
  }, async () => {
    const clients = [client];
    const figures = await leavesNothing(() => runSequences({ count: SEQUENCES, seed: 1, clients }));
    const { sequences, repeatable, early, earlyUnsafe, tooEarly } = figures;
    assert.deepEqual([sequences, earlyUnsafe], [SEQUENCES, 0]);
    assert.ok(early > repeatable / 3, `${early} of ${repeatable} connections were early`);
    assert.ok(tooEarly > 0, "nothing was too early");
  });
}
