/**
 * The seam on Deno: `Deno.dlopen`, which is stable and needs `--allow-ffi`.
 *
 * @module
 */

import { adoptBySocket } from "./adopt.ts";
import { denoRoots } from "./deno_roots.ts";
import { listenAtOnce, listenOn } from "./listen.ts";
import type { NativeSignature, NativeTable, NativeType, Runtime } from "./runtime.ts";

/** The part of the `Deno` namespace used here, so that other runtimes need not have its types. */
interface DenoNamespace {
  dlopen(path: string, symbols: Record<string, DenoSignature>): { symbols: unknown };
  UnsafePointer: {
    of(bytes: Uint8Array): unknown;
    value(pointer: unknown): bigint;
  };
  UnsafeCallback: new (
    signature: DenoSignature,
    fn: unknown,
  ) => { pointer: unknown; close(): void };
  permissions: {
    requestSync(descriptor: DenoPermission): { state: string };
    querySync(descriptor: DenoPermission): { state: string };
  };
  env: { get(name: string): string | undefined };
  errors: { NotCapable: new (message: string) => Error };
}

interface DenoPermission {
  name: string;
  host?: string;
  variable?: string;
  path?: string;
  kind?: string;
}

interface DenoSignature {
  parameters: string[];
  result: string;
}

const { Deno } = globalThis as unknown as { Deno: DenoNamespace };

function query(permission: DenoPermission): string {
  return Deno.permissions.querySync(permission).state;
}

/** A host and a port as `--allow-net` spells them, without an IPv6 scope. */
function hostPort(hostname: string, port: number): string {
  const [host = ""] = hostname.split("%", 1);
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Deno's "pointer" is an object; "u64" is a bigint, which the seam uses for pointers. */
function denoType(type: NativeType): string {
  return type === "pointer" ? "u64" : type;
}

function denoSignature(signature: NativeSignature): DenoSignature {
  return { parameters: signature.parameters.map(denoType), result: denoType(signature.result) };
}

export const runtime: Runtime = {
  name: "deno",
  exportsOpenssl: false,
  readsAfresh: false,

  dlopen(path, table: NativeTable) {
    if (path === null) throw new Error("Deno can't open the process itself as a library");
    // Deno would prompt the user, who did not ask for FFI. The callers can go on without it.
    if (query({ name: "ffi" }) !== "granted") {
      throw new Deno.errors.NotCapable("FFI is not allowed");
    }
    const symbols: Record<string, DenoSignature> = {};
    for (const [name, signature] of Object.entries(table)) symbols[name] = denoSignature(signature);
    return Deno.dlopen(path, symbols).symbols as never;
  },

  addressOf(bytes) {
    return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  },

  callback(signature, fn) {
    const callback = new Deno.UnsafeCallback(denoSignature(signature), fn);
    return {
      pointer: Deno.UnsafePointer.value(callback.pointer),
      close: () => callback.close(),
    };
  },

  adopt: adoptBySocket,

  listen(server, address, open) {
    if (open) listenOn(server, open(), address.backlog);
    else listenAtOnce(server, address);
  },

  acceptAgain(server, backlog) {
    // An accept that fails is Deno's last one, until it listens again.
    const { _handle } = server as unknown as {
      _handle?: { listen(backlog: number): number } | null;
    };
    _handle?.listen(backlog);
  },

  descriptorOf(socket) {
    // Deno tells a descriptor only to pass it to another process, and that one is a duplicate.
    const { _handle } = socket as unknown as { _handle?: { fdForIpc?(): number } | null };
    const fd = _handle?.fdForIpc?.() ?? -1;
    return fd < 0 ? undefined : { fd, duplicate: true };
  },

  deniedNet(hostname, port) {
    const host = hostPort(hostname, port);
    let forbidden: boolean;
    let state: string;
    try {
      forbidden = query({ name: "net", host }) === "denied"; // Nothing allows it then.
      ({ state } = Deno.permissions.requestSync({ name: "net", host }));
    } catch (error) {
      // Deno has no permission for some names that URLs may have, such as one with a comma.
      if (!(error instanceof URIError)) throw error;
      return query({ name: "net" }) === "granted" ? undefined : error.message;
    }
    if (state === "granted") return undefined;
    const but = forbidden ? ", and without any --deny-net that covers it" : "";
    return `run again with --allow-net=${host}${but}`;
  },

  forbidsAddress(ip, port) {
    return query({ name: "net", host: hostPort(ip, port) }) === "denied";
  },

  mayAccess(path, access) {
    return query({ name: access, path }) === "granted";
  },

  roots: denoRoots,

  env(name) {
    return query({ name: "env", variable: name }) === "granted" ? Deno.env.get(name) : undefined;
  },
};
