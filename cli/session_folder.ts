/**
 * The folder that keeps sessions for the next run.
 *
 * @module
 */

import { posix, win32 } from "node:path";

/** Reads an environment variable. */
type Env = (name: string) => string | undefined;

/**
 * The folder for sessions, inside the platform's cache folder; `undefined` where the environment
 * does not name one.
 */
export function sessionFolder(platform: string, env: Env): string | undefined {
  const { join } = platform === "win32" ? win32 : posix;
  const cache = cacheFolder(platform, env);
  return cache === undefined ? undefined : join(cache, "firstflight", "sessions");
}

function cacheFolder(platform: string, env: Env): string | undefined {
  if (platform === "win32") return env("LOCALAPPDATA") || undefined;
  const home = env("HOME");
  if (platform === "darwin") return home && posix.join(home, "Library", "Caches");
  // Relative paths must be ignored (XDG Base Directory Specification).
  const named = env("XDG_CACHE_HOME");
  if (named?.startsWith("/")) return named;
  return home && posix.join(home, ".cache");
}
