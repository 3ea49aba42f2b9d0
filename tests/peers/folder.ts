/**
 * Folders for what peers need and leave behind.
 *
 * A name tells whose folder it is: `firstflight-`, the process id, a random part. So folders that a
 * killed process left behind can be told from those in use. A file called `pid` in a folder names a
 * process that works there. That process is ended before the folder is removed.
 *
 * @module
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { onAbruptEnd } from "../netlab/cleanup.ts";

/** A folder that is removed when it is disposed of, or when the process ends. */
export interface Folder extends Disposable {
  /** The path of an entry; of the folder itself without a name. */
  path(...names: string[]): string;
}

/** Makes an empty folder. */
export function temporaryFolder(): Folder {
  const folder = makeFolder();
  const takeBack = onAbruptEnd(() => removeFolder(folder));
  return {
    path: (...names) => join(folder, ...names),
    [Symbol.dispose]() {
      removeFolder(folder);
      takeBack();
    },
  };
}

/** Makes an empty folder that the caller has to remove. Also removes folders of ended processes. */
export function makeFolder(): string {
  sweep();
  return mkdtempSync(join(tmpdir(), `firstflight-${process.pid}-`));
}

/** Removes a folder and everything in it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

let swept = false;

function sweep(): void {
  if (swept) return;
  swept = true;
  for (const name of readdirSync(tmpdir())) {
    const owner = /^firstflight-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || lives(Number(owner))) continue;
    const folder = join(tmpdir(), name);
    endOrphan(folder);
    removeFolder(folder);
  }
}

/** Ends the process that works in `folder`, if its command line still names the folder. */
function endOrphan(folder: string): void {
  try {
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    if (command.includes(`${folder}/`)) process.kill(pid, "SIGKILL");
  } catch {
    // There is no such process.
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM"; // It lives, but belongs to another user.
  }
}
