/**
 * The package's declarations compile for whoever uses them, checked as strictly as TypeScript can.
 */

import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeFolder, removeFolder } from "../peers/folder.ts";
import { installPackage, root, run, tool } from "./packed.ts";

const consumer = `
export async function get(hostname: string, sessions: SessionStore): Promise<number> {
  using conn: TlsConn = await connectTls({ hostname, port: 443, sessions });
  let length = 0;
  for await (const chunk of conn.readable) length += chunk.length;
  return length;
}

export async function serve(cert: string, key: string): Promise<void> {
  using listener = listenTls({ hostname: "::", port: 0, cert, key });
  for await (const conn of listener) conn.close();
}

export const codeOf = (error: FirstFlightError): string => error.code;

// @ts-expect-error: a port is a number
connectTls({ hostname: "localhost", port: "443" });
// @ts-expect-error: not every error has a code
codeOf(new Error());
`;

const values = "connectTls, FirstFlightError, listenTls, TlsConn";

/** The consumers by their files: an ES module, and a CommonJS one. */
const consumers = {
  "module.mts": `import { ${values}, type SessionStore } from "@firstflight/tls";${consumer}`,
  "common.cts": `import library = require("@firstflight/tls");
    import { ${values}, type SessionStore } from "@firstflight/tls";${consumer}
    codeOf satisfies (error: library.FirstFlightError) => string;`,
};

/** A consumer that uses Node's types, and must see the package's as those. */
const nodesConsumer = `
import type { Duplex } from "node:stream";
import type { TlsConn } from "@firstflight/tls";

export const duplexOf = (conn: TlsConn): Duplex => conn.duplex;
// @ts-expect-error: a boolean, unless the type were any
export const destroyedOf = (conn: TlsConn): string => conn.duplex.destroyed;
`;

const node = tool("node");

const compilers = {
  "TypeScript 7": [...node, join(root, "node_modules/typescript/bin/tsc")],
  "TypeScript 5.9": [...node, join(root, "tools/declarations/node_modules/typescript/bin/tsc")],
};

const modules = {
  nodenext: ["--module", "nodenext"],
  // TypeScript 5.9 would compile for ES5 there, which has no promises.
  bundler: ["--module", "preserve", "--moduleResolution", "bundler", "--target", "es2022"],
};

/** A folder with the package and its consumers; its path, and what to tell the compiler. */
function makeConsumers(hasNodesTypes: boolean): [folder: string, args: readonly string[]] {
  const folder = makeFolder();
  after(() => removeFolder(folder));
  installPackage(folder);
  const files = hasNodesTypes ? { ...consumers, "node.mts": nodesConsumer } : consumers;
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  if (!hasNodesTypes) return [folder, Object.keys(files)];
  const types = "node_modules/@types";
  mkdirSync(join(folder, types));
  symlinkSync(join(root, types, "node"), join(folder, types, "node"));
  return [folder, ["--types", "node", ...Object.keys(files)]];
}

const strictly = ["--noEmit", "--strict", "--skipLibCheck", "false"];

for (const whether of ["with", "without"]) {
  const [folder, args] = makeConsumers(whether === "with");
  for (const [compiler, tsc] of Object.entries(compilers)) {
    for (const [resolution, options] of Object.entries(modules)) {
      test(`${compiler} takes them, ${resolution}, ${whether} Node's types`, () => {
        const { status, stdout } = run(folder, ...tsc, ...strictly, ...options, ...args);
        assert.equal(status, 0, stdout);
      });
    }
  }
}
