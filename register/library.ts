/**
 * The library, loaded when it is needed first: most programs that start open no connection.
 *
 * @module
 */

import type * as Library from "../mod.ts";
import { builtin } from "./builtins.ts";
import { loadFfiQuietly } from "./quiet_ffi.ts";

export type { Library };

/** Loads the library once. */
export class LibraryLoader {
  #library: typeof Library | undefined;
  #fault: Error | undefined;

  /** The library, if it is loaded already. */
  get loaded(): typeof Library | undefined {
    return this.#library;
  }

  /**
   * The library. It is required, which does not wait: `tls.connect` returns its socket at once.
   *
   * @throws {Error} when it can't be loaded; always the same
   */
  load(): typeof Library {
    if (this.#library) return this.#library; // It may have come early, after a call that could not wait.
    if (this.#fault) throw this.#fault;
    try {
      return this.#library = requireLibrary();
    } catch (error) {
      throw this.#fault = error as Error;
    }
  }

  /** Loads it now, where it can't be required later, or must not be. */
  async loadEarly(): Promise<void> {
    if (canRequire && !isDenoTest()) return;
    this.#library = await import("../mod.ts");
  }
}

function requireLibrary(): typeof Library {
  loadFfiQuietly();
  const require = builtin("module").createRequire(import.meta.url);
  return require(isSource ? "../mod.ts" : "./mod.js");
}

/** From npm this is a file of JavaScript beside the library. */
const isSource = import.meta.url.endsWith(".ts");

/** From JSR it has a URL of https. */
const canRequire = import.meta.url.startsWith("file:");

/** `deno test` minds that a test loads a native library and keeps it. Elsewhere its function does nothing. */
function isDenoTest(): boolean {
  const { Deno } = globalThis as { Deno?: { test?: { name: string } } };
  return Deno?.test !== undefined && Deno.test.name !== "noopTest";
}
