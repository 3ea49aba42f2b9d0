/**
 * Problems that a connection's owner should know of, although they are no errors.
 *
 * @module
 */

import type { SpecialPart } from "./client/special.ts";
import {
  ALPN,
  KEY_SHARE,
  PRE_SHARED_KEY,
  SERVER_NAME,
  SESSION_TICKET,
} from "./engine/client_hello.ts";

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
 * - `"HELLO_REFUSED"`: the server, or something on the way to it, turned down something special in the
 *   first flight other than a session (`SpecialPart`); a second connection was made without it
 * - `"EARLY_DATA_UNSENT"`: the server did not take the early data, and has picked another protocol
 *   (ALPN) than they were meant for; they were not sent again
 * - `"RENEGOTIATION_REFUSED"`: the peer wanted another handshake on the connection (TLS 1.2), which
 *   this side refused; the peer may do without, or with less
 */
export type TlsWarningCode =
  | "ENGINE_FALLBACK"
  | "HELLO_TOO_LARGE"
  | "SESSION_STORE_FAILED"
  | "SESSION_UNUSABLE"
  | "SESSION_REFUSED"
  | "HELLO_REFUSED"
  | "EARLY_DATA_UNSENT"
  | "RENEGOTIATION_REFUSED"
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

/** A ClientHello: how many bytes it has, and how many of them each extension takes. */
export interface HelloSize {
  readonly length: number;
  readonly extensions: ReadonlyMap<number, number>;
}

/** The warning about a ClientHello that is larger than the room in the SYN. */
export function helloTooLarge(
  hello: HelloSize,
  room: number,
  group: string | undefined,
): TlsWarning {
  return {
    code: "HELLO_TOO_LARGE",
    message:
      `The ClientHello has ${hello.length} bytes and a SYN to this server room for ${room}; ` +
      `large is ${largeParts(hello, room, group)}`,
  };
}

/** The parts of a ClientHello that would have to go so that it fits, the largest first. */
function largeParts(
  { length, extensions }: HelloSize,
  room: number,
  group: string | undefined,
): string {
  const ticket = 'the session ticket (option "sessions")';
  const names: readonly (readonly [number, string])[] = [
    [KEY_SHARE, `the key share for ${group ?? "the key exchange"} (option "groups")`],
    [PRE_SHARED_KEY, ticket],
    [SESSION_TICKET, ticket],
    [ALPN, 'the list of protocols (option "alpnProtocols")'],
    [SERVER_NAME, "the server's name"],
  ];
  const parts = names
    .map(([extension, name]) => ({ name, bytes: extensions.get(extension) ?? 0 }))
    .sort((a, b) => b.bytes - a.bytes);
  const large: string[] = [];
  let left = length;
  for (const { name, bytes } of parts) {
    if (left <= room || bytes === 0) break;
    large.push(`${name} with ${bytes}`);
    left -= bytes;
  }
  return large.join(", then ") || "what the TLS library adds";
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

/** The warning about another handshake that the peer has asked for. */
export function refusedRenegotiation(side: "client" | "server"): TlsWarning {
  const message = side === "server"
    ? "The client asked for another handshake (renegotiation), and this side refused"
    : "The server asked for another handshake (renegotiation), perhaps for a client's certificate, " +
      'and this side refused; option "postHandshakeAuth" allows it';
  return { code: "RENEGOTIATION_REFUSED", message };
}

/** A session that ended a handshake; RFC 8446, appendix D.3, describes a harmless cause. */
export function refusedSession(why: string): TlsWarning {
  return {
    code: "SESSION_REFUSED",
    message: `The connection was made again, without the session: ${why}`,
  };
}

/** SpecialPart parts that ended a handshake. Early data go with their session. */
export function refusedParts(parts: readonly SpecialPart[], why: string): TlsWarning {
  const reason = `${why}; serverMemory says until when later ones go without`;
  if (parts.includes("session")) return refusedSession(reason);
  return {
    code: "HELLO_REFUSED",
    message: `The connection was made again, without the ${parts.join(" and the ")}: ${reason}`,
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
