/** What the link saw of a request by an adapter. */

import assert from "node:assert/strict";
import process from "node:process";
import type { AgentFinding } from "../fixtures/agent_client.ts";
import { netlabSkip, programArguments } from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import type { NginxFacts } from "../peers/nginx.ts";
import { requirePeer, run } from "../peers/peer.ts";
import { startScene } from "../peers/scene.ts";
import { test } from "../peers/test.ts";
import { lastFlight } from "./last_flight.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

test("a library's request rides in the SYN", { skip }, async () => {
  await using scene = await startScene();
  const { lab } = scene;
  const task = { host: lab.server.ipv4, port: 443, ca: certificates().ca, count: 3 };
  const program = new URL("../fixtures/agent_client.ts", import.meta.url);
  const args = programArguments(program, JSON.stringify(task));
  const { code, output } = await run(lab.client, process.execPath, args);
  assert.equal(code, 0, output);
  const third = (JSON.parse(output) as AgentFinding[])[2];
  assert.deepEqual([third?.earlyData, third?.fastOpen], ["accepted", "accepted"]);
  const facts = JSON.parse(third?.answer ?? "") as NginxFacts;
  assert.equal(facts.request, "GET /facts HTTP/1.1");
  // Nothing but the SYN had left before the answer came: hello and request were in it.
  const { syn, sent } = lastFlight(await lab.packets());
  assert.ok(syn.payload > 300, `${syn.payload} bytes in the SYN`);
  assert.equal(sent, syn.payload);
});
