/**
 * Why a connection could not be opened.
 *
 * @module
 */

import { scopeAdvice } from "./scope.ts";

/**
 * Stable reasons for which TCP fails:
 *
 * - `"INVALID_OPTION"`: an option has the wrong type or value
 * - `"PERMISSION_DENIED"`: the runtime, the system or a firewall does not permit it
 * - `"NAME_NOT_FOUND"`: there is no such name, or it has no address
 * - `"LOOKUP_FAILED"`: the resolver could not tell whether there is
 * - `"CONNECTION_REFUSED"`: nothing listens on that port
 * - `"CONNECTION_RESET"`: the peer reset the connection
 * - `"CONNECTION_CLOSED"`: the connection was closed, by the peer before it answered or on this side
 * - `"HOST_UNREACHABLE"`: no route to the host
 * - `"NETWORK_UNREACHABLE"`: no route to its network
 * - `"TIMED_OUT"`: no answer in time
 * - `"ADDRESS_IN_USE"`: something listens on that address and port already
 * - `"ADDRESS_NOT_AVAILABLE"`: the address to listen on is none of this machine's
 * - `"SYSTEM_ERROR"`: a system call failed for another reason, named in `errno`
 */
export type ConnectErrorCode =
  | "INVALID_OPTION"
  | "PERMISSION_DENIED"
  | "NAME_NOT_FOUND"
  | "LOOKUP_FAILED"
  | "CONNECTION_REFUSED"
  | "CONNECTION_RESET"
  | "CONNECTION_CLOSED"
  | "HOST_UNREACHABLE"
  | "NETWORK_UNREACHABLE"
  | "TIMED_OUT"
  | "ADDRESS_IN_USE"
  | "ADDRESS_NOT_AVAILABLE"
  | "SYSTEM_ERROR";

/** One address that was tried and how it ended. */
export interface AttemptFailure {
  /** The address, as `192.0.2.1` or `fe80::1%eth0`. */
  readonly address: string;
  /** Why it failed. */
  readonly code: ConnectErrorCode;
  /** The operating system's name for it where there is one, such as `ECONNREFUSED`. */
  readonly errno?: string;
  /** The host had accepted the connection, and then said nothing. */
  readonly accepted?: boolean;
}

/** Facts an error carries beside its message. */
export interface ConnectErrorDetails {
  readonly hostname?: string;
  readonly port?: number;
  readonly errno?: string;
  readonly attempts?: readonly AttemptFailure[];
  readonly cause?: unknown;
}

/**
 * A TCP connection could not be opened, or broke. Nothing is left open when this is thrown.
 *
 * ```ts
 * import { connect, ConnectError } from "@firstflight/tls";
 *
 * try {
 *   await connect({ hostname: "127.0.0.1", port: 1 });
 * } catch (error) {
 *   if (error instanceof ConnectError) console.log(error.code); // "CONNECTION_REFUSED"
 * }
 * ```
 */
export class ConnectError extends Error {
  /** The class's name, as in the stack trace. */
  override readonly name = "ConnectError";
  /** What went wrong; stable across versions. */
  readonly code: ConnectErrorCode;
  /** The host that was asked for. */
  readonly hostname: string | undefined;
  /** The port that was asked for. */
  readonly port: number | undefined;
  /** The operating system's name for it where there is one, such as `ECONNREFUSED`. */
  readonly errno: string | undefined;
  /** Every address that was tried, in order. */
  readonly attempts: readonly AttemptFailure[];

  /** @ignore */
  constructor(code: ConnectErrorCode, message: string, details: ConnectErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.hostname = details.hostname;
    this.port = details.port;
    this.errno = details.errno;
    this.attempts = details.attempts ?? [];
  }
}

/** What an errno means for the one who asked for a connection. */
const meanings: Readonly<Record<string, ConnectErrorCode>> = {
  ECONNREFUSED: "CONNECTION_REFUSED",
  ECONNRESET: "CONNECTION_RESET",
  EPIPE: "CONNECTION_RESET",
  ECONNABORTED: "CONNECTION_RESET",
  EHOSTUNREACH: "HOST_UNREACHABLE",
  EHOSTDOWN: "HOST_UNREACHABLE",
  ENETUNREACH: "NETWORK_UNREACHABLE",
  // No local address, or no free port, to connect from; of a listener's it says something else.
  EADDRNOTAVAIL: "NETWORK_UNREACHABLE",
  EAFNOSUPPORT: "NETWORK_UNREACHABLE",
  ETIMEDOUT: "TIMED_OUT",
  // A local firewall's verdict on the packet, which the caller can't tell from a distant one.
  EPERM: "PERMISSION_DENIED",
  EACCES: "PERMISSION_DENIED",
};

/** The stable code for an errno's name. */
export function codeOfErrno(errno: string | undefined): ConnectErrorCode {
  return (errno && meanings[errno]) || "SYSTEM_ERROR";
}

const sentences: Readonly<Record<ConnectErrorCode, string>> = {
  INVALID_OPTION: "an option is not valid",
  PERMISSION_DENIED: "not permitted",
  NAME_NOT_FOUND: "the name is unknown; check its spelling and the resolver",
  LOOKUP_FAILED: "the resolver failed",
  CONNECTION_REFUSED: "nothing listens on that port",
  CONNECTION_RESET: "the peer reset the connection",
  CONNECTION_CLOSED: "the peer closed the connection before it answered",
  HOST_UNREACHABLE: "no route to the host",
  NETWORK_UNREACHABLE: "no route to that network from here",
  TIMED_OUT: "no answer in time",
  ADDRESS_IN_USE: "the address is in use",
  ADDRESS_NOT_AVAILABLE: "this machine does not have that address",
  SYSTEM_ERROR: "a system call failed",
};

/** Every attempt and its end, for messages; "" when there was none. */
export function listOf(attempts: readonly AttemptFailure[]): string {
  if (attempts.length === 0) return "";
  const lines = attempts.map((failure) => `${failure.address}: ${describe(failure)}`);
  return ` (tried ${lines.join("; ")})`;
}

/** A failure in words, for messages. */
export function describe({ address, code, errno, accepted }: AttemptFailure): string {
  if (accepted) return "it accepted the connection and then said nothing";
  const name = errno ? ` (${errno})` : "";
  return sentences[code] + name + scopeAdvice(address, errno);
}
