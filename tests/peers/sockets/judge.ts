/**
 * The judge of `tlsSocket`: the runtime's own `tls.connect`.
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
import { connect as connectOwn, type TLSSocket } from "node:tls";
import { MemorySessionStore, type SessionStore, tlsSocket } from "../../../mod.ts";
import type { EngineFeatures } from "../../../tls/engine/features.ts";
import { can, engineUnderTest } from "../../peers/engine.ts";
import { soon } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";
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

/** How a scenario is judged. */
export interface JudgeOptions {
  /** Why Node's account is the judge in a runtime, and not the runtime's own. */
  readonly judgedByNode?: { readonly deno?: string; readonly bun?: string };
  /** Why ours is another on purpose, and what it is. */
  readonly differs?: { readonly why: string; readonly account: readonly string[] };
  /** The feature that the engine must have. */
  readonly needs?: keyof EngineFeatures;
  /** Why it can't be run. */
  readonly skip?: string | false;
}

/** `tlsSocket`, with a store of its own, so that no scenario resumes what another has begun. */
export function connectsOurs(): Connect {
  const sessions: SessionStore | false = can("resumption") && new MemorySessionStore();
  return (options) => {
    const ours = {
      sessions,
      engine: engineUnderTest(),
      // As in Node, the caller's function is then the only one that judges the name.
      ...(options.checkServerIdentity ? { unsafelyDisableHostnameVerification: true } : {}),
      ...options,
    };
    return tlsSocket(ours as Parameters<typeof tlsSocket>[0]) as unknown as TLSSocket;
  };
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
  const { judgedByNode = {}, differs, needs, skip = false } = options;
  const byNode = runtime !== "node" && judgedByNode[runtime] !== undefined;
  test(`as tls.connect: ${title}`, { skip, needs }, async () => {
    const own = byNode ? accountOf(title) : await account(scenario, connectOwn);
    if (runtime === "node" && Object.keys(judgedByNode).length > 0) recordingFor(title, own);
    if (process.env["FIRSTFLIGHT_SHOW_ACCOUNTS"]) console.log([title, ...own].join("\n    "));
    assert.ok(!own.some(isFailure), own.join("\n"));
    const ours = await account(scenario, connectsOurs());
    if (!differs) return assert.deepEqual(ours, own);
    assert.deepEqual(ours, differs.account);
    // Where the difference has gone, nobody needs an excuse for it.
    if (runtime === "node") assert.notDeepEqual(own, differs.account);
  });
}
