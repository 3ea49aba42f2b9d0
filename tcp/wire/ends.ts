/**
 * How connections end.
 *
 * @module
 */

import { quoted } from "../../base/authority.ts";
import { codeOfErrno, ConnectError } from "../errors.ts";
import type { Wire } from "./wire.ts";

/** The other end of a connection, for error messages. */
export interface Peer {
  readonly hostname: string;
  readonly port: number;
}

/** The error for reads and writes after the connection was closed on this side. */
export function closedHere(peer: Peer): ConnectError {
  return new ConnectError(
    "CONNECTION_CLOSED",
    `The connection to ${quoted(peer)} was closed on this side`,
    { hostname: peer.hostname, port: peer.port },
  );
}

/** A socket's error as a {@linkcode ConnectError}. */
export function connectionBroken(error: Error & { code?: string }, peer: Peer): ConnectError {
  if (error instanceof ConnectError) return error; // A transport has said what it is.
  const code = codeOfErrno(error.code);
  const name = error.code ? ` (${error.code})` : "";
  return new ConnectError(
    code,
    `The connection to ${quoted(peer)} broke${name}`,
    { ...peer, cause: error, ...(error.code ? { errno: error.code } : {}) },
  );
}

/** The error for writes to a peer that has gone, where nobody says more than that. */
export function peerGone(peer: Peer): ConnectError {
  const properties = { code: "EPIPE", syscall: "write" };
  return connectionBroken(Object.assign(new Error("write EPIPE"), properties), peer);
}

/** Ends the writing side. Resolves when all written bytes were sent, or the socket has closed. */
export async function endOf({ socket }: Wire, peer: Peer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onClose = () => resolve();
  const onError = (error: Error) => reject(connectionBroken(error, peer));
  socket.once("close", onClose).once("error", onError);
  socket.end(resolve);
  try {
    await promise;
  } finally {
    socket.off("close", onClose).off("error", onError);
  }
}
