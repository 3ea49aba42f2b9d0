/**
 * Making folders that are their owner's alone.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { runtime } from "../../runtimes/mod.ts";

const PRIVATE = 0o700;

/** Makes a folder, and those it is in; tells whether this call made it. Never prompts. */
export function makeFolder(path: string): boolean {
  try {
    return makeOne(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as { code?: string }).code !== "ENOENT" || parent === path) throw error;
    // Who may write to a folder may make it, wherever it is; to make its parent is another matter.
    if (!runtime.mayAccess(parent, "write")) {
      return mkdirSync(path, { mode: PRIVATE, recursive: true }) !== undefined;
    }
    // Otherwise not "recursive": Node's never ends where a system such as /proc lets nobody make any.
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
