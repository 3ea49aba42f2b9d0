/**
 * Problems that a connection's owner should know of, although they are no errors.
 *
 * @module
 */

import type { Special } from "./client/special.ts";

/**
 * Stable names of the problems that do not prevent a connection:
 *
 * - `"ENGINE_FALLBACK"`: OpenSSL could not be used, and the runtime's own TLS took its place
 * - `"HELLO_TOO_LARGE"`: the ClientHello did not fit the SYN, so the handshake took one more round
 *   trip
 * - `"SESSION_STORE_FAILED"`: the session store threw, rejected, or took too long
 * - `"SESSION_UNUSABLE"`: the session store handed out something that is no session, a session that
 *   has expired, or one that the engine can't use
 * - `"SESSION_REFUSED"`: the server refused the session; a second connection was made without it
 * - `"HELLO_REFUSED"`: the server, or something on the way to it, turned down an unusual hello; a
 *   second connection was made with an ordinary one
 * - `"EARLY_DATA_UNSENT"`: the server did not take the early data, and has picked another protocol
 *   (ALPN) than they were meant for; they were not sent again
 */
export type TlsWarningCode =
  | "ENGINE_FALLBACK"
  | "HELLO_TOO_LARGE"
  | "SESSION_STORE_FAILED"
  | "SESSION_UNUSABLE"
  | "SESSION_REFUSED"
  | "HELLO_REFUSED"
  | "EARLY_DATA_UNSENT";

/** A problem that cost time, or a feature, but not the connection. */
export interface TlsWarning {
  /** The name of the problem; stable across versions. */
  readonly code: TlsWarningCode;
  /** The problem and its remedy, in words. */
  readonly message: string;
}

/** The warning that OpenSSL can't be used. `lost` names what was asked for and needs OpenSSL. */
export function engineFallback({ message }: Error, lost: readonly string[]): TlsWarning {
  const without = lost.length > 0 ? `, without ${lost.join(" and ")}` : "";
  return {
    code: "ENGINE_FALLBACK",
    message: `The runtime's own TLS took the place of OpenSSL${without}: ${message}`,
  };
}

/** The warning about a ClientHello that is larger than the room in the SYN. */
export function helloTooLarge(
  { hello, room }: { readonly hello: number; readonly room: number },
  group: string | undefined,
): TlsWarning {
  return {
    code: "HELLO_TOO_LARGE",
    message: `The ClientHello has ${hello} bytes and a SYN to this server room for ${room}; ` +
      `${group ? `the key share for ${group}` : "a key share"} or some of alpnProtocols would ` +
      `have to go (option "groups")`,
  };
}

/** The warning about something that a store handed out as a session. */
export function sessionUnusable(what: string): TlsWarning {
  return {
    code: "SESSION_UNUSABLE",
    message: `The session store handed out ${what}; the handshake is a full one`,
  };
}

/** Early data for the protocol of an earlier connection, which is not that of this one. */
export function earlyDataUnsent(meantFor: string | null, picked: string | null): TlsWarning {
  const name = (protocol: string | null) => protocol === null ? "no protocol" : `"${protocol}"`;
  return {
    code: "EARLY_DATA_UNSENT",
    message:
      `The early data were not sent again: they were meant for ${name(meantFor)}, which was ` +
      `agreed on before, and the server has now picked ${name(picked)}`,
  };
}

/** A session that ended a handshake; RFC 8446, appendix D.3, describes a harmless cause. */
export function refusedSession(why: string): TlsWarning {
  return {
    code: "SESSION_REFUSED",
    message: `The connection was made again, without the session: ${why}`,
  };
}

/** Special parts that ended a handshake. Early data go with their session. */
export function refusedParts(parts: readonly Special[], why: string): TlsWarning {
  if (parts.includes("session")) return refusedSession(why);
  return {
    code: "HELLO_REFUSED",
    message: `The connection was made again, without the ${parts.join(" and the ")}: ${why}; ` +
      "serverMemory says until when later ones go without",
  };
}
