/**
 * What is told of a connection while it is being made, and in which order.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "../../../base/options.ts";
import { withDeadline } from "../../../tcp/dial/deadline.ts";
import { dial } from "../../../tcp/dial/dial.ts";
import type { Stages } from "../../../tcp/dial/stages.ts";
import { dialRules } from "../../../tcp/options.ts";
import { chooseEngine } from "../../../tls/choose_engine.ts";
import { establish } from "../../../tls/client/establish.ts";
import { tlsClientRules } from "../../../tls/options.ts";
import { failureOf } from "../../fixtures/hostile_failure.ts";
import { closedPort, startRawServer } from "../../fixtures/hostile_server.ts";
import { startListener, trusting } from "../../fixtures/hostile_ways.ts";

/** Stages that write down what they hear, and what was written down. */
function listening(): { stages: Stages; heard: string[] } {
  const heard: string[] = [];
  const stages: Stages = {
    lookedUp: (addresses) => heard.push(`looked up ${addresses.length > 0}`),
    connected: ({ facts }) => heard.push(`connected to port ${facts.remoteAddr.port}`),
  };
  return { stages, heard };
}

async function dialHearing(hostname: string, port: number): Promise<string[]> {
  const { stages, heard } = listening();
  const settings = readOptions({ hostname, port }, dialRules);
  const flight = { complete: [], repeatable: () => [] };
  const { link } = await withDeadline(
    settings,
    (deadline) => dial(settings, deadline, () => flight, "established", stages),
  ).catch((error) => Promise.reject(Object.assign(error, { heard })));
  heard.push("returned");
  link.arrived.wire.destroy();
  return heard;
}

test("the look-up and the connection are told before the call returns", async () => {
  await using server = await startRawServer((socket) => socket.resume());
  const { port } = server;
  const end = [`connected to port ${port}`, "returned"];
  assert.deepEqual(await dialHearing("localhost", port), ["looked up true", ...end]);
  assert.deepEqual(await dialHearing("127.0.0.1", port), end); // There was nothing to look up.
});

test("a connection that fails was looked up, and not connected", async () => {
  const error = await failureOf(dialHearing("localhost", await closedPort()));
  const { code, heard } = error as { code: string; heard: string[] };
  assert.deepEqual([code, heard], ["CONNECTION_REFUSED", ["looked up true"]]);
});

test("over TLS the connection is told before the handshake is complete", async () => {
  using listener = startListener();
  const { port } = listener.addr;
  const given = { ...trusting, hostname: "localhost", port };
  const settings = readOptions(given, { ...dialRules, ...tlsClientRules });
  const chosen = chooseEngine(settings, settings);
  const { stages, heard } = listening();
  const { stream } = await establish(settings, chosen, undefined, stages);
  heard.push(`secure: ${stream.isSecure}`);
  stream.close();
  assert.deepEqual(heard, ["looked up true", `connected to port ${port}`, "secure: true"]);
});
