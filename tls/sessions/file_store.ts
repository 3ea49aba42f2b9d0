/**
 * Sessions that outlive the process.
 *
 * @module
 */

import { resolve } from "node:path";
import process from "node:process";
import { digest } from "../../base/digest.ts";
import { PrivateFolder } from "../../base/files/private_folder.ts";
import { callback, defaulted, readOptions, type Rules } from "../../base/options.ts";
import { badArgument } from "../../base/words.ts";
import { TlsError } from "../errors.ts";
import { LARGEST_SESSION } from "./session_bytes.ts";
import { SessionFolder } from "./session_folder.ts";
import {
  checkEntry,
  checkKey,
  limitRules,
  type SessionStore,
  type StoredSession,
  type StoreLimits,
} from "./store.ts";

/** A file that was taken for a session, and was none that can be trusted. */
export interface IgnoredSession {
  /** Its path. It is removed, as far as that is possible. */
  readonly file: string;
  /** What is wrong with it. */
  readonly reason: string;
}

/** Options of a {@linkcode FileSessionStore}. */
export interface FileSessionStoreOptions {
  /** Sessions kept per key; older ones make room. Default 4. */
  perKey?: number;
  /** Keys kept; those used longest ago make room. Default 512. */
  keys?: number;
  /**
   * Hears of each file that was ignored because it is corrupt, or not surely this user's, once. By
   * default a warning with the code `FIRSTFLIGHT_SESSION_IGNORED` is emitted on `process`.
   */
  onIgnored?: (ignored: IgnoredSession) => void;
}

/** {@linkcode FileSessionStoreOptions} as they were read. */
interface FileSessionStoreSettings extends StoreLimits {
  readonly onIgnored: (ignored: IgnoredSession) => void;
}

const rules: Rules<FileSessionStoreSettings> = {
  ...limitRules,
  onIgnored: defaulted(callback(), warn),
};

/**
 * Sessions in a folder, for programs that run again and again, one after the other or many at once: a
 * ticket of an earlier run saves this one the round trips.
 *
 * Each session is a file of its own, made under another name and renamed. To take it is to remove it,
 * and of all processes that try one alone succeeds; so nobody needs to lock anything, and a process may
 * be killed at any time. Nothing here is a promise: `take` comes before the SYN, and a few system calls
 * on a local disk are sooner done than waited for. Keep the folder on such a disk.
 *
 * What has expired, or is a week old, is removed as other sessions come.
 *
 * **What is in the folder is secret.** Only its owner can read the files (mode 0600; the folder has
 * 0700 when it is made here). Whoever reads one before it is used can
 *
 * - be this client to the server, with the rights of the client certificate that was shown when the
 *   session was made, and be the server to this client when it offers the session: the secret in it
 *   authenticates both (RFC 8446, section 2.2);
 * - decrypt the early data sent with it, which have no forward secrecy (section 2.3).
 *
 * With TLS 1.3 nobody who merely listens can decrypt with it what follows the handshake, since a new key
 * exchange goes into that, nor the connection that the session came from. With TLS 1.2 both can be
 * decrypted: what is kept is the master secret. `minVersion: "TLSv1.3"` keeps none of those.
 *
 * Whoever may *write* to the folder can be any server to this client, for a resumed connection shows no
 * certificate; it stands for the verification made when the session was new. So a folder that others
 * may write to is refused, and files of other users are ignored. {@linkcode FileSessionStore.clear}
 * forgets everything; so does removing the folder.
 *
 * Deno needs `--allow-read` and `--allow-write` for the folder, Node under `--permission`
 * `--allow-fs-read` and `--allow-fs-write`.
 *
 * ```ts
 * import { FileSessionStore } from "@firstflight/tls";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * const folder = mkdtempSync(join(tmpdir(), "sessions-"));
 * const sessions = new FileSessionStore(folder); // for connectTls({ sessions, … })
 * sessions.put("key", { session: new Uint8Array(3), expires: Date.now() + 60_000 });
 *
 * const later = new FileSessionStore(folder);
 * console.log(later.take("key")?.session.length); // 3
 * console.log(sessions.take("key")); // undefined
 * rmSync(folder, { recursive: true });
 * ```
 */
export class FileSessionStore implements SessionStore {
  readonly #folder: PrivateFolder;
  readonly #files: SessionFolder;

  /**
   * Opens the store in a folder, which is made if there is none.
   *
   * @throws {OptionError} when an option is wrong
   * @throws {TlsError} `STORE_UNAVAILABLE` when the folder can't be used: it is none, others may write to it, or a permission is missing
   */
  constructor(folder: string, options: FileSessionStoreOptions = {}) {
    if (typeof folder !== "string" || folder === "" || folder.includes("\0")) {
      throw badArgument("folder", "the path of a folder", folder);
    }
    const { perKey, keys, onIgnored } = readOptions(options, rules);
    this.#folder = openFolder(folder);
    this.#files = new SessionFolder(this.#folder, {
      perKey,
      keys,
      // What it throws is its own, and an uncaught exception like any other.
      onIgnored: (file, reason) => queueMicrotask(() => onIgnored({ file, reason })),
    });
  }

  /** The folder's absolute path. */
  get folder(): string {
    return this.#folder.path;
  }

  /**
   * Hands out the newest unexpired session of `key` and forgets it.
   *
   * @throws {OptionError} when it is no key
   * @throws {TlsError} `STORE_UNAVAILABLE` when the folder can't be
   * used any more
   */
  take(key: string): StoredSession | undefined {
    checkKey(key);
    return this.#using((files) => files.take(digest([key])));
  }

  /**
   * Keeps a session of `key`, for a week at most.
   *
   * @throws {OptionError} when it is no session
   * @throws {TlsError} `STORE_UNAVAILABLE` when it can't be written
   */
  put(key: string, session: StoredSession): void {
    checkEntry(key, session, LARGEST_SESSION);
    this.#using((files) => files.add(digest([key]), session));
  }

  /**
   * Forgets everything. Files that are not the store's are left alone, and so is the folder.
   *
   * @throws {TlsError} `STORE_UNAVAILABLE` when something can't be removed
   */
  clear(): void {
    this.#using((files) => files.clear());
  }

  #using<T>(work: (files: SessionFolder) => T): T {
    try {
      return work(this.#files);
    } catch (error) {
      throw unusableFolder(this.#folder.path, error);
    }
  }
}

function openFolder(path: string): PrivateFolder {
  try {
    return new PrivateFolder(path);
  } catch (error) {
    throw unusableFolder(resolve(path), error);
  }
}

/** The error for a folder that fails to serve. */
function unusableFolder(path: string, cause: unknown): TlsError {
  const { message } = cause as Error;
  return new TlsError(
    "STORE_UNAVAILABLE",
    `The session folder "${path}" can't be used: ${message}`,
    { cause },
  );
}

function warn({ file, reason }: IgnoredSession): void {
  const code = "FIRSTFLIGHT_SESSION_IGNORED";
  process.emitWarning(`The session in "${file}" was ignored: ${reason}`, { code });
}
