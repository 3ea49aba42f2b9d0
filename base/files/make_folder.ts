/**
 * Makes folders that only their owner can access.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { runtime } from "../../runtimes/mod.ts";

const PRIVATE = 0o700;

/** Makes a folder and its missing parents. Returns whether this call made it. Never prompts. */
export function makeFolder(path: string): boolean {
  try {
    return makeOne(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as { code?: string }).code !== "ENOENT" || parent === path) throw error;
    // Permission for the folder alone is enough to make it recursively, but not to make its parent.
    if (!runtime.mayAccess(parent, "write")) {
      return mkdirSync(path, { mode: PRIVATE, recursive: true }) !== undefined;
    }
    // Otherwise not "recursive": Node's never ends on a file system such as /proc, which refuses.
    makeFolder(parent);
    return makeOne(path);
  }
}

function makeOne(path: string): boolean {
  try {
    mkdirSync(path, { mode: PRIVATE });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
    return false;
  }
}
