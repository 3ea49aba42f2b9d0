/**
 * The library, loaded when it is needed first: most programs that start open no connection.
 *
 * @module
 */

import type * as Library from "../mod.ts";
import { builtin } from "./builtins.ts";

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
    if (this.#fault) throw this.#fault;
    if (this.#library) return this.#library;
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
  withoutFfiWarning(() => globalThis.process.getBuiltinModule("node:ffi"));
  const require = builtin("module").createRequire(import.meta.url);
  return require(isSource ? "../mod.ts" : "./mod.js");
}

/**
 * Loads Node's FFI without its warning that it is experimental: a program that stays as it is should not
 * write anything on stderr that it has not written before.
 */
function withoutFfiWarning(load: () => void): void {
  const { process } = globalThis;
  const { emitWarning } = process;
  process.emitWarning = (...args: unknown[]) => {
    const [warning, type] = args;
    if (type === "ExperimentalWarning" && String(warning).startsWith("FFI ")) return;
    Reflect.apply(emitWarning, process, args);
  };
  try {
    load();
  } finally {
    process.emitWarning = emitWarning;
  }
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
