/**
 * The store with the sessions of earlier runs, for the commands that connect.
 *
 * @module
 */

import process from "node:process";
import {
  FileSessionStore,
  MemorySessionStore,
  type MemorySessionStoreOptions,
  type SessionStore,
  TlsError,
} from "../mod.ts";
import { runtime } from "../runtimes/mod.ts";
import { sessionFolder } from "./session_folder.ts";
import { type OptionSpecs, type OptionValues, UsageError } from "./usage.ts";
import { printWarning } from "./warnings.ts";

/** Options that say where sessions are kept. */
export const storeOptions = {
  "session-store": {
    type: "string",
    value: "FOLDER",
    help: "keep sessions for the next run here instead of in the cache folder",
  },
  "no-session-store": { type: "boolean", help: "neither use nor keep sessions of other runs" },
} as const satisfies OptionSpecs;

/** The help text about sessions. */
export const aboutStore =
  "Sessions wait for the next run in the user's cache folder, under firstflight/sessions, which " +
  "nobody else can read: who can might pose as this client. Remove the folder to forget them.";

/**
 * The store that the options stand for. Where its folder can't be used, prints a warning and keeps
 * sessions in memory. `limits` are for whoever makes more connections than a person does.
 *
 * @throws {UsageError} when two options contradict each other
 */
export async function openStore(
  values: OptionValues<typeof storeOptions>,
  json: boolean,
  limits: MemorySessionStoreOptions = {},
): Promise<SessionStore> {
  const { "session-store": named, "no-session-store": none = false } = values;
  if (named !== undefined && none) {
    throw new UsageError("Options --session-store and --no-session-store contradict each other");
  }
  if (none) return new MemorySessionStore(limits);
  const folder = named ?? sessionFolder(process.platform, runtime.env);
  try {
    if (folder === undefined) throw unknownFolder();
    let isFirst = true;
    return new FileSessionStore(folder, {
      ...limits,
      onIgnored({ file, reason }) {
        if (!isFirst) return; // What damages one file often damages all.
        isFirst = false;
        const message = `The session in "${file}" was ignored: ${reason}`;
        printWarning({ code: "SESSION_IGNORED", message }, json);
      },
    });
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    const message = `Sessions are not kept for the next run: ${error.message}`;
    await printWarning({ code: error.code, message }, json);
    return new MemorySessionStore(limits);
  }
}

function unknownFolder(): TlsError {
  const name = process.platform === "win32" ? "LOCALAPPDATA" : "HOME";
  return new TlsError(
    "STORE_UNAVAILABLE",
    `The environment variable ${name} is not set, or may not be read; --session-store names a folder`,
  );
}
