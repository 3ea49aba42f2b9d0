/**
 * Makes all checks of the platform's `fetch` and of ours, and prints what was observed:
 *
 *     NODE_EXTRA_CA_CERTS=ca.pem program.ts '{"cert": "…", "key": "…"}'
 *
 * @module
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { createFetch, type Fetch } from "../../../adapters/fetch.ts";
import { ScriptedServer } from "../../fixtures/scripted_http.ts";
import { answers } from "./answers.ts";
import type { Check, Checks } from "./check.ts";
import { ends } from "./ends.ts";
import { redirects } from "./redirects.ts";
import { requests } from "./requests.ts";

/** What was observed, by check. */
export type Observed = Readonly<Record<string, string>>;

/** What the program prints. */
export interface Report {
  readonly own: Observed;
  readonly ours: Observed;
}

/** Milliseconds that no check takes, however busy the machine is. */
const PATIENCE = 3_000;

const all: Checks = { ...requests, ...redirects, ...answers, ...ends };
const { cert, key } = JSON.parse(process.argv[2] ?? "{}");
const plainServer = createServer((_request, response) => response.end("plain"));
await once(plainServer.listen(0, "127.0.0.1"), "listening");
const plain = `http://127.0.0.1:${(plainServer.address() as AddressInfo).port}/`;

async function observe({ scripts = {}, run }: Check, fetch: Fetch): Promise<string> {
  const [server, other] = [0, 1].map(() => new ScriptedServer(scripts, cert, key));
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, PATIENCE, "hangs");
  try {
    const observed = run({ fetch, server: server!, other: other!, plain });
    return show(await Promise.race([observed, late]));
  } catch (error) {
    return `fails: ${(error as Error).name}`;
  } finally {
    clearTimeout(timer);
    await server![Symbol.asyncDispose]();
    await other![Symbol.asyncDispose]();
  }
}

/** What was observed, in one line. */
function show(observed: unknown): string {
  if (Array.isArray(observed)) return observed.map(show).join(", ");
  const text = typeof observed === "object" ? JSON.stringify(observed) : String(observed);
  return text.replace(/localhost:\d+/, "localhost");
}

async function observeAll(fetch: Fetch): Promise<Observed> {
  const observed: Record<string, string> = {};
  for (const [name, check] of Object.entries(all)) {
    observed[name] = await observe(check, fetch);
  }
  return observed;
}

// Errors that nobody asked for are the platform's.
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});
const own = await observeAll(globalThis.fetch);
const ours = await observeAll(createFetch());
const report: Report = { own, ours };
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
