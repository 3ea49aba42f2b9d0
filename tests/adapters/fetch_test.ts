/** `fetch`, judged by the platform's own, and what only ours does. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { Agent } from "../../adapters/agent.ts";
import { createFetch, fetch, type FetchOptions } from "../../adapters/fetch.ts";
import { OptionError, safe } from "../../mod.ts";
import { runChild, runtimeName, trustingNothingMore } from "../fixtures/hostile_child.ts";
import { ScriptedServer } from "../fixtures/scripted_http.ts";
import { certificates } from "../peers/certificates.ts";
import { bytesOfSize } from "../peers/http_server.ts";
import { type NginxFacts, startNginx } from "../peers/nginx.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";
import type { Report } from "./fetch/program.ts";
import { HOW, recordedHere, renderDifferences } from "./fetch/recorded.ts";

const skip = requirePeer("nginx");
const openssl = requirePeer("openssl");
const PAGE = new URL("../../docs/integrations/fetch.md", import.meta.url);

/** Runs a program that prints one JSON value. */
async function ask<T>(program: string, flags?: readonly string[]): Promise<T> {
  const { ca, caPath, server: { cert, key } } = certificates();
  const { code, stdout, stderr } = await runChild(
    new URL(program, import.meta.url),
    [JSON.stringify({ ca, cert, key })],
    {
      env: { ...trustingNothingMore, NODE_EXTRA_CA_CERTS: caPath },
      ...(flags ? { flags } : {}),
    },
  );
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout);
}

const trusting = (options: FetchOptions = {}) => createFetch({ ca: certificates().ca, ...options });

test(
  "fetch does what the platform's does, but for what was recorded",
  { skip: openssl },
  async () => {
    const flags = runtimeName === "deno" ? ["-A"] : [];
    const observed = await ask<Report>("fetch/program.ts", flags);
    assert.ok(Object.keys(observed.ours).length > 100);
    assert.deepEqual(observed, recordedHere(observed), HOW);
  },
);

test("docs/integrations/fetch.md has the table of what differs", () => {
  const text = readFileSync(PAGE, "utf8");
  const made = text.replace(/^\| \| here (.*\n)(\|.*\n)+/m, () => renderDifferences());
  if (process.env["FIRSTFLIGHT_RECORD"]) writeFileSync(PAGE, made);
  assert.match(made, /\| here \|/);
  assert.equal(readFileSync(PAGE, "utf8"), made, HOW);
});

test("a response that nobody reads gives up its connection", { skip: openssl }, async () => {
  assert.ok(await ask<number>("../fixtures/fetch_dropped.ts") >= 10);
});

test("a GET rides in the first flight, and a POST does not", { skip }, async () => {
  await using nginx = await startNginx();
  const fetch = trusting({ earlyData: safe.http1, keepAlive: false });
  const url = `https://localhost:${nginx.port}/facts`;
  const early: boolean[] = [];
  for (const method of ["GET", "GET", "POST", "GET"]) {
    const body = method === "POST" ? { body: "text" } : {};
    const facts = await (await fetch(url, { method, ...body })).json() as NginxFacts;
    early.push(facts.early);
  }
  assert.deepEqual(early, [false, true, false, true]);
});

test("a fetch over an agent has the agent's connections", { skip: openssl }, async () => {
  const { ca, server: { cert, key } } = certificates();
  const gone = Promise.withResolvers<void>();
  await using server = new ScriptedServer(
    {
      "/": (talk) => {
        talk.gone().then(gone.resolve);
        return talk.answer("200 OK");
      },
    },
    cert,
    key,
  );
  const agent = new Agent({ ca, keepAlive: true });
  assert.equal((await createFetch(agent)(server.origin)).status, 200);
  agent.destroy();
  await soon("the end of the connection", gone.promise);
});

test("what a stream brings arrives whole, and comes back whole", { skip }, async () => {
  await using nginx = await startNginx();
  const fetch = trusting();
  const content = bytesOfSize(5_000_000);
  const url = `https://localhost:${nginx.port}/upload/content`;
  const init = { method: "PUT", body: new Blob([content]).stream(), duplex: "half" };
  assert.equal((await fetch(url, init as RequestInit)).status, 201);
  const hash = createHash("sha256");
  for await (const chunk of (await fetch(url)).body!) hash.update(chunk);
  assert.equal(hash.digest("hex"), createHash("sha256").update(content).digest("hex"));
});

test("a failure is a TypeError that tells why", { skip: openssl }, async () => {
  const { untrusted: { cert, key } } = certificates();
  await using server = new ScriptedServer({}, cert, key);
  await assert.rejects(trusting()(server.origin), (error: Error) => {
    assert.ok(error instanceof TypeError);
    assert.equal(error.name, "TypeError");
    const { code, message } = error.cause as Error & { code: string };
    assert.equal(code, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    assert.equal(error.message, `fetch failed: ${message}`);
    return true;
  });
});

test("the reason of an abort is what a fetch fails with, whatever it is", async () => {
  for (const reason of [new RangeError("enough"), "enough", 0]) {
    const aborted = fetch("https://localhost/", { signal: AbortSignal.abort(reason) });
    await aborted.then(() => assert.fail("no error"), (error) => assert.equal(error, reason));
  }
});

test("an address that is not https: is refused with what to do", async () => {
  for (const url of ["http://localhost/", "ftp://localhost/", "data:,text"]) {
    await assert.rejects(fetch(url), { name: "TypeError", message: /must begin with "https:"/ });
  }
});

test("an option that tlsSocket does not know is refused when a fetch is made", () => {
  const make = () => createFetch({ dispatcher: {} } as FetchOptions);
  assert.throws(make, (error) => error instanceof OptionError && error.option === "dispatcher");
});

test("a fetch may stand where the platform's is expected", () => {
  const platforms: (input: string | URL | Request, init?: RequestInit) => Promise<Response> = fetch;
  assert.equal(platforms.name, globalThis.fetch.name);
});
