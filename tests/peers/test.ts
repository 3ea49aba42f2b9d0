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
  /** The feature that the engine must have. */
  readonly needs?: keyof EngineFeatures | undefined;
}

/** `test` of `node:test`. The title names the engine where it is not the usual one. */
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
  // No installation would make the test run. So it is left out instead of skipped.
  if (needs && !can(needs)) return;
  register(title, { skip }, body);
}
