/**
 * The judge of `tlsSocket`: the runtime's own `tls.connect`; and of `tcpSocket`: its `net.connect`.
 *
 * A scenario is a function that connects, does something, and waits for what comes of it. It is run twice,
 * once with each of the two, against servers of its own that are the same. Whatever can be observed is
 * written down: each event with the socket's state at that moment, each callback, each error. The two
 * accounts have to be the same, line by line.
 *
 * The three runtimes' own sockets are not the same everywhere. So each runtime's own is the judge there.
 * Where it is plainly wrong, Node's account is the judge (`recorded.ts`), and the scenario says why.
 *
 * @module
 */

import assert from "node:assert/strict";
import process from "node:process";
import type { EngineFeatures } from "../../../tls/engine/features.ts";
import { soon } from "../peer.ts";
import { test } from "../test.ts";
import { type Kind, kindUnderTest } from "./kind.ts";
import { accountOf, recordingFor } from "./recorded.ts";
import { type Connect, Scene } from "./scene.ts";

/** Something that happens to a socket. */
export type Scenario = (scene: Scene) => Promise<void>;

const FAILED = "the scenario failed:";

/** The runtimes. */
export type RuntimeName = "deno" | "bun" | "node";

/** The runtime that this runs in. */
export const runtime: RuntimeName = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/** An account that is another on purpose. */
interface Difference {
  /** The kind of socket where it is. */
  readonly of: Kind["name"];
  readonly why: string;
  readonly account: readonly string[];
}

/** How a scenario is judged. */
export interface JudgeOptions {
  /** Why Node's account is the judge in a runtime, and not the runtime's own. */
  readonly judgedByNode?: { readonly deno?: string; readonly bun?: string };
  /** Why ours is another on purpose, and what it is. */
  readonly differs?: Difference;
  /** The feature that the engine must have. */
  readonly needs?: keyof EngineFeatures;
  /** Why it can't be run. */
  readonly skip?: string | false;
  /** The only kind of socket that it is for. */
  readonly only?: Kind["name"];
}

/** What a scenario looks like with one of them. */
export async function account(scenario: Scenario, connect: Connect): Promise<readonly string[]> {
  const scene = new Scene(connect);
  try {
    await soon("end of the scenario", scenario(scene));
    await scene.settle();
  } catch (error) {
    // What has been seen so far explains more than the error alone.
    scene.note(`${FAILED} ${error}`);
  } finally {
    await scene[Symbol.asyncDispose]();
  }
  return scene.account;
}

/** Whether a line of an account says that the scenario did not come to its end. */
const isFailure = (line: string): boolean => line.startsWith(FAILED);

/** Registers a test that compares the two. */
export function judge(title: string, scenario: Scenario, options: JudgeOptions = {}): void {
  const { judgedByNode = {}, differs, needs, skip = false, only } = options;
  const { name, judge: reference, own: connectsOwn, ours: connectsOurs } = kindUnderTest();
  if (only && only !== name) return;
  const byNode = runtime !== "node" && judgedByNode[runtime] !== undefined;
  test(`as ${reference}: ${title}`, { skip, needs }, async () => {
    const own = byNode ? accountOf(title) : await account(scenario, connectsOwn);
    if (runtime === "node" && Object.keys(judgedByNode).length > 0) recordingFor(title, own);
    if (process.env["FIRSTFLIGHT_SHOW_ACCOUNTS"]) console.log([title, ...own].join("\n    "));
    assert.ok(!own.some(isFailure), own.join("\n"));
    const ours = await account(scenario, connectsOurs());
    if (differs?.of !== name) return assert.deepEqual(ours, own);
    assert.deepEqual(ours, differs.account);
    // Where the difference has gone, nobody needs an excuse for it.
    if (runtime === "node") assert.notDeepEqual(own, differs.account);
  });
}
