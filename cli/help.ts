/**
 * Help texts: examples first, then the rest.
 *
 * @module
 */

import type { Command } from "./command.ts";
import { lengthOf, wrap } from "./text.ts";
import type { OptionSpecs } from "./usage.ts";

const WIDTH = 88;

/** Options that every command has. */
const commonOptions: OptionSpecs = { help: { type: "boolean", help: "show this" } };

const usualExits =
  "Exit codes: 0 done, 1 the connection or TLS failed, 2 wrong usage, 130 interrupted.";

/** `firstflight --help`. */
export function generalHelp(commands: readonly Command[]): string {
  return [
    "firstflight: TLS connections whose first flight rides in the TCP SYN",
    "",
    "Examples:",
    ...commands.map(({ name, examples: [first] }) =>
      `  firstflight ${name} ${first?.[0] ?? ""}`.trimEnd()
    ),
    "",
    "Commands:",
    ...table(commands.map(({ name, summary }) => [name, summary])),
    "",
    "Options:",
    ...table([["--help", "show this; after a command, its help"], [
      "--version",
      "show the version",
    ]]),
    "",
    usualExits,
  ].join("\n");
}

/** `firstflight COMMAND --help`. */
export function commandHelp(command: Command): string {
  const { name, summary, usage, examples, options, about, exits = usualExits } = command;
  return [
    `firstflight ${name}: ${summary}`,
    "",
    "Examples:",
    ...table(examples.map(([args, why]) => [`firstflight ${name} ${args}`.trimEnd(), why])),
    "",
    `Usage: firstflight ${name} ${usage}`,
    "",
    "Options:",
    ...table(
      Object.entries({ ...options, ...commonOptions }).map(([option, { value, help }]) => [
        `--${option}${value === undefined ? "" : ` ${value}`}`,
        help,
      ]),
    ),
    "",
    ...about.flatMap((paragraph) => [...wrap(paragraph, WIDTH), ""]),
    ...wrap(exits, WIDTH),
  ].join("\n");
}

/** Two columns. Where the first is too wide, the second goes on a line of its own. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([first]) => lengthOf(first)));
  if (left > WIDTH / 2) {
    return rows.flatMap(([first, second]) => [`  ${first}`, `      ${second}`]);
  }
  return rows.flatMap(([first, second]) => {
    const [start = "", ...rest] = wrap(second, WIDTH - left - 4);
    return [
      `  ${first.padEnd(left)}  ${start}`,
      ...rest.map((line) => " ".repeat(left + 4) + line),
    ];
  });
}
