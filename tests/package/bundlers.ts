/**
 * The bundlers, and how each is told to bundle for Node.
 *
 * @module
 */

import { tool } from "./packed.ts";

/** A module system, and how a bundle of that kind ends. */
export const formats = { cjs: "cjs", esm: "mjs" } as const;

/** A module system. */
export type Format = keyof typeof formats;

/** A bundler. */
export interface Bundler {
  /** The module systems it writes for. */
  readonly formats: readonly Format[];
  /** Whether it takes TypeScript and CommonJS, too, without a plugin. */
  readonly takesAll: boolean;
  /** What bundles `input`, for any platform. */
  command(input: string, output: string, format: Format): readonly string[];
}

export const bundlers = {
  esbuild: {
    formats: ["cjs", "esm"],
    takesAll: true,
    command: (input, output, format) => [
      ...[...tool("esbuild"), input, "--bundle", "--platform=node"],
      ...["--log-level=warning", `--format=${format}`, `--outfile=${output}`],
    ],
  },
  rollup: {
    formats: ["cjs", "esm"],
    takesAll: false,
    command: (input, output, format) => [
      ...[...tool("rollup"), input, "--plugin=node-resolve", "--failAfterWarnings"],
      ...[`--format=${format}`, `--file=${output}`],
    ],
  },
  "bun build": {
    formats: ["cjs", "esm"],
    takesAll: true,
    command: (input, output, format) => [
      ...[...tool("bun"), "build", input, "--target=node"],
      ...[`--format=${format}`, `--outfile=${output}`],
    ],
  },
  "deno bundle": {
    formats: ["esm"],
    takesAll: true,
    command: (input, output) => [...tool("deno"), "bundle", input, `--output=${output}`],
  },
} as const satisfies Record<string, Bundler>;
