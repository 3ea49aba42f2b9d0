/**
 * The seam between this project and the JavaScript runtime it runs on.
 *
 * Everything a runtime forces us to do differently is behind {@linkcode Runtime}, and nothing else
 * is. The three twins `deno.ts`, `bun.ts` and `node.ts` implement it in the same order with the
 * same names, so that a comparison of two of them shows exactly how the runtimes differ.
 *
 * @module
 */

import type { Server } from "node:net";
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
  /** Whether the socket itself has another one. The caller must close a duplicate. */
  readonly duplicate: boolean;
}

/** Where a listener is bound. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
}

/** Bytes of a read buffer made here; the runtimes' own buffers are as large. */
export const READ_SIZE: number = 64 * 1024;

/**
 * The part of a TCP socket used here; `net.Socket` has it. The socket emits "end" when the peer has
 * finished, and "error", "close" and "drain" as every stream does.
 */
export interface RuntimeSocket extends Writable {
  /** Stops reading. */
  pause(): unknown;
  resume(): unknown;
  ref(): unknown;
  unref(): unknown;
  /** TCP's keep-alive; the first probe is sent after so many milliseconds of silence. */
  setKeepAlive(enable: boolean, initialDelay: number): unknown;
  setNoDelay(enable: boolean): unknown;
  /** Closes by a reset. */
  resetAndDestroy(): unknown;
}

/** The root certificates that a runtime trusts, as far as it tells. */
export interface RuntimeRoots {
  /** PEM, one certificate each. */
  readonly certificates: readonly string[];
  /** Certificates that the user has added, in PEM. Some may be unreadable. */
  readonly added: readonly string[];
  /**
   * Where the runtime looks for more: a file and a folder with hashed names, or, where it is not
   * known what the runtime trusts, the default places of OpenSSL.
   */
  readonly places?: "openssl" | { readonly file: string; readonly folder: string };
  /** Whether a chain may end at any of them, also at one that is no root. */
  readonly endsAnywhere: boolean;
  /** What the runtime may trust and does not tell, and what to do about it. */
  readonly untold?: string;
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
   * table. Throws the runtime's error when the file or a symbol is missing, or when the user has
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
   * socket owns `fd` from here on: destroying it closes `fd`. Bytes that arrive go to `receive`, in
   * a buffer that may be reused after the call.
   *
   * The kernel tells the error that ended a connection once, to the first call that comes. A runtime
   * that does not pass on what a write was told calls `whyRefused` right after that write.
   */
  adopt(
    fd: number,
    receive: (borrowed: Uint8Array) => void,
    whyRefused: () => Error | undefined,
  ): RuntimeSocket;

  /**
   * Whether an adopted socket makes a new buffer for every read. Then a download costs less if the
   * descriptor is read directly. This works only with an event loop that asks the kernel before it
   * sleeps.
   */
  readonly readsAfresh: boolean;

  /**
   * Starts `server` on the bound, listening socket that `open` makes, so that the server's address
   * is known on return. Without `open`, or if the runtime can't adopt that socket, the runtime
   * itself binds. Its error's `code` is then the errno's C name, where the runtime tells it.
   */
  listen(server: Server, address: ListenAddress, open: (() => number) | undefined): void;

  /** Lets `server` accept again, where the runtime has stopped because it got no descriptor. */
  acceptAgain(server: Server, backlog: number): void;

  /**
   * The descriptor of a socket or server of `node:net`; `undefined` once it is closed, and for anything else.
   */
  descriptorOf(socket: object): Descriptor | undefined;

  /**
   * Asks the runtime's permission model for network access, because FFI would bypass the model.
   *
   * @returns what the user can do when access is denied, `undefined` when it is granted.
   */
  deniedNet(hostname: string, port: number): string | undefined;

  /**
   * Whether an address is forbidden although it belongs to an allowed name. Never prompts.
   */
  forbidsAddress(ip: string, port: number): boolean;

  /** Whether a file may be read or written. Never prompts. */
  mayAccess(path: string, access: "read" | "write"): boolean;

  /** The root certificates that `node:tls` trusts now. A program may change them. Never prompts. */
  roots(): RuntimeRoots;

  /** An environment variable; `undefined` if it is unset or may not be read. Never prompts. */
  env(name: string): string | undefined;
}
