/** The pages of HTTP clients, against nginx. */

import assert from "node:assert/strict";
import { shared } from "../libraries/subjects.ts";
import { type PageUnderTest, testPage } from "./page.ts";
import { checkRiding, factsIn, HELLO_AND_REQUEST, startHttpStage } from "./stage.ts";

const stage = shared(() => startHttpStage());

/** A program makes three requests. From the second one on they ride; the last is looked at on the link. */
async function checkThatGetsRide(page: PageUnderTest): Promise<void> {
  const { play, authority, checkSyn } = await stage();
  const path = page.program.includes('":path"') ? { '":path": "/"': '":path": "/facts"' } : {};
  const url = page.program.includes('"https://example.com/"')
    ? { "https://example.com/": `https://${authority}/facts` }
    : { "https://example.com": `https://${authority}` };
  await checkRiding(async () => {
    const facts = factsIn(await play(page, { ...url, ...path }));
    assert.deepEqual(facts.map(({ early }) => early), [false, true, true]);
    await checkSyn(HELLO_AND_REQUEST, "all");
  });
}

const needs = { needs: ["nginx"], failsWhereLeftOut: true } as const;

testPage("https", needs, checkThatGetsRide);
testPage("fetch", needs, checkThatGetsRide);
testPage("got", needs, checkThatGetsRide);
testPage("axios", needs, checkThatGetsRide);
testPage("ky", needs, checkThatGetsRide);
testPage("node-fetch", needs, checkThatGetsRide);
testPage("superagent", needs, checkThatGetsRide);
testPage("needle", needs, checkThatGetsRide);
testPage("undici", needs, checkThatGetsRide);
testPage("fetch-of-node", needs, checkThatGetsRide);
testPage("http2", needs, checkThatGetsRide);
