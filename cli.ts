#!/usr/bin/env -S deno run -A
/**
 * The `firstflight` command: `deno run -A cli.ts`, `bun cli.ts` or `node cli.ts`.
 *
 * @module
 */

import process from "node:process";
import { main } from "./cli/main.ts";
import { withoutFfiWarning } from "./cli/warnings.ts";

withoutFfiWarning();
// Exits explicitly: standard input may still be open, and would keep the process alive.
process.exit(await main(process.argv.slice(2)));
