/**
 * Sessions that outlive the process.
 *
 * @module
 */

import { resolve } from "node:path";
import process from "node:process";
import { digest } from "../../base/digest.ts";
import { PrivateFolder } from "../../base/files/private_folder.ts";
import { callback, optional, readOptions, type Rules } from "../../base/options.ts";
import { badArgument } from "../../base/option_errors.ts";
import { TlsError } from "../errors.ts";
import { LARGEST_SESSION } from "./session_file.ts";
import { SessionFolder } from "./session_folder.ts";
import {
  checkEntry,
  checkKey,
  limitRules,
  type SessionStore,
  type StoredSession,
  type StoreLimits,
} from "./store.ts";

/** A file in the place of a session that could not be trusted as one. */
export interface IgnoredSession {
  /** The file's path. The file is removed where that is possible. */
  readonly file: string;
  /** The reason why it was ignored. */
  readonly reason: string;
}

/** Options of a {@linkcode FileSessionStore}. */
export interface FileSessionStoreOptions {
  /** Sessions kept per key; older ones make room. Default 4. */
  perKey?: number;
  /** Keys kept; those used longest ago make room. Default 512. */
  keys?: number;
  /**
   * Called once for each file that was ignored because it is corrupt, or may not be this user's. By
   * default a warning with the code `FIRSTFLIGHT_SESSION_IGNORED` is emitted on `process`, for the
   * first such file of a folder.
   */
  onIgnored?: (ignored: IgnoredSession) => void;
}

/** {@linkcode FileSessionStoreOptions} after they were read. */
interface FileSessionStoreSettings extends StoreLimits {
  readonly onIgnored: ((ignored: IgnoredSession) => void) | undefined;
}

const rules: Rules<FileSessionStoreSettings> = {
  ...limitRules,
  onIgnored: optional(callback()),
};

/**
 * Sessions in a folder, for programs that run often, one after the other or many at once. A ticket
 * from an earlier run saves the current run round trips.
 *
 * Each session is a file of its own, which is written under another name and then renamed. A
 * process takes a session by removing its file, and only one process can succeed. So no locks are
 * needed, and a process may be killed at any time. No method returns a promise: `take` comes before
 * the SYN, and a few system calls on a local disk take less time than a promise. Keep the folder on
 * a local disk.
 *
 * Sessions that have expired, or are a week old, are removed when other sessions are added.
 *
 * **The content of the folder is secret.** Only its owner can read the files (mode 0600; a folder
 * that is made here has mode 0700). An attacker who reads a session before it is used can
 *
 * - pose as this client to the server, with the rights of the client certificate that was used when
 *   the session was made, and pose as the server to this client when it offers the session: the
 *   secret in the session authenticates both (RFC 8446, section 2.2);
 * - decrypt the early data sent with the session, which have no forward secrecy (section 2.3).
 *
 * With TLS 1.3 an attacker who only listens can't decrypt the data after the handshake, because a
 * new key exchange protects them, nor the connection that the session came from. With TLS 1.2 both
 * can be decrypted, because the session contains the master secret. `minVersion: "TLSv1.3"` keeps
 * no such sessions.
 *
 * An attacker who can *write* to the folder can pose as any server to this client. A resumed
 * connection shows no certificate: it relies on the verification made when the session was new. So
 * a folder that others may write to is refused, and files of other users are ignored.
 * {@linkcode FileSessionStore.clear} removes all sessions; removing the folder does so, too.
 *
 * Deno needs `--allow-read` and `--allow-write` for the folder. Node under `--permission` needs
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
   * Opens the store in a folder. Makes the folder if there is none.
   *
   * @throws {OptionError} when an option is wrong
   * @throws {TlsError} `STORE_UNAVAILABLE` when the folder can't be used: the path is no folder,
   * others may write to it, or a permission is missing
   */
  constructor(folder: string, options: FileSessionStoreOptions = {}) {
    if (typeof folder !== "string" || folder === "" || folder.includes("\0")) {
      throw badArgument("folder", "the path of a folder", folder);
    }
    const { perKey, keys, onIgnored: given } = readOptions(options, rules);
    this.#folder = openFolder(folder);
    const { path } = this.#folder;
    const onIgnored = given ?? ((ignored) => warnOnce(path, ignored));
    this.#files = new SessionFolder(this.#folder, {
      perKey,
      keys,
      // An error that the callback throws becomes an uncaught exception.
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
   * @throws {OptionError} when `key` is no string
   * @throws {TlsError} `STORE_UNAVAILABLE` when the folder can't be used any more
   */
  take(key: string): StoredSession | undefined {
    checkKey(key);
    return this.#using((files) => files.take(digest([key])));
  }

  /**
   * Keeps a session of `key`, for a week at most.
   *
   * @throws {OptionError} when `key` is no string, or `session` is no StoredSession or larger than
   * 128 KiB
   * @throws {TlsError} `STORE_UNAVAILABLE` when the session can't be written
   */
  put(key: string, session: StoredSession): void {
    checkEntry(key, session, LARGEST_SESSION);
    this.#using((files) => files.add(digest([key]), session));
  }

  /**
   * Removes all sessions. Leaves the folder and files that are not the store's.
   *
   * @throws {TlsError} `STORE_UNAVAILABLE` when a file can't be removed
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

/** The error for a folder that can't be used. */
function unusableFolder(path: string, cause: unknown): TlsError {
  const { message } = cause as Error;
  return new TlsError(
    "STORE_UNAVAILABLE",
    `The session folder "${path}" can't be used: ${message}`,
    { cause },
  );
}

/** Folders that the process was warned of. What damages one file often damages all. */
const warnedOf = new Set<string>();

function warnOnce(folder: string, { file, reason }: IgnoredSession): void {
  if (warnedOf.has(folder)) return;
  warnedOf.add(folder);
  const code = "FIRSTFLIGHT_SESSION_IGNORED";
  const message = `The session in "${file}" was ignored: ${reason}; there is no warning of others`;
  process.emitWarning(message, { code });
}
