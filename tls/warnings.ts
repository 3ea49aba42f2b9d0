/**
 * Problems that a connection's owner should know of, although they are no errors.
 *
 * @module
 */

/**
 * Stable names of the problems that do not prevent a connection:
 *
 * - `"ENGINE_FALLBACK"`: OpenSSL could not be used, and the runtime's own TLS took its place
 * - `"HELLO_TOO_LARGE"`: the ClientHello did not fit the SYN, so the handshake took one more round
 *   trip
 * - `"SESSION_STORE_FAILED"`: the session store threw, rejected, or took too long
 * - `"SESSION_UNUSABLE"`: the session store handed out something that is no session, a session that
 *   has expired, or one that the engine can't use
 * - `"ROOTS_UNREADABLE"`: the user has told the runtime to trust what is no certificate, such as in
 *   NODE_EXTRA_CA_CERTS; it is left out
 * - `"SESSION_REFUSED"`: the server refused the session; a second connection was made without it
 */
export type TlsWarningCode =
  | "ENGINE_FALLBACK"
  | "HELLO_TOO_LARGE"
  | "SESSION_STORE_FAILED"
  | "SESSION_UNUSABLE"
  | "SESSION_REFUSED"
  | "ROOTS_UNREADABLE";

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

/** A session that ended a handshake; RFC 8446, appendix D.3, describes a harmless cause. */
export function refusedSession(why: string): TlsWarning {
  return {
    code: "SESSION_REFUSED",
    message: `The connection was made again, without the session: ${why}`,
  };
}

/** The warning about roots that the user has added, and that nobody can read. */
export function rootsUnreadable(count: number): TlsWarning {
  const what = count === 1 ? "One certificate" : `${count} certificates`;
  return {
    code: "ROOTS_UNREADABLE",
    message: `${what} can't be read, of those that this runtime was told to ` +
      "trust (NODE_EXTRA_CA_CERTS, or what else names a file of them); the rest is trusted",
  };
}
