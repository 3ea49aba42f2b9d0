/**
 * Checks that are made of any `fetch`, with servers that answer byte by byte.
 *
 * @module
 */

import type { Fetch } from "../../../adapters/fetch.ts";
import type { Script, ScriptedServer } from "../../fixtures/scripted_http.ts";

/** What a check has. */
export interface CheckScene {
  readonly fetch: Fetch;
  /** Answers by the scripts of the check. */
  readonly server: ScriptedServer;
  /** Answers by them as well, from another origin. */
  readonly other: ScriptedServer;
  /** Where a server without TLS answers "plain". */
  readonly plain: string;
}

/** One check. */
export interface Check {
  readonly scripts?: Readonly<Record<string, Script>>;
  /** What is observed; equal where two of them do the same. */
  run(scene: CheckScene): Promise<unknown>;
}

/** Checks by what they look at. */
export type Checks = Readonly<Record<string, Check>>;

/** A check of the answer to `/`, whose script it is. */
export function answered(script: Script, look: (response: Response) => unknown): Check {
  return {
    scripts: { "/": script },
    run: async ({ fetch, server }) => await look(await fetch(`${server.origin}/`)),
  };
}

/** A check of what a server is sent: the answer tells. */
export function sent(
  init: (scene: CheckScene) => RequestInit & { duplex?: "half" },
  script: Script,
): Check {
  return {
    scripts: { "/": script },
    run: async (scene) => {
      const response = await scene.fetch(`${scene.server.origin}/`, init(scene));
      return await response.text();
    },
  };
}

/** Tells the values of these headers of the request. */
export function telling(...names: string[]): Script {
  return async (talk) => {
    await talk.body();
    await talk.answer("200 OK", names.map((name) => talk.headers[name] ?? "none").join("; "));
  };
}

/** What came of it; of an error its name. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    const value = await promise;
    return value instanceof Response ? "a response" : String(value);
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

/** A stream of these chunks. */
export function streamOf(...chunks: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else {controller.enqueue(
          typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk as never,
        );}
    },
  });
}
