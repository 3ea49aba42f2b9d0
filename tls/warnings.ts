/**
 * What a connection's owner should know although it is no error.
 *
 * @module
 */

/**
 * Stable names of what can be wrong with a connection that stands:
 *
 * - `"ENGINE_FALLBACK"`: OpenSSL could not be used, and the runtime's own TLS took its place
 * - `"HELLO_TOO_LARGE"`: the ClientHello did not fit the SYN, so the handshake took a round trip more
 * - `"SESSION_STORE_FAILED"`: the session store threw, rejected, or took too long
 * - `"SESSION_UNUSABLE"`: the session store handed out something that is no session, one that has
 *   expired, or one that this OpenSSL can't use
 * - `"SESSION_REFUSED"`: the server did not go on with the session; a second connection was made without
 */
export type TlsWarningCode =
  | "ENGINE_FALLBACK"
  | "HELLO_TOO_LARGE"
  | "SESSION_STORE_FAILED"
  | "SESSION_UNUSABLE"
  | "SESSION_REFUSED";

/** Something that cost time and nothing else. */
export interface TlsWarning {
  /** What it is; stable across versions. */
  readonly code: TlsWarningCode;
  /** What happened and what to do about it, in words. */
  readonly message: string;
}

/** OpenSSL that could not be used; `lost` is what was asked for and can't be had without. */
export function engineFallback({ message }: Error, lost: readonly string[]): TlsWarning {
  const without = lost.length > 0 ? `, without ${lost.join(" and ")}` : "";
  return {
    code: "ENGINE_FALLBACK",
    message: `The runtime's own TLS took the place of OpenSSL${without}: ${message}`,
  };
}

/** A hello that is larger than the SYN has room for. */
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

/** Something that a store took for a session. */
export function sessionUnusable(what: string): TlsWarning {
  return {
    code: "SESSION_UNUSABLE",
    message: `The session store handed out ${what}; the handshake is a full one`,
  };
}

/** A session that ended the handshake (RFC 8446, appendix D.3, has one innocent cause). */
export function refusedSession(why: string): TlsWarning {
  return {
    code: "SESSION_REFUSED",
    message: `The connection was made again, without the session: ${why}`,
  };
}
