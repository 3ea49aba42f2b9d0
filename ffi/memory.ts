/**
 * Reads and writes memory at addresses that came from C.
 *
 * @module
 */

import { libcPaths } from "../base/libc_paths.ts";
import type { NativeFunctions } from "../runtimes/mod.ts";
import { dlopenFirst } from "./libc.ts";

const reading = {
  /** `void *memcpy(void *to, const void *from, size_t n);` */
  memcpy: { parameters: ["buffer", "pointer", "u64"], result: "pointer" },
  /** `size_t strlen(const char *s);` */
  strlen: { parameters: ["pointer"], result: "u64" },
} as const;

const writing = {
  /** `void *memcpy(void *to, const void *from, size_t n);` */
  memcpy: { parameters: ["pointer", "buffer", "u64"], result: "pointer" },
} as const;

let reader: NativeFunctions<typeof reading> | undefined;
let writer: NativeFunctions<typeof writing> | undefined;

/** Copies `length` bytes from `address`, which C promises to be readable. */
export function readMemory(address: bigint, length: number): Uint8Array {
  reader ??= dlopenFirst(libcPaths, reading);
  const bytes = new Uint8Array(length);
  if (length > 0) reader.memcpy(bytes, address, BigInt(length));
  return bytes;
}

/** Copies `bytes` to `address`, which C promises to be writable. */
export function writeMemory(address: bigint, bytes: Uint8Array): void {
  writer ??= dlopenFirst(libcPaths, writing);
  writer.memcpy(address, bytes, BigInt(bytes.length));
}

/** The NUL-terminated string at `address`; `undefined` for NULL. */
export function readString(address: bigint): string | undefined {
  if (address === 0n) return undefined;
  reader ??= dlopenFirst(libcPaths, reading);
  return new TextDecoder().decode(readMemory(address, Number(reader.strlen(address))));
}

/** A text as C expects it. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** The address stored in an 8-byte out-parameter. */
export function pointerIn(slot: Uint8Array): bigint {
  return new DataView(slot.buffer, slot.byteOffset).getBigUint64(0, true);
}

/** An 8-byte slot that holds `address`, for `T **` parameters. */
export function slotOf(address: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([address]).buffer);
}
