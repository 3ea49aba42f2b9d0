/**
 * Folders for what peers need and leave.
 *
 * A name says whose folder it is: `firstflight-`, the process id, something random. So what a killed
 * process left behind can be told from what a living one uses. A file called `pid` in it names a
 * process that works there, and that is ended then, too.
 *
 * @module
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { onAbruptEnd } from "../netlab/cleanup.ts";

/** A folder that is gone once it is disposed of, or the process ends. */
export interface Folder extends Disposable {
  /** The path of something in it; of the folder itself without a name. */
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

/** Makes an empty folder that its maker has to remove, and removes those nobody will any more. */
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

/** Ends the process that works in `folder`, if it is still the one that says so. */
function endOrphan(folder: string): void {
  try {
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    if (command.includes(`${folder}/`)) process.kill(pid, "SIGKILL");
  } catch {
    // There is none.
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM"; // It lives, as somebody else's.
  }
}
