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
import { aborts } from "./aborts.ts";
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

const uncaught: string[] = [];
const note = (error: unknown) => uncaught.push((error as Error).name);
process.on("unhandledRejection", note);
process.on("uncaughtException", note);

async function observeAll(fetch: Fetch): Promise<Observed> {
  const observed: Record<string, string> = {};
  uncaught.length = 0;
  const observeThese = async (checks: Checks) => {
    for (const [name, check] of Object.entries(checks)) {
      observed[name] = await observe(check, fetch);
    }
  };
  const groups = [requests, redirects, answers, aborts, ends];
  for (const name of groups.flatMap(Object.keys)) observed[name] = ""; // Their order is the table's.
  await Promise.all(groups.map(observeThese)); // Some mostly wait.
  await new Promise((resolve) => setTimeout(resolve, 50)); // What is told late is told by now.
  observed["errors that nobody catches"] = uncaught.join(", ") || "none";
  return observed;
}

const own = await observeAll(globalThis.fetch);
const ours = await observeAll(createFetch());
const report: Report = { own, ours };
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
