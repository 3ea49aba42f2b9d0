/**
 * The seam on Bun: `bun:ffi`, which Bun calls experimental. No other file names `bun:ffi`.
 *
 * @module
 */

import process from "node:process";
import tls from "node:tls"; // A named import would fail in a runtime that is too old to have it.
import { AdoptedSocket } from "./bun_socket.ts";
import type { NativeSignature, NativeTable, NativeType, Runtime } from "./runtime.ts";

/** The part of `bun:ffi` used here, so that other runtimes need not have its types. */
interface BunFfi {
  dlopen(path: string, symbols: Record<string, BunSignature>): { symbols: unknown };
  ptr(bytes: Uint8Array): number;
  JSCallback: new (fn: unknown, signature: BunSignature) => { ptr: number; close(): void };
}

/** The part of the `Bun` namespace used here. */
interface BunNamespace {
  listen(options: { hostname: string; port: number; socket: { data(): void } }): { stop(): void };
}

interface BunSignature {
  args: string[];
  returns: string;
}

const { Bun } = globalThis as unknown as { Bun: BunNamespace };

let loaded: BunFfi | undefined;

/** `import "bun:ffi"` fails in other runtimes and checkers. A look-up fails only when used. */
function ffi(): BunFfi {
  return loaded ??= process.getBuiltinModule("bun:ffi" as "node:net") as unknown as BunFfi;
}

/** Bun's "ptr" is a number or a Uint8Array; "u64" is a bigint, which the seam uses for pointers. */
function bunType(type: NativeType): string {
  return type === "pointer" ? "u64" : type === "buffer" ? "ptr" : type;
}

function bunSignature(signature: NativeSignature): BunSignature {
  return { args: signature.parameters.map(bunType), returns: bunType(signature.result) };
}

export const runtime: Runtime = {
  name: "bun",
  exportsOpenssl: false,
  readsAfresh: true,

  dlopen(path, table: NativeTable) {
    if (path === null) throw new Error("Bun exports no OpenSSL to open");
    const symbols: Record<string, BunSignature> = {};
    for (const [name, signature] of Object.entries(table)) symbols[name] = bunSignature(signature);
    return ffi().dlopen(path, symbols).symbols as never;
  },

  addressOf(bytes) {
    return BigInt(ffi().ptr(bytes));
  },

  callback(signature, fn) {
    const callback = new (ffi().JSCallback)(fn, bunSignature(signature));
    return {
      pointer: BigInt(callback.ptr),
      close: () => callback.close(),
    };
  },

  adopt(fd, receive, whyRefused) {
    return new AdoptedSocket(fd, receive, whyRefused);
  },

  listen(server, address) {
    // `open` is not used: told to adopt a descriptor, Bun listens on a random port.
    server.listen({ ...address, exclusive: true }); // Not by a primary of `node:cluster`.
    if (server.address() !== null) return;
    const { host: hostname, port } = address;
    // Throws at once the error that `server` emits only later.
    Bun.listen({ hostname, port, socket: { data() {} } }).stop();
    throw new Error("Bun does not say why");
  },

  acceptAgain() {
    // Bun never stops.
  },

  descriptorOf(socket) {
    const fd = (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
    return fd < 0 ? undefined : { fd, duplicate: false };
  },

  deniedNet() {
    return undefined; // Bun has no permission model.
  },

  forbidsAddress() {
    return false;
  },

  mayAccess() {
    return true;
  },

  roots() {
    const certificates = tls.getCACertificates("default");
    const [first] = tls.getCACertificates("bundled");
    // `setDefaultCACertificates` replaces everything. It can't replace anything by nothing.
    const replaced = certificates.length > 0 && certificates[0] !== first;
    return {
      certificates,
      added: [],
      // BoringSSL's own places. Bun always looks there, whatever it was started with.
      ...(replaced ? {} : {
        places: {
          file: process.env["SSL_CERT_FILE"] ?? "/etc/ssl/cert.pem",
          folder: process.env["SSL_CERT_DIR"] ?? "/etc/ssl/certs",
        },
      }),
      endsAnywhere: false,
    };
  },

  env(name) {
    return process.env[name];
  },
};
