/** The page of DNS over TLS, against Unbound. */

import assert from "node:assert/strict";
import { startTlsFront } from "../peers/tls_front.ts";
import { startUnbound, UNBOUND_ADDRESS, UNBOUND_NAME } from "../peers/unbound.ts";
import { testPage } from "./page.ts";
import { checkRiding, HELLO_AND_REQUEST, startStage } from "./stage.ts";

testPage("dns-over-tls", { needs: ["haproxy", "unbound"] }, async (page) => {
  await using stage = await startStage();
  await using unbound = await startUnbound(stage.place);
  // Unbound takes Fast Open, but no early data. HAProxy takes both.
  await using front = await startTlsFront({ dns: unbound.port }, stage.place);
  const values = { "dns.google": stage.host, "853": front.ports.dns, "example.com": UNBOUND_NAME };
  await checkRiding(async () => {
    const lines = await stage.play(page, values);
    const told = lines.map((line) => line.split(" "));
    assert.deepEqual(told.map(([address]) => address), Array(3).fill(UNBOUND_ADDRESS));
    assert.deepEqual(told.map(([, , early]) => early), ["not-sent", "accepted", "accepted"]);
    if (!stage.place.place) return; // This machine's own Fast Open may be off.
    const outcomes = told.slice(1).map(([, outcome]) => outcome);
    assert.deepEqual(outcomes, ["accepted", "accepted"]);
    await stage.checkSyn(HELLO_AND_REQUEST, "all");
  });
});
