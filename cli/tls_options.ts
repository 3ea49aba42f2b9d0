/**
 * TLS options that the connecting commands share.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type { TlsClientOptions } from "../mod.ts";
import { type OptionSpecs, type OptionValues, readNumber, UsageError } from "./usage.ts";

/** Options for trust, identity, what the client offers, and how long it waits. */
export const tlsOptions = {
  ca: {
    type: "string",
    multiple: true,
    value: "FILE",
    help: "trust these roots (PEM) instead of the runtime's own; may be repeated",
  },
  cert: { type: "string", value: "FILE", help: "show this certificate (PEM, leaf first)" },
  key: { type: "string", value: "FILE", help: "with this private key (PEM)" },
  "passphrase-file": {
    type: "string",
    value: "FILE",
    help: "open the key by the passphrase in the first line of this file",
  },
  "post-handshake-auth": {
    type: "boolean",
    help: "show the certificate also to a server that asks for it later",
  },
  servername: { type: "string", value: "NAME", help: "ask for and verify this name" },
  "tls1.2": { type: "boolean", help: "speak TLS 1.2 only" },
  "tls1.3": { type: "boolean", help: "speak TLS 1.3 only" },
  groups: {
    type: "string",
    value: "LIST",
    help:
      'offer these key-exchange groups, as in X25519,P-256; or "full": all, whatever their size',
  },
  timeout: { type: "string", value: "MS", help: "give up connecting after this time (30000)" },
} as const satisfies OptionSpecs;

/** The largest delay that timers take. */
const LONGEST = 0x7fffffff;

/**
 * The options of `connectTls` that the command line's options stand for.
 *
 * @throws {UsageError} when two options contradict each other, or a file can't be read
 */
export async function readTlsOptions(
  values: OptionValues<typeof tlsOptions>,
): Promise<Partial<TlsClientOptions>> {
  const { ca, cert, key, servername, groups, timeout, "passphrase-file": passphrase } = values;
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("Options --cert and --key go together");
  }
  if (values["tls1.2"] && values["tls1.3"]) {
    throw new UsageError("Options --tls1.2 and --tls1.3 contradict each other");
  }
  const version = values["tls1.2"] ? "TLSv1.2" : values["tls1.3"] ? "TLSv1.3" : undefined;
  const limits = { from: 1, to: LONGEST };
  return {
    ...(ca ? { caCerts: await Promise.all(ca.map((file) => readText("ca", file))) } : {}),
    ...(cert !== undefined ? { cert: await readText("cert", cert) } : {}),
    ...(key !== undefined ? { key: await readText("key", key) } : {}),
    ...(passphrase !== undefined
      ? { passphrase: firstLine(await readText("passphrase-file", passphrase)) }
      : {}),
    ...(values["post-handshake-auth"] ? { postHandshakeAuth: true } : {}),
    ...(servername !== undefined ? { serverName: servername } : {}),
    ...(version ? { minVersion: version, maxVersion: version } : {}),
    ...(groups !== undefined ? { groups: readGroups(groups) } : {}),
    ...(timeout !== undefined ? { connectTimeout: readNumber("timeout", timeout, limits) } : {}),
  };
}

/** Splits a list at its commas. */
export function readList(text: string): string[] {
  return text.split(",").map((part) => part.trim());
}

function readGroups(text: string): "fit" | "full" | string[] {
  return text === "fit" || text === "full" ? text : readList(text);
}

/** As OpenSSL's commands read a passphrase: editors end a file with a newline. */
function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? "";
}

async function readText(option: string, file: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(option, file));
}

/**
 * The content of the file that an option names.
 *
 * @throws {UsageError} when the file can't be read
 */
export async function readBytes(option: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const why = code === "ENOENT" ? "there is no such file" : message;
    throw new UsageError(`Option --${option} can't read "${file}": ${why}`);
  }
}
