/**
 * Folders for what peers need and leave.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onAbruptEnd } from "../netlab/cleanup.ts";

/** A folder that is gone once it is disposed of, or the process ends. */
export interface Folder extends Disposable {
  /** The path of something in it; of the folder itself without a name. */
  path(...names: string[]): string;
}

/** Makes an empty folder. */
export function temporaryFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), "firstflight-test-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const takeBack = onAbruptEnd(remove);
  return {
    path: (...names) => join(folder, ...names),
    [Symbol.dispose]() {
      remove();
      takeBack();
    },
  };
}
