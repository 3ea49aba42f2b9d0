/**
 * Errors in the shape that Node's sockets give them, which libraries look at.
 *
 * @module
 */

import { constants } from "node:os";
import { FirstFlightError } from "../../base/errors.ts";
import type { AttemptFailure, ConnectError, ConnectErrorCode } from "../errors.ts";

/** An error of a socket, as `node:net` makes it. */
export interface NodeError extends Error {
  /** A name, such as `ECONNRESET`. */
  code?: string;
  /** The system's negative number for it. */
  errno?: number;
  syscall?: string;
  address?: string;
  port?: number;
  /** Of a name that was looked up. */
  hostname?: string;
}

/** What went wrong when. */
export type SystemCall = "connect" | "read" | "write";

/** The system's name for what has none of its own. */
const names: Readonly<Partial<Record<ConnectErrorCode, string>>> = {
  PERMISSION_DENIED: "EACCES",
  NAME_NOT_FOUND: "ENOTFOUND",
  LOOKUP_FAILED: "EAI_AGAIN",
  CONNECTION_REFUSED: "ECONNREFUSED",
  CONNECTION_RESET: "ECONNRESET",
  CLOSED_BY_PEER: "ECONNRESET",
  HOST_UNREACHABLE: "EHOSTUNREACH",
  NETWORK_UNREACHABLE: "ENETUNREACH",
  TIMED_OUT: "ETIMEDOUT",
  ADDRESS_IN_USE: "EADDRINUSE",
  ADDRESS_NOT_AVAILABLE: "EADDRNOTAVAIL",
};

/** Makes an error with Node's properties; ours becomes its cause. */
export function nodeError(
  message: string,
  properties: Readonly<Record<string, unknown>>,
  cause: unknown,
): NodeError {
  const error = new Error(message, cause === undefined ? {} : { cause });
  return Object.assign(error, properties);
}

/** Makes an error of a system call that has failed by the name `code`; `more` is what else it says. */
export function systemError(
  syscall: string,
  code: string,
  cause: unknown,
  more?: string,
): NodeError {
  const message = [syscall, code, ...(more === undefined ? [] : [more])].join(" ");
  return nodeError(message, { errno: numberOf(code), code, syscall }, cause);
}

/** Why a socket can't be used that is not connected, or is not any more. */
export function socketClosed(message: string): Error {
  return nodeError(message, { code: "ERR_SOCKET_CLOSED" }, undefined);
}

/** Why something was not sent over a socket that was destroyed here. */
export function writeCancelled(cause: unknown): Error {
  return nodeError("write ECANCELED", { code: "ECANCELED", syscall: "write" }, cause);
}

/** A {@linkcode ConnectError} as Node's sockets would have it; one that Node has no name for is itself. */
export function nodeErrorOf(error: ConnectError, syscall: SystemCall): Error {
  const { code, attempts, cause, errno } = error;
  if (errno === undefined && names[code] === undefined && !isSystemError(cause)) return error;
  if (code === "NAME_NOT_FOUND" || code === "LOOKUP_FAILED") return lookupError(error);
  // Only who has accepted a connection can reset it. Who does not accept it refuses it.
  const wasAccepted = syscall === "connect" && code === "CONNECTION_RESET";
  if (syscall !== "connect" || wasAccepted) {
    const name = nameOf(error, cause);
    const told = isSystemError(cause) && !wasAccepted ? cause.syscall : undefined;
    // Bun calls a write that failed a read. EPIPE is never the answer to one.
    const call = name === "EPIPE" ? "write" : wasAccepted ? "read" : told ?? syscall;
    return systemError(call, name, error);
  }
  // With Fast Open and without it are two attempts here, and one for Node.
  const last = [...new Map(attempts.map((failure) => [failure.address, failure])).values()];
  if (last.length <= 1) return connectError(error, last[0]);
  const errors = last.map((failure) => connectError(error, failure));
  const { code: first = code } = errors[0] ?? {};
  return Object.assign(new AggregateError(errors, "", { cause: error }), { code: first });
}

/** Whoever has looked the name up has an error of its own, which says what it says. */
function lookupError(error: ConnectError): NodeError {
  const { hostname, cause } = error;
  if (isSystemError(cause)) {
    const { message, code, errno, syscall } = cause;
    const name = cause.hostname === undefined ? {} : { hostname: cause.hostname };
    return nodeError(message, { errno, code, syscall, ...name }, error);
  }
  const name = nameOf(error, cause);
  const message = `getaddrinfo ${name} ${hostname}`;
  return nodeError(message, { code: name, syscall: "getaddrinfo", hostname }, error);
}

function connectError(error: ConnectError, failure: AttemptFailure | undefined): NodeError {
  const { port } = error;
  const name = nameOf(failure ?? error, error.cause);
  const address = failure?.address ?? error.hostname;
  return nodeError(
    `connect ${name} ${address}:${port}`,
    { errno: numberOf(name), code: name, syscall: "connect", address, port },
    error,
  );
}

function nameOf(
  { code, errno }: { readonly code: ConnectErrorCode; readonly errno?: string | undefined },
  cause: unknown,
): string {
  return errno ?? names[code] ?? (isSystemError(cause) ? cause.code : undefined) ?? code;
}

function numberOf(name: string): number | undefined {
  const number = (constants.errno as Readonly<Record<string, number>>)[name];
  return number === undefined ? undefined : -number;
}

function isSystemError(cause: unknown): cause is NodeError {
  return cause instanceof Error && "code" in cause && !(cause instanceof FirstFlightError);
}
