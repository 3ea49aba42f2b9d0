/**
 * The package as npm packs it, and programs that use it.
 *
 * @module
 */

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cert, key } from "../../examples/certificate.ts";

/** The project's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What the tarball is made of and by. */
const sources = [
  "{mod,cli,register}.ts",
  "{adapters,base,cli,ffi,http,register,runtimes,tcp,tls}/**/*.ts",
  "tools/{build,declarations/plugins}.ts",
  "tools/declarations/package.json",
  "package.json",
  "tsconfig*.json",
  "LICENSE",
  "README.md",
];

/** The tarball. Kept for as long as the sources are the same: packing takes seconds, many ask. */
export function pack(): string {
  const folder = join(root, "node_modules/.cache/firstflight-packed", digestOfSources());
  const tarball = join(folder, "package.tgz");
  if (existsSync(tarball)) return tarball;
  rmSync(dirname(folder), { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const printed = npm(root, "pack", "--silent", "--pack-destination", folder);
  writeFileSync(tarball, readFileSync(join(folder, printed.trim().split("\n").at(-1) ?? "")));
  return tarball;
}

function digestOfSources(): string {
  const hash = createHash("sha256");
  for (const file of globSync(sources, { cwd: root }).sort()) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

/** Installs the tarball in an empty folder, and nothing else; returns where the package is then. */
export function installPackage(folder: string): string {
  writeFileSync(join(folder, "package.json"), "{}");
  npm(folder, "install", "--offline", "--no-audit", "--no-fund", pack());
  return join(folder, "node_modules/@firstflight/tls");
}

function npm(cwd: string, ...args: readonly string[]): string {
  return execFileSync("npm", args, { cwd, encoding: "utf8", stdio: "pipe" });
}

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(cwd: string, ...[program = "", ...args]: readonly string[]): Ended {
  const env = { ...process.env, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8", env });
  return { status, stdout, stderr };
}

/** A dev dependency's program. Those in JavaScript run on the Node that is one, too. */
export function tool(name: string): string[] {
  const bin = join(root, "node_modules/.bin");
  const isNative = ["bun", "deno", "esbuild", "node"].includes(name);
  return isNative ? [join(bin, name)] : [join(bin, "node"), join(bin, name)];
}

/** Runs a program on this runtime, as somebody would who only has the package. */
export function runHere(cwd: string, program: string, ...args: readonly string[]): Ended {
  const flags = "deno" in process.versions ? ["run", "-A", "--quiet"] : [];
  return run(cwd, process.execPath, ...flags, program, ...args);
}

/** What a greeting prints. */
export const GREETED = "hello from a TlsConn\n";

/** A program that gets the library by `import` or `require`, and uses it over loopback. */
export function greeting(how: "import" | "require", library = "@firstflight/tls"): string {
  const names = "{ connectTls, listenTls }";
  const from = JSON.stringify(library);
  return `${
    how === "import" ? `import ${names} from ${from}` : `const ${names} = require(${from})`
  };

async function greet() {
  const [cert, key] = ${JSON.stringify([cert, key])};
  const hostname = "127.0.0.1";
  const listener = listenTls({ hostname, port: 0, cert, key });
  const serving = listener.accept().then(async (conn) => {
    await conn.write(new TextEncoder().encode("hello"));
    await conn.closeWrite();
    return conn;
  });
  const conn = await connectTls({ hostname, port: listener.addr.port, caCerts: [cert] });
  const bytes = new Uint8Array(100);
  const length = await conn.read(bytes);
  conn.close();
  (await serving).close();
  listener.close();
  return new TextDecoder().decode(bytes.subarray(0, length)) + " from a TlsConn";
}
`;
}

/** Prints a greeting. */
export const printing = "greet().then((text) => console.log(text));\n";
