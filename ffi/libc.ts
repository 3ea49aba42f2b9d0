/**
 * libc, bound at first use and never at import, with errno read right after a failed call.
 *
 * @module
 */

import { libcPaths } from "../base/libc_paths.ts";
import { type NativeFunctions, type NativeTable, runtime } from "../runtimes/mod.ts";
import type { platform } from "./platform.ts";

/** The platforms whose sockets are opened by FFI. */
export type SocketPlatform = Exclude<typeof platform, { fastOpen: "none" }>;

/** libc's functions on platform `P`, and errno. */
export interface Libc<P extends SocketPlatform> {
  readonly call: NativeFunctions<P["symbols"]>;
  /** The C name of the error number that the last failed call left behind. */
  errno(): string;
  /** The C name of an error number. */
  errnoName(number: number): string;
}

/** Whether loading failed because the user has not granted FFI. */
export function isDenied(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: string };
  return name === "NotCapable" || name === "PermissionDenied" || code === "ERR_ACCESS_DENIED";
}

/** Binds `table` from the first of `paths` that opens; throws with the last failure as cause. */
export function dlopenFirst<T extends NativeTable>(
  paths: readonly string[],
  table: T,
): NativeFunctions<T> {
  let cause: unknown;
  for (const path of paths) {
    try {
      return runtime.dlopen(path, table);
    } catch (error) {
      if (isDenied(error)) {
        throw new Error("FFI is not permitted; add --allow-ffi, without paths", { cause: error });
      }
      cause = error;
    }
  }
  throw new Error(`Could not load any of ${paths.join(", ")}`, { cause });
}

/** Returns a function that reads errno. */
function errnoReader(table: SocketPlatform): () => number {
  const { location, memcpy } = errnoFunctions(table);
  // errno has one address per thread, and a realm stays on its thread. The address is asked for
  // once, here, so that a single native call reads errno after a failure. Asking for it after the
  // failure would be too late: Node's first call of a function itself overwrites errno.
  const address = location();
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  return () => {
    memcpy(bytes, address, 4n);
    return view.getInt32(0, true);
  };
}

function errnoFunctions(table: SocketPlatform) {
  /** `int *__errno_location(void);` under the platform's own name for it */
  const location = { parameters: [], result: "pointer" } as const;
  /** `void *memcpy(void *to, const void *from, size_t n);` */
  const memcpy = { parameters: ["buffer", "pointer", "u64"], result: "pointer" } as const;
  const symbols = dlopenFirst(libcPaths, { [table.errnoSymbol]: location, memcpy });
  return {
    location: symbols[table.errnoSymbol] as () => bigint,
    memcpy: symbols.memcpy as (to: Uint8Array, from: bigint, n: bigint) => bigint,
  };
}

function bind<P extends SocketPlatform>(table: P): Libc<P> {
  const names: Readonly<Record<number, string>> = table.errno;
  const errnoName = (number: number) => names[number] ?? `errno ${number}`;
  const errno = errnoReader(table);
  return {
    call: dlopenFirst<P["symbols"]>(libcPaths, table.symbols),
    errno: () => errnoName(errno()),
    errnoName,
  };
}

let bound: Libc<SocketPlatform> | undefined;

/** libc of this process's platform. Throws what the runtime throws when FFI is not permitted. */
export function libc<P extends SocketPlatform>(table: P): Libc<P> {
  bound ??= bind(table) as unknown as Libc<SocketPlatform>;
  return bound as unknown as Libc<P>;
}
