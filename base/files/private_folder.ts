/**
 * A folder in which no other user can add or change anything, and its files.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { runtime } from "../../runtimes/mod.ts";
import { makeFolder } from "./make_folder.ts";

/** Windows keeps a profile's folders private by other means than owners and modes. */
const hasModes = process.platform !== "win32";
const WRITABLE_BY_OTHERS = 0o022;
const OPEN_TO_OTHERS = 0o077;
/** The mode of a new file. */
const PRIVATE = 0o600;

/** The name of a file that is being written: the microsecond of its start, a random part, `new`. */
const UNFINISHED = /^(\d{16})\.[0-9a-f]{16}\.new$/;
/** Milliseconds after which no process is still writing such a file. */
const LONGEST_WRITE = 60_000;

/** How often the folder of a new file may vanish before the file is in it. */
const MOST_ATTEMPTS = 10;

let lastMicrosecond = 0;

/** A name that no file had before. The names that one process makes sort by age. */
export function uniqueName(ending: string): string {
  lastMicrosecond = Math.max(Date.now() * 1000, lastMicrosecond + 1);
  const random = randomBytes(8).toString("hex");
  return `${String(lastMicrosecond).padStart(16, "0")}.${random}.${ending}`;
}

/**
 * The folder. Paths are relative to it. Methods throw the system's errors unchanged, unless their
 * comment says otherwise.
 */
export class PrivateFolder {
  /** Absolute. */
  readonly path: string;
  /** The user that owns the files that this process makes. */
  readonly #owner: number;

  /**
   * Makes the folder if there is none. Never prompts for permission.
   *
   * @throws {Error} saying why the folder can't be used, for example because others may write to it
   */
  constructor(folder: string) {
    this.path = resolve(folder);
    this.#checkPermission();
    if (!statSync(this.path, { throwIfNoEntry: false })) makeFolder(this.path);
    const stats = statSync(this.path);
    if (!stats.isDirectory()) throw new Error("it is not a folder");
    const probe = this.#probe();
    if (stats.uid !== probe.uid) throw new Error(belongsTo(stats));
    // Asked after the owner, who alone can change it.
    if (hasModes && (stats.mode & WRITABLE_BY_OTHERS) !== 0) {
      throw new Error(`others may write to it; "chmod go-w" ends that`);
    }
    if (isOpenToOthers(probe)) throw new Error("others can read the files in it");
    this.#owner = probe.uid;
  }

  /** The names in a folder; none where there is no such folder. */
  list(path = ""): string[] {
    try {
      return readdirSync(join(this.path, path));
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  /**
   * The content of a file; `undefined` where there is no such file.
   *
   * @throws {Error} saying why the file can't be trusted
   */
  read(path: string, atMost: number): Uint8Array | undefined {
    const file = join(this.path, path);
    try {
      // Checked before it is opened: Deno's permission check follows a link in spite of O_NOFOLLOW.
      this.#check(lstatSync(file), atMost);
      const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
      const fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        this.#check(fstatSync(fd), atMost);
        return readFileSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /**
   * Writes a file that appears whole or not at all. The file is not flushed to the disk: after the
   * machine has crashed, only a checksum can tell whether the file is complete.
   *
   * @returns whether the file's folder had to be made.
   */
  write(path: string, content: Uint8Array): boolean {
    const file = join(this.path, path);
    const unfinished = join(dirname(file), uniqueName("new"));
    let made = false;
    for (let attempt = 1;; attempt++) {
      try {
        writeFileSync(unfinished, content, { flag: "wx", mode: PRIVATE });
        renameSync(unfinished, file);
        return made;
      } catch (error) {
        rmSync(unfinished, { force: true });
        // The folder does not exist yet, or another process removed it because it was empty.
        if (!isAbsent(error) || attempt === MOST_ATTEMPTS) throw error;
        made = makeFolder(dirname(file)) || made;
      }
    }
  }

  /** Removes a file. Returns whether this call did: among concurrent calls only one gets `true`. */
  remove(path: string): boolean {
    try {
      unlinkSync(join(this.path, path));
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  /** Removes an unfinished file that is so old that its writer must have been killed. */
  removeUnfinished(path: string, name: string, longestWrite: number = LONGEST_WRITE): void {
    const [, begun] = UNFINISHED.exec(name) ?? [];
    if (begun === undefined) return;
    if (Number(begun) / 1000 <= Date.now() - longestWrite) this.remove(join(path, name));
  }

  /** Removes a folder if it is empty. */
  removeEmpty(path: string): void {
    try {
      rmdirSync(join(this.path, path));
    } catch {
      // The folder is not empty, or it is gone.
    }
  }

  /** When a folder's entries last changed, in milliseconds since 1970; 0 if there is no folder. */
  changedAt(path: string): number {
    return statSync(join(this.path, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }

  #checkPermission(): void {
    // Asks about a file in the folder: permission for the folder itself would not be enough.
    const inside = join(this.path, "file");
    if (runtime.mayAccess(inside, "read") && runtime.mayAccess(inside, "write")) return;
    throw new Error(
      `run again with --allow-read=${this.path} --allow-write=${this.path} ` +
        `(Node: --allow-fs-read=${this.path}/* --allow-fs-write=${this.path}/*)`,
    );
  }

  /**
   * The owner and the mode of a new file. Deno needs another permission to tell the user of this
   * process, and not every file system lets a file be private.
   */
  #probe(): Stats {
    const file = join(this.path, uniqueName("new"));
    const fd = openSync(file, "wx", PRIVATE);
    try {
      return fstatSync(fd);
    } finally {
      closeSync(fd);
      unlinkSync(file);
    }
  }

  #check(stats: Stats, atMost: number): void {
    if (stats.isSymbolicLink()) throw new Error("it is a symbolic link");
    if (!stats.isFile()) throw new Error("it is not a file");
    if (stats.uid !== this.#owner) throw new Error(belongsTo(stats));
    if (isOpenToOthers(stats)) throw new Error("others may read or write it");
    if (stats.size > atMost) throw new Error(`it is larger than ${atMost} bytes`);
  }
}

function isAbsent(error: unknown): boolean {
  return (error as { code?: string }).code === "ENOENT";
}

function belongsTo({ uid }: Stats): string {
  return `it belongs to another user, number ${uid}`;
}

function isOpenToOthers({ mode }: Stats): boolean {
  return hasModes && (mode & OPEN_TO_OTHERS) !== 0;
}
