/**
 * Why a connection or a listener failed.
 *
 * @module
 */

import { quoted } from "../base/authority.ts";
import { FirstFlightError } from "../base/errors.ts";
import { scopeAdvice } from "./name/scope.ts";

/**
 * Stable reasons for which TCP fails:
 *
 * - `"PERMISSION_DENIED"`: the runtime, the system or a firewall does not permit it
 * - `"NAME_NOT_FOUND"`: there is no such name, or it has no address of the family asked for
 * - `"LOOKUP_FAILED"`: the resolver could not tell whether the name exists
 * - `"CONNECTION_REFUSED"`: nothing listens on that port
 * - `"CONNECTION_RESET"`: the peer reset the connection
 * - `"CLOSED_BY_PEER"`: the peer closed the connection before it answered
 * - `"CONNECTION_CLOSED"`: the connection was closed on this side
 * - `"LISTENER_CLOSED"`: the listener was closed
 * - `"NOT_LISTENING"`: no socket of this process listens on that address and port
 * - `"HOST_UNREACHABLE"`: no route to the host
 * - `"NETWORK_UNREACHABLE"`: no route to its network
 * - `"TIMED_OUT"`: no answer in time
 * - `"TRANSPORT_FAILED"`: the stream that TLS was started on failed; `cause` is its own error
 * - `"ADDRESS_IN_USE"`: something listens on that address and port already
 * - `"ADDRESS_NOT_AVAILABLE"`: this machine does not have the address to listen on or to connect
 *   from, or that address does not lead to the destination
 * - `"IN_USE"`: a connection is used by its other face, or by a read or write
 * - `"SYSTEM_ERROR"`: a system call failed for another reason, named in `errno`
 */
export type ConnectErrorCode =
  | "PERMISSION_DENIED"
  | "NAME_NOT_FOUND"
  | "LOOKUP_FAILED"
  | "CONNECTION_REFUSED"
  | "CONNECTION_RESET"
  | "CLOSED_BY_PEER"
  | "CONNECTION_CLOSED"
  | "LISTENER_CLOSED"
  | "NOT_LISTENING"
  | "HOST_UNREACHABLE"
  | "NETWORK_UNREACHABLE"
  | "TIMED_OUT"
  | "TRANSPORT_FAILED"
  | "ADDRESS_IN_USE"
  | "ADDRESS_NOT_AVAILABLE"
  | "IN_USE"
  | "SYSTEM_ERROR";

/** One address that was tried, and how the attempt ended. */
export interface AttemptFailure {
  /** The address, as `192.0.2.1` or `fe80::1%eth0`. */
  readonly address: string;
  /** Why the attempt failed. */
  readonly code: ConnectErrorCode;
  /** The operating system's name for the failure, if there is one, such as `ECONNREFUSED`. */
  readonly errno?: string;
  /** Whether the host had accepted the connection and then sent nothing. */
  readonly accepted?: boolean;
}

/** Facts that a {@linkcode ConnectError} carries besides its message. */
export interface ConnectErrorDetails {
  /** The host that was asked for. */
  readonly hostname?: string;
  /** The port that was asked for. */
  readonly port?: number;
  /** The operating system's name for the failure. */
  readonly errno?: string;
  /** Every address that was tried, in the order in which they failed. */
  readonly attempts?: readonly AttemptFailure[];
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * A TCP connection could not be opened or broke, or a listener could not start. Nothing is left
 * open when this is thrown.
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
export class ConnectError extends FirstFlightError {
  /** The class's name, as in the stack trace. */
  override readonly name = "ConnectError";
  /** What went wrong; stable across versions. */
  override readonly code: ConnectErrorCode;
  /** The operating system's name for the failure, if there is one, such as `ECONNREFUSED`. */
  readonly errno: string | undefined;
  /** Every address that was tried, in the order in which they failed. */
  readonly attempts: readonly AttemptFailure[];

