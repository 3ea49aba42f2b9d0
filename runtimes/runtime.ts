/**
 * The seam between this project and the JavaScript runtime it runs on.
 *
 * Everything a runtime forces us to do differently is behind {@linkcode Runtime}, and nothing else
 * is. The three twins `deno.ts`, `bun.ts` and `node.ts` implement it in the same order with the same
 * names, so that two of them side by side show exactly the difference.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import type { Writable } from "node:stream";

/**
 * C types as the native tables spell them.
 *
 * `pointer` is an address as a `bigint` (0n is NULL); `buffer` passes the address of a `Uint8Array`
 * that stays alive for the call, or `null`. 64-bit integers are `bigint` in both directions.
 */
export type NativeType = "void" | "i32" | "u32" | "i64" | "u64" | "pointer" | "buffer";

/** One C function: its parameter types and its result type. */
export interface NativeSignature {
  readonly parameters: readonly NativeType[];
  readonly result: NativeType;
}

/** C functions by symbol name. */
export type NativeTable = Readonly<Record<string, NativeSignature>>;

interface ArgumentTypes {
  void: never;
  i32: number;
  u32: number;
  i64: bigint;
  u64: bigint;
  pointer: bigint;
  buffer: Uint8Array | null;
}

interface ResultTypes {
  void: void;
  i32: number;
  u32: number;
  i64: bigint;
  u64: bigint;
  pointer: bigint;
  buffer: never;
}

type NativeArguments<P extends readonly NativeType[]> = {
  -readonly [K in keyof P]: ArgumentTypes[P[K]];
};

/** The typed function that calls a C function of signature `S`. */
export type NativeFunction<S extends NativeSignature> = (
  ...args: NativeArguments<S["parameters"]>
) => ResultTypes[S["result"]];

/** Typed functions for each symbol of a table. */
export type NativeFunctions<T extends NativeTable> = {
  readonly [K in keyof T]: NativeFunction<T[K]>;
};

/** A C function pointer backed by a JavaScript function. */
export interface NativeCallback {
  /** Address to hand to C. Valid until `close`, and only while this object is reachable. */
  readonly pointer: bigint;
  close(): void;
}

/** A socket's number in the kernel. */
export interface Descriptor {
  readonly fd: number;
  /** Whether the socket has another one; whoever asked for this one closes it. */
  readonly duplicate: boolean;
}

/** Where a listener is bound. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
}

/** Bytes read at once where the buffer is ours; as much as the runtimes read by themselves. */
export const READ_SIZE: number = 64 * 1024;

/**
 * A TCP socket as far as it is used here; `net.Socket` is one. It emits "end" when the peer has
 * finished, and "error", "close" and "drain" as every stream does.
 */
export interface RuntimeSocket extends Writable {
  /** Stops what arrives. */
  pause(): unknown;
  resume(): unknown;
  ref(): unknown;
  unref(): unknown;
}

/** What each runtime provides. */
export interface Runtime {
  readonly name: "deno" | "bun" | "node";

  /**
   * Whether the process carries OpenSSL itself and exports it. Where it does, the system's libssl
   * must not be loaded: its symbols would bind to the process's own and crash it.
   */
  readonly exportsOpenssl: boolean;

  /**
   * Opens a library by absolute path (`null`: the process itself) and binds every symbol of the
   * table. Throws what the runtime throws when the file or a symbol is missing, or when the user has
   * not granted FFI. Never prompts.
   */
  dlopen<T extends NativeTable>(path: string | null, table: T): NativeFunctions<T>;

  /** Address of the first byte. The caller keeps `bytes` alive for as long as C may use it. */
  addressOf(bytes: Uint8Array): bigint;

  /**
   * Makes a C function pointer. `fn` is only ever called on this thread, from inside another native
   * call, and must not throw.
   */
  callback<S extends NativeSignature>(signature: S, fn: NativeFunction<S>): NativeCallback;

  /**
   * Hands a TCP socket, connected or still connecting, to the runtime's event loop. The returned
   * socket owns `fd` from here on: destroying it closes `fd`. What arrives goes to `receive`, in a
   * buffer that may be used again after the call.
   */
  adopt(fd: number, receive: (borrowed: Uint8Array) => void): RuntimeSocket;

  /**
   * Whether an adopted socket makes a new buffer for whatever it reads, which costs a download more
   * than reading past it. That takes an event loop that asks the kernel before it sleeps.
   */
  readonly readsAfresh: boolean;

  /**
   * Starts `server` on the bound, listening socket that `open` makes, so that its address is known
   * on return. Where there is no `open`, or the runtime can't adopt what it makes, the runtime binds by
   * itself; the `code` of what it throws then is the error's C name.
   */
  listen(server: Server, address: ListenAddress, open: (() => number) | undefined): void;

  /** The descriptor of a socket the runtime made, as long as that is open. */
  descriptorOf(socket: Socket): Descriptor | undefined;

  /**
   * Asks the runtime's permission model for network access. FFI would bypass it; we do not.
   *
   * @returns what to do when access is denied, `undefined` when it is granted.
   */
  deniedNet(hostname: string, port: number): string | undefined;

  /**
   * Whether an address that an allowed name resolved to is forbidden all the same. Never prompts.
   */
  forbidsAddress(ip: string, port: number): boolean;

  /** Whether a file may be read or written. Never prompts. */
  mayAccess(path: string, access: "read" | "write"): boolean;

  /** The root certificates this runtime trusts, PEM; `undefined` where it won't tell unasked. */
  roots(): readonly string[] | undefined;

  /** An environment variable, or `undefined` where it is unset or may not be read. Never prompts. */
  env(name: string): string | undefined;
}
