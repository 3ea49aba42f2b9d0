/**
 * How each runtime is told to load a module before a program.
 *
 * @module
 */

import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** Variables of the environment. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A command, and what is added to its environment. */
export interface Prepared {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Env;
  /** What the module will not reach, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * Prepares a command for the module.
 *
 * Node and Bun are told by a variable, so that what the command starts gets it, too. Deno has none, so its
 * own command line is changed, and a Deno that something else starts is not reached.
 */
export function withPreload(
  [command = "", ...args]: readonly string[],
  env: Env,
  module: URL,
): Prepared {
  const remarks: string[] = [];
  const added: Record<string, string> = {};
  if (module.protocol === "file:") {
    added["NODE_OPTIONS"] = appended(env["NODE_OPTIONS"], `--import=${module.href}`);
    added["BUN_OPTIONS"] = appended(env["BUN_OPTIONS"], forBun(module));
  } else {
    // As from JSR.
    remarks.push(`Node and Bun can't load ${module.href}; install the package from npm for them`);
  }
  if (runtimeOf(command) !== "deno") return { command, args, env: added, remarks };
  const place = placeForDeno(args);
  if (place === undefined) {
    remarks.push(
      `deno ${args.join(" ")} loads no module first; of what it starts, Node and Bun programs do`,
    );
    return { command, args, env: added, remarks };
  }
  const changed = args.toSpliced(place, 0, `--preload=${module.href}`);
  return { command, args: changed, env: added, remarks };
}

function runtimeOf(command: string): string {
  return basename(command).toLowerCase().replace(/\.exe$/, "");
}

/** A list of options with one more, unless it has that one. */
function appended(list: string | undefined, option: string): string {
  const given = list?.trim() ?? "";
  if (given === "") return option;
  return ` ${given} `.includes(` ${option} `) ? given : `${given} ${option}`;
}

/** Bun takes no URL with escapes here, but a path, and quotes around an option with spaces. */
function forBun(module: URL): string {
  const path = fileURLToPath(module).replaceAll("\\", "/");
  const option = `--preload=${path}`;
  return /\s/.test(path) ? `"${option}"` : option;
}

/** Subcommands of Deno that run a program and have the option. */
const running = ["bench", "eval", "repl", "run", "serve", "test", "watch", "x"];

/** The other ones. A script of such a name has to be written with a path. */
const others = [
  ...["add", "approve-scripts", "audit", "bump-version", "bundle", "cache", "check", "ci", "clean"],
  ...["compile", "completions", "coverage", "create", "deploy", "desktop", "doc", "fmt", "help"],
  ...["info", "init", "install", "jupyter", "link", "lint", "list", "lsp", "outdated", "pack"],
  ...[
    "publish",
    "remove",
    "sandbox",
    "task",
    "transpile",
    "types",
    "uninstall",
    "unlink",
    "update",
  ],
  ...["upgrade", "vendor", "why"],
];

/** Options of Deno before a subcommand whose value is an argument of its own. */
const withValue = ["-L", "--log-level"];

/** Where Deno takes the option; `undefined` where it has no use for it. */
function placeForDeno(args: readonly string[]): number | undefined {
  let at = 0;
  while (args[at]?.startsWith("-")) at += withValue.includes(args[at] ?? "") ? 2 : 1;
  const subcommand = args[at];
  if (subcommand === undefined || others.includes(subcommand)) return undefined;
  return running.includes(subcommand) ? at + 1 : 0; // `deno app.ts` is short for `deno run app.ts`.
}
