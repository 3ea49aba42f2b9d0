/**
 * The files of a session store: who may have which, and which have to go.
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
} from "./session_bytes.ts";

/** How many there may be, and who hears of those that are no sessions. */
export interface SessionFolderOptions {
  readonly perKey: number;
  readonly keys: number;
  readonly onIgnored: (file: string, reason: string) => void;
}

const DAY = 24 * 3_600_000;

/** The folder of a key. */
const KEY = /^[0-9a-f]{64}$/;

/** Other keys that are tidied with each session that comes. */
const TIDIED_ALONG = 4;
/** The share of the keys that goes when there are too many: to find the oldest takes milliseconds. */
const EVICTED = 1 / 8;

/** What says nothing about a file that could not be read. */
const TRANSIENT = ["EMFILE", "ENFILE", "ENOMEM", "EINTR", "EAGAIN"];

/** All files of a store. What the system refuses is thrown as it is. */
export class SessionFolder {
  readonly #folder: PrivateFolder;
  readonly #options: SessionFolderOptions;
  /** Keys whose turn to be tidied has not come yet. */
  #untidied: string[] = [];
  /** Files that can't be removed although they should be; they are not looked at again. */
  #stuck = new Set<string>();

  constructor(folder: PrivateFolder, options: SessionFolderOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** The newest session of a key. Its file is gone then, and it was this call that removed it. */
  take(key: string): StoredSession | undefined {
    for (const name of this.#newestFirst(key)) {
      const path = `${key}/${name}`;
      if (!isCurrent(name) || this.#stuck.has(path)) continue;
      const stored = this.#read(path);
      if (stored && this.#folder.remove(path)) return stored;
    }
    return undefined;
  }

  /** Adds a session to those of a key, unless it has expired; others make room. */
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

  /** Removes all that is the store's. */
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

  /** The session in a file; `undefined` where somebody else took it, or it is not to be trusted. */
  #read(path: string): StoredSession | undefined {
    try {
      const content = this.#folder.read(path, LARGEST_SESSION_FILE);
      return content && decodeSession(path, content);
    } catch (error) {
      if (TRANSIENT.includes((error as { code?: string }).code ?? "")) throw error;
      // Who removes it reports it.
      if (this.#discard(path)) {
        this.#options.onIgnored(join(this.#folder.path, path), (error as Error).message);
      }
      return undefined;
    }
  }

  /** Removes a file or, where that is impossible, forgets it; tells whether it was there. */
  #discard(path: string): boolean {
    try {
      return this.#folder.remove(path);
    } catch {
      this.#stuck.add(path);
      return true;
    }
  }

  /** Removes what has expired, what is too much, and what a killed process left. */
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

  /** Tidies a few other keys, at random: so all have their turn even if each process ends soon. */
  #tidyOthers(): void {
    if (this.#untidied.length === 0) this.#untidied = this.#folder.list();
    for (let count = 0; count < TIDIED_ALONG && this.#untidied.length > 0; count++) {
      const index = Math.floor(Math.random() * this.#untidied.length);
      const [name = ""] = this.#untidied.splice(index, 1);
      if (KEY.test(name)) this.#tidy(name);
      else this.#folder.removeUnfinished("", name);
    }
  }

  /** Removes the keys used longest ago when there are too many; never the one just made. */
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

/** Whether a file of this name can serve; one that expires too far ahead had a clock gone wrong. */
function isCurrent(name: string): boolean {
  const expires = expiryIn(name) ?? 0;
  const now = Date.now();
  return expires > now && expires < now + LONGEST_LIFE + DAY;
}
