/**
 * The files of a session store: which file is handed out, and which files are removed.
 *
 *     <folder>/<key>/<when it was made>.<something random>.<when it expires>.session
 *
 * @module
 */

import { join } from "node:path";
import type { PrivateFolder } from "../../base/files/private_folder.ts";
import { limitLife, LONGEST_LIFE, type StoredSession } from "./store.ts";
import {
  decodeSession,
  encodeSession,
  expiryIn,
  LARGEST_SESSION_FILE,
  nameSession,
} from "./session_file.ts";

/** How many keys and sessions may be kept, and a callback for files that are no sessions. */
export interface SessionFolderOptions {
  readonly perKey: number;
  readonly keys: number;
  readonly onIgnored: (file: string, reason: string) => void;
}

const DAY = 24 * 3_600_000;

/** The name of a key's folder. */
const KEY = /^[0-9a-f]{64}$/;

/** How many other keys are tidied when a session is added. */
const TIDIED_ALONG = 4;
/** The share of keys removed when there are too many: finding the oldest takes milliseconds. */
const EVICTED = 1 / 8;

/** Codes of errors that say nothing about the file that could not be read. */
const TRANSIENT = ["EMFILE", "ENFILE", "ENOMEM", "EINTR", "EAGAIN"];

/** All files of a store. Errors of the system are thrown unchanged. */
export class SessionFolder {
  readonly #folder: PrivateFolder;
  readonly #options: SessionFolderOptions;
  /** Names of folders that were not tidied in this round yet. */
  #untidied: string[] = [];
  /** Files that should be removed but can't be. They are ignored from then on. */
  #stuck = new Set<string>();

  constructor(folder: PrivateFolder, options: SessionFolderOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Hands out the newest session of a key. This call removed its file, so no other call has it. */
  take(key: string): StoredSession | undefined {
    for (const name of this.#newestFirst(key)) {
      const path = `${key}/${name}`;
      if (!isCurrent(name) || this.#stuck.has(path)) continue;
      const stored = this.#read(path);
      if (stored && this.#folder.remove(path)) return stored;
    }
    return undefined;
  }

  /** Adds a session to those of a key, unless it has expired. Older sessions make room. */
  add(key: string, session: StoredSession): void {
    const expires = Math.floor(limitLife(session.expires));
    if (!(expires > Date.now())) return;
    const stored = { ...session, expires };
    const path = `${key}/${nameSession(stored)}`;
    const isNew = this.#folder.write(path, encodeSession(path, stored));
    this.#tidy(key);
    if (isNew) this.#makeRoom(key);
    this.#tidyOthers();
  }

  /** Removes all files of the store. */
  clear(): void {
    for (const key of this.#keys()) {
      for (const name of this.#folder.list(key)) {
        const isOurs = expiryIn(name) !== undefined;
        if (isOurs) this.#folder.remove(`${key}/${name}`);
        else this.#folder.removeUnfinished(key, name, 0);
      }
      this.#folder.removeEmpty(key);
    }
    for (const name of this.#folder.list()) this.#folder.removeUnfinished("", name, 0);
  }

  #keys(): string[] {
    return this.#folder.list().filter((name) => KEY.test(name));
  }

  #newestFirst(key: string): string[] {
    return this.#folder.list(key).sort().reverse();
  }

  /** The session in a file; `undefined` where another process took it, or it can't be trusted. */
  #read(path: string): StoredSession | undefined {
    try {
      const content = this.#folder.read(path, LARGEST_SESSION_FILE);
      return content && decodeSession(path, content);
    } catch (error) {
      if (TRANSIENT.includes((error as { code?: string }).code ?? "")) throw error;
      // The process that removes the file reports it.
      if (this.#discard(path)) {
        this.#options.onIgnored(join(this.#folder.path, path), (error as Error).message);
      }
      return undefined;
    }
  }

  /** Removes a file, or ignores it from now on where that fails. Tells whether it was there. */
  #discard(path: string): boolean {
    try {
      return this.#folder.remove(path);
    } catch {
      this.#stuck.add(path);
      return true;
    }
  }

  /** Removes sessions that have expired or are too many, and files that a killed process left. */
  #tidy(key: string, atMost: number = this.#options.perKey): void {
    let kept = 0;
    for (const name of this.#newestFirst(key)) {
      const path = `${key}/${name}`;
      if (expiryIn(name) === undefined) this.#folder.removeUnfinished(key, name);
      else if (isCurrent(name) && kept < atMost) kept++;
      else if (!this.#stuck.has(path)) this.#discard(path);
    }
    if (kept === 0) this.#folder.removeEmpty(key);
  }

  /** Tidies a few other keys, at random: so short processes, too, reach all of them in the end. */
  #tidyOthers(): void {
    if (this.#untidied.length === 0) this.#untidied = this.#folder.list();
    for (let count = 0; count < TIDIED_ALONG && this.#untidied.length > 0; count++) {
      const index = Math.floor(Math.random() * this.#untidied.length);
      const [name = ""] = this.#untidied.splice(index, 1);
      if (KEY.test(name)) this.#tidy(name);
      else this.#folder.removeUnfinished("", name);
    }
  }

  /** Removes the keys used longest ago when there are too many, but never `newest`. */
  #makeRoom(newest: string): void {
    const keys = this.#keys();
    const most = this.#options.keys;
    if (keys.length <= most) return;
    const oldest = keys.filter((key) => key !== newest)
      .map((key) => ({ key, at: this.#folder.changedAt(key) }))
      .sort((a, b) => a.at - b.at);
    const excess = keys.length - most + Math.floor(most * EVICTED);
    for (const { key } of oldest.slice(0, excess)) this.#tidy(key, 0);
  }
}

/** Whether a file of this name can be used. One that expires too late was made by a wrong clock. */
function isCurrent(name: string): boolean {
  const expires = expiryIn(name) ?? 0;
  const now = Date.now();
  return expires > now && expires < now + LONGEST_LIFE + DAY;
}
