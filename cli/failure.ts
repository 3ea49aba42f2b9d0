/**
 * Errors as one line for people or for programs.
 *
 * @module
 */

import process from "node:process";
import { FirstFlightError } from "../mod.ts";
import { print, toJson } from "./output.ts";
import { exitCodes, UsageError } from "./usage.ts";

/** The library's names of options, and their names on the command line. */
const optionNames: readonly (readonly [RegExp, string])[] = [
  [/pass (.*?) in caCerts/g, "pass $1 with --ca"],
  [/pass it as serverName/g, "pass one with --servername"],
  [/Options "cert" and "key"/g, "--cert and --key"],
  [/Option "caCerts"/g, "--ca"],
  [/option "passphrase"/gi, "--passphrase-file"],
  [/option "postHandshakeAuth"/gi, "--post-handshake-auth"],
  [/Option "cert"/g, "--cert"],
  [/option "key"/gi, "--key"],
  [/Option "serverName"/g, "--servername"],
  [/option "alpnProtocols"/gi, "--alpn"],
  [/Option "groups"/gi, "--groups"],
  [/"alpnProtocols"/g, "--alpn"],
  [/option "sessions"/g, "--no-session-store"],
  [/Option "connectTimeout"/g, "--timeout"],
];

/** A failure that the command itself detects. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What went wrong, with a stable code. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** A message of the library, with the names that options have on the command line. */
export function inOurNames(message: string): string {
  return optionNames.reduce((text, [pattern, name]) => text.replace(pattern, name), message);
}

/**
 * The failure in an error of the library or of the system. Any other error is a bug: it is
 * rethrown.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof FirstFlightError) {
    return { code: error.code, message: inOurNames(error.message) };
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== "string" || typeof message !== "string") throw error;
  return { code, message };
}

/** Codes of failures that are mistakes in the command line. */
const slips = ["INVALID_OPTION", "INVALID_PEM"];

/**
 * Reports a failure on stderr in one line; resolves to the exit code.
 *
 * @throws {UsageError} when the command line is at fault
 */
export async function reportFailure(error: unknown, json: boolean): Promise<number> {
  const failure = failureOf(error);
  const message = failure.message.replaceAll(/\s*\n\s*/g, " ");
  if (slips.includes(failure.code)) throw new UsageError(message);
  const line = json ? toJson({ error: failure }) : `firstflight: ${message} [${failure.code}]`;
  await print(process.stderr, line);
  return exitCodes.failure;
}
