/**
 * The folder of somebody who has installed this package and a few libraries.
 *
 * @module
 */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { certificates } from "../peers/certificates.ts";
import { type Folder, temporaryFolder } from "../peers/folder.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Whether nobody has to install it. Bun calls `ws` and some others built in as well. */
export function comesWithRuntimes(library: string): boolean {
  return library.startsWith("node:");
}

/** Such a folder. */
export interface Home extends Folder {
  /** Writes a file, and returns where. */
  write(name: string, text: string): URL;
}

/**
 * Makes one, with the root of the tests' certificates in `ca.pem`. The package's names lead to the sources,
 * so nothing has to be built. A library that is not named is not there.
 */
export function newcomersFolder(libraries: readonly string[]): Home {
  const folder = temporaryFolder();
  const write = (name: string, text: string) => {
    mkdirSync(dirname(folder.path(name)), { recursive: true });
    writeFileSync(folder.path(name), text);
    return pathToFileURL(folder.path(name));
  };
  write("package.json", JSON.stringify({ type: "module" }));
  write("ca.pem", certificates().ca);
  linkPackage(folder.path("node_modules/@firstflight/tls"));
  for (const name of libraries) {
    if (!comesWithRuntimes(name)) {
      link(join(root, "node_modules", name), folder.path("node_modules", name));
    }
  }
  return { ...folder, write };
}

/** What deno.json exports are the sources. A package may only export what is in its folder. */
function linkPackage(folder: string): void {
  const { name, version, exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  const entries = Object.entries<string>(exports)
    .map(([subpath, file]) => [subpath, file.replace("./", "./sources/")]);
  link(root, join(folder, "sources"));
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name, version, type: "module", exports: Object.fromEntries(entries) }),
  );
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
