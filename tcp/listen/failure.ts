/**
 * Why listening failed.
 *
 * @module
 */

import { authority } from "../../base/authority.ts";
import { codeOfErrno, ConnectError, type ConnectErrorCode } from "../errors.ts";
import { scopeAdvice } from "../name/scope.ts";
import { SystemCallError } from "../kernel/socket.ts";

/** What an errno means for a listener, and what to do about it. */
const reasons: Readonly<Record<string, readonly [ConnectErrorCode, string]>> = {
  EADDRINUSE: [
    "ADDRESS_IN_USE",
    "something listens there already; stop it, or take another port (0 picks a free one)",
  ],
  EADDRNOTAVAIL: [
    "ADDRESS_NOT_AVAILABLE",
    'this machine does not have that address; "0.0.0.0" and "::" stand for all it has',
  ],
  EACCES: [
    "PERMISSION_DENIED",
    "not permitted; ports below 1024 need privileges on most systems, higher ones do not",
  ],
};

/** The error for a caller that wanted to listen; `cause` is the system's or the runtime's error. */
export function listenFailure(
  at: { readonly hostname: string; readonly port: number },
  cause: unknown,
): ConnectError {
  const errno = cause instanceof SystemCallError ? cause.errno : (cause as { code?: string }).code;
  const { message } = cause as Error;
  const [code, reason] = reasons[errno ?? ""] ?? [codeOfErrno(errno), message];
  const name = errno === undefined || reason.includes(errno) ? "" : ` (${errno})`;
  const advice = scopeAdvice(at.hostname, errno ?? "EINVAL"); // Not every runtime tells the errno.
  return new ConnectError(
    code,
    `Could not listen on "${authority(at)}": ${reason}${name}${advice}`,
    { ...at, cause, ...(errno === undefined ? {} : { errno }) },
  );
}
