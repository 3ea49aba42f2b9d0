/** What rides early out of pools of connections: never what must not be repeated. */

import assert from "node:assert/strict";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { poolClients, runSequences } from "../fixtures/pools.ts";
import { test } from "../peers/test.ts";

// `npm run check:pools` runs more of them.

const SEQUENCES = 30; // for each client

test("of random requests over pools only what may be repeated rides, and each is done once", {
  needs: "earlyData",
}, async () => {
  await leavesNothing(async () => {
    for (const client of poolClients) {
      const figures = await runSequences({ count: SEQUENCES, seed: 1, clients: [client] });
      const { sequences, repeatable, early, earlyUnsafe } = figures;
      assert.deepEqual([sequences, earlyUnsafe], [SEQUENCES, 0], client);
      assert.ok(early > repeatable / 4, `${client}: ${early} of ${repeatable} were early`);
    }
  });
});
