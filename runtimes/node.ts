/**
 * The seam on Node: `node:ffi`, unflagged since 26.9; needs `--allow-ffi` under `--permission`.
 *
 * @module
 */

import process from "node:process";
import tls from "node:tls"; // A named import would fail in a runtime that is too old to have it.
import { adoptBySocket } from "./adopt.ts";
import { listenAtOnce, listenOn } from "./listen.ts";
import type { NativeSignature, NativeTable, NativeType, Runtime, RuntimeRoots } from "./runtime.ts";

/** The part of `node:ffi` used here, so that other runtimes need not have its types. */
interface NodeFfi {
  dlopen(path: string | null, symbols: Record<string, NodeSignature>): NodeLibrary;
  getRawPointer(bytes: Uint8Array): bigint;
}

interface NodeLibrary {
  lib: {
    registerCallback(signature: NodeSignature, fn: unknown): bigint;
    unregisterCallback(pointer: bigint): void;
  };
  functions: unknown;
}

interface NodeSignature {
  arguments: string[];
  return: string;
}

/** Absent unless Node runs with `--permission`. */
const { permission } = process as { permission?: { has(scope: string, of?: string): boolean } };

let loaded: NodeFfi | undefined;

/** `import "node:ffi"` fails in Deno's checker and older Nodes. A look-up fails only when used. */
function ffi(): NodeFfi {
  loaded ??= process.getBuiltinModule("node:ffi" as "node:net") as unknown as NodeFfi | undefined;
  if (!loaded) throw new Error(`Node ${process.version} has no node:ffi; 26.9 and later have`);
  return loaded;
}

/** What exports OpenSSL: the process itself (`null`), or on Windows its program file. */
const self = process.platform === "win32" ? process.execPath : null;

/**
 * What Node trusts where its lists have no root: what OpenSSL trusts by default, if Node was told so.
 * `setDefaultCACertificates` would replace that.
 */
function rootsInNoList(): Pick<RuntimeRoots, "places" | "untold"> {
  const options = (process.env["NODE_OPTIONS"] ?? "").split(/\s+/);
  const flags = [...process.execArgv, ...options];
  if (flags.includes("--use-openssl-ca")) return { places: "openssl" };
  const where = "only on the command line and in NODE_OPTIONS";
  return { untold: `Node tells of no roots of its own; --use-openssl-ca is seen ${where}` };
}

function nodeSignature(signature: NativeSignature): NodeSignature {
  return { arguments: [...signature.parameters] as NativeType[], return: signature.result };
}

export const runtime: Runtime = {
  name: "node",
  exportsOpenssl: true,
  readsAfresh: false,

  dlopen(path, table: NativeTable) {
    const symbols: Record<string, NodeSignature> = {};
    for (const [name, signature] of Object.entries(table)) symbols[name] = nodeSignature(signature);
    return ffi().dlopen(path ?? self, symbols).functions as never;
  },

  addressOf(bytes) {
    return ffi().getRawPointer(bytes);
  },

  callback(signature, fn) {
    const { lib } = ffi().dlopen(self, {}); // `close` keeps it alive: its callbacks die with it.
    const pointer = lib.registerCallback(nodeSignature(signature), fn);
    return {
      pointer,
      close: () => lib.unregisterCallback(pointer),
    };
  },

  adopt: adoptBySocket,

  listen(server, address, open) {
    if (open) listenOn(server, open(), address.backlog);
    else listenAtOnce(server, address);
  },

  acceptAgain() {
    // Node never stops.
  },

  descriptorOf(socket) {
    const fd = (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
    return fd < 0 ? undefined : { fd, duplicate: false };
  },

  deniedNet(_hostname, _port) {
    return permission?.has("net") === false ? "run again with --allow-net" : undefined;
  },

  forbidsAddress() {
    return false; // Node permits the network as a whole or not at all.
  },

  mayAccess(path, access) {
    return permission?.has(`fs.${access}`, path) !== false;
  },

  roots() {
    const certificates = tls.getCACertificates("default");
    const extra = new Set(tls.getCACertificates("extra"));
    // An empty list that a program has set can't be told from none.
    const isBare = certificates.length === extra.size &&
      certificates.every((each) => extra.has(each));
    return {
      certificates,
      added: [],
      endsAnywhere: false,
      ...(isBare ? rootsInNoList() : {}),
    };
  },

  env(name) {
    return process.env[name];
  },
};