  /** Makes an error, for example in a test double. */
  constructor(code: ConnectErrorCode, message: string, details: ConnectErrorDetails = {}) {
    super(message, { ...details, retryable: isRetryable(code, details.errno) });
    this.code = code;
    this.errno = details.errno;
    this.attempts = details.attempts ?? [];
  }
}

/** Failures that may not happen again: they depend on other programs, or on the moment. */
const passing: ReadonlySet<ConnectErrorCode> = new Set([
  "LOOKUP_FAILED",
  "CONNECTION_REFUSED",
  "CONNECTION_RESET",
  "CLOSED_BY_PEER",
  "HOST_UNREACHABLE",
  "NETWORK_UNREACHABLE",
  "TIMED_OUT",
  "ADDRESS_IN_USE",
]);

/** System errors about a resource that other programs may free again. */
const scarce: ReadonlySet<string> = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

function isRetryable(code: ConnectErrorCode, errno: string | undefined): boolean {
  return passing.has(code) || (errno !== undefined && scarce.has(errno));
}

/** What an errno means to a caller that asked for a connection. */
export const meanings: Readonly<Record<string, ConnectErrorCode>> = {
  ECONNREFUSED: "CONNECTION_REFUSED",
  ECONNRESET: "CONNECTION_RESET",
  EPIPE: "CONNECTION_RESET",
  ECONNABORTED: "CONNECTION_RESET",
  EHOSTUNREACH: "HOST_UNREACHABLE",
  EHOSTDOWN: "HOST_UNREACHABLE",
  ENETUNREACH: "NETWORK_UNREACHABLE",
  // No local address or no free port to connect from. For a listener it means something else.
  EADDRNOTAVAIL: "NETWORK_UNREACHABLE",
  EAFNOSUPPORT: "NETWORK_UNREACHABLE",
  ETIMEDOUT: "TIMED_OUT",
  // A local firewall refused the packet. The caller can't tell it from a distant firewall.
  EPERM: "PERMISSION_DENIED",
  EACCES: "PERMISSION_DENIED",
};

/** The stable code for an errno's name. */
export function codeOfErrno(errno: string | undefined): ConnectErrorCode {
  return (errno && meanings[errno]) || "SYSTEM_ERROR";
}

/**
 * The error of a stream that carries a connection. `peer` is the other end of the connection, not of
 * the stream.
 */
export function transportBroken(
  cause: unknown,
  peer: { readonly hostname: string; readonly port: number },
): ConnectError {
  const { message, code } = (cause ?? {}) as Partial<Record<string, string>>;
  const errno = cause instanceof ConnectError ? cause.errno : code;
  const meaning = cause instanceof ConnectError ? cause.code : meanings[errno ?? ""];
  return new ConnectError(
    meaning ?? "TRANSPORT_FAILED",
    `The transport of the connection to ${quoted(peer)} broke: ${message || code || cause}`,
    {
      hostname: peer.hostname,
      port: peer.port,
      cause,
      ...(meaning && errno !== undefined ? { errno } : {}),
    },
  );
}

const sentences: Readonly<Record<ConnectErrorCode, string>> = {
  PERMISSION_DENIED: "not permitted, by a sandbox, a firewall or a route",
  NAME_NOT_FOUND: "the name is unknown; check its spelling and the resolver",
  LOOKUP_FAILED: "the resolver failed",
  CONNECTION_REFUSED: "nothing listens on that port",
  CONNECTION_RESET: "the peer reset the connection",
  CLOSED_BY_PEER: "the peer closed the connection before it answered",
  CONNECTION_CLOSED: "the connection was closed on this side",
  LISTENER_CLOSED: "the listener was closed",
  NOT_LISTENING: "nothing in this process listens there",
  HOST_UNREACHABLE: "no route to the host",
  NETWORK_UNREACHABLE: "no route to that network from here",
  TIMED_OUT: "no answer in time",
  TRANSPORT_FAILED: "the stream that carries the connection failed",
  ADDRESS_IN_USE: "the address is in use",
  ADDRESS_NOT_AVAILABLE: "this machine does not have that local address, or it does not lead there",
  IN_USE: "the connection is in use",
  SYSTEM_ERROR: "a system call failed",
};

/** Lists every attempt and how it ended, for messages; "" if there was none. */
export function listOf(attempts: readonly AttemptFailure[]): string {
  if (attempts.length === 0) return "";
  const lines = attempts.map((failure) => `${failure.address}: ${describe(failure)}`);
  return ` (tried ${lines.join("; ")})`;
}

/** Describes a failure in words, for messages. */
export function describe({ address, code, errno, accepted }: AttemptFailure): string {
  if (accepted) return "it accepted the connection and then said nothing";
  const name = errno ? ` (${errno})` : "";
  return sentences[code] + name + scopeAdvice(address, errno);
}
