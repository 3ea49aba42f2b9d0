/**
 * The roots that Deno trusts: one or more stores, NODE_EXTRA_CA_CERTS, and the file that `--cert` or
 * DENO_CERT names. No function tells of that file.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import tls from "node:tls"; // A named import would fail in a runtime that is too old to have it.
import type { RuntimeRoots } from "./runtime.ts";

/** The part of the `Deno` namespace used here, so that other runtimes need not have its types. */
interface DenoNamespace {
  args: readonly string[];
  build: { standalone?: boolean };
  env: { get(name: string): string | undefined };
  permissions: { querySync(descriptor: { name: string; [detail: string]: string }): State };
}

interface State {
  readonly state: string;
}

/** Deno's stores by their names in DENO_TLS_CA_STORE, and as `node:tls` calls them. */
const STORES: Readonly<Record<string, "bundled" | "system">> = {
  mozilla: "bundled",
  system: "system",
};

/** The variables that decide which roots Deno trusts. */
const VARIABLES = ["DENO_CERT", "DENO_TLS_CA_STORE", "NODE_USE_SYSTEM_CA"] as const;

/** All that Deno may be allowed. */
const EVERYTHING = ["env", "ffi", "net", "read", "run", "sys", "write"] as const;

const { Deno: deno } = globalThis as unknown as { Deno: DenoNamespace };

function isGranted(name: string, details: Record<string, string> = {}): boolean {
  return deno.permissions.querySync({ name, ...details }).state === "granted";
}

/** The last answer, and the lists that it was made from. Deno hands out the same ones again. */
let last: { readonly told: unknown; readonly roots: RuntimeRoots } | undefined;

/** See `Runtime.roots`. */
export function denoRoots(): RuntimeRoots {
  if (!isGranted("sys", { kind: "ca" })) {
    const untold = "Deno's own roots may not be read, so these are the system's; add --allow-sys";
    return { certificates: [], added: [], places: "openssl", endsAnywhere: false, untold };
  }
  if (!VARIABLES.every((variable) => isGranted("env", { variable }))) {
    const untold = `not all of Deno's roots may be known; add --allow-env=${VARIABLES}`;
    return { ...listed("bundled", "extra"), untold };
  }
  const told = tls.getCACertificates("default");
  if (last?.told !== told) last = { told, roots: complete(told) };
  return last.roots;
}

/** Roots of Deno's lists. Deno's TLS ends a chain at any of them. */
function listed(...[store, extra]: ["bundled" | "default", "extra"?]): RuntimeRoots {
  const added = extra ? tls.getCACertificates(extra) : [];
  return { certificates: tls.getCACertificates(store), added, endsAnywhere: true };
}

function complete(told: readonly string[]): RuntimeRoots {
  const names = (deno.env.get("DENO_TLS_CA_STORE") ?? "mozilla").split(",");
  const stores = names.flatMap((name) => STORES[name.trim()] ?? []);
  const certificates = stores.flatMap((store) => tls.getCACertificates(store));
  const extra = tls.getCACertificates("extra");
  if (isReplaced(told, [...certificates, ...extra])) return listed("default");
  const { texts, untold } = certificateFile();
  const added = [...extra, ...texts];
  return { certificates, added, endsAnywhere: true, ...(untold === undefined ? {} : { untold }) };
}

/**
 * Whether `setDefaultCACertificates` was called. NODE_USE_SYSTEM_CA adds to what is told, and not to
 * what Deno trusts.
 */
function isReplaced(told: readonly string[], trusted: readonly string[]): boolean {
  const system = deno.env.get("NODE_USE_SYSTEM_CA") === undefined
    ? []
    : tls.getCACertificates("system");
  const expected = new Set([...trusted, ...system]);
  const known = new Set(told);
  return !told.every((each) => expected.has(each)) || !trusted.every((each) => known.has(each));
}

/** What is in the file that the user named, in PEM, or why that is not known. */
function certificateFile(): { texts: readonly string[]; untold?: string } {
  const flag = certificateFlag();
  const name = flag || deno.env.get("DENO_CERT");
  const untold = flag === undefined
    ? { untold: "Deno tells nothing of a certificate that --cert names" }
    : {};
  if (!name) return { texts: [], ...untold };
  if (name.startsWith("base64:")) {
    return { texts: [Buffer.from(name.slice("base64:".length), "base64").toString()], ...untold };
  }
  try {
    if (!isGranted("read", { path: name })) throw new Error(`add --allow-read=${name}`);
    return { texts: [readFileSync(name, "utf8")], ...untold };
  } catch (error) {
    const { message } = error as Error;
    return { texts: [], untold: `Deno trusts what is in ${name}, which can't be read: ${message}` };
  }
}

/**
 * What `--cert` names, "" if it is not there, and `undefined` where nobody knows: only Linux shows a
 * process its command line, and Deno only to programs that may do everything.
 */
function certificateFlag(): string | undefined {
  const { args, build } = deno;
  if (build.standalone) return undefined; // Flags that it was compiled with are in the program.
  if (!EVERYTHING.every((name) => isGranted(name))) return undefined;
  try {
    const words = readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
    const flags = words.slice(0, words.length - args.length); // The rest is the program's.
    const at = flags.findLastIndex((each) => /^--cert(=|$)/.test(each));
    const flag = flags[at] ?? "";
    return flag === "--cert" ? flags[at + 1] : flag.slice("--cert=".length);
  } catch {
    return undefined;
  }
}
