/**
 * Tests that run over more than one engine.
 *
 * @module
 */

import { test as register } from "node:test";
import type { EngineFeatures } from "../../tls/engine/features.ts";
import { can, engineUnderTest } from "./engine.ts";

/** Options of {@linkcode test}. */
export interface TestOptions {
  readonly skip?: string | false | undefined;
  /** What the engine has to be able to do. */
  readonly needs?: keyof EngineFeatures | undefined;
}

/** `test` of `node:test`, with the engine in the name where it is not the usual one. */
export function test(name: string, body: () => void | Promise<void>): void;
export function test(name: string, options: TestOptions, body: () => void | Promise<void>): void;
export function test(
  name: string,
  ...rest: [() => void | Promise<void>] | [TestOptions, () => void | Promise<void>]
): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  const { skip = false, needs } = options;
  const engine = engineUnderTest();
  const title = engine === "openssl" ? name : `engine ${engine}: ${name}`;
  // Nobody can install what would make it run, so it is not skipped; it does not apply.
  if (needs && !can(needs)) return;
  register(title, { skip }, body);
}
