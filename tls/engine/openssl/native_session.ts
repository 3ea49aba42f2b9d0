/**
 * `SSL_SESSION`: to bytes for the store, and back.
 *
 * @module
 */

import { countNative } from "../../../base/census.ts";
import { Recent } from "../../../base/recent.ts";
import { pointerIn, readMemory, readString, slotOf } from "../../../ffi/memory.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { withPinned } from "../../../ffi/pin.ts";
import { runtime } from "../../../runtimes/mod.ts";
import type { SessionFacts, SessionTicket } from "../contract.ts";
import { derOf } from "./der.ts";
import { openssl } from "./library.ts";

/**
 * Native sessions of this process, by the bytes that were made of them. Reading a session from its
 * bytes takes longer than all other work for a ClientHello.
 */
const native = new Recent<Uint8Array, bigint>(64, freeSession);

/** Makes a ticket of a session that OpenSSL will soon free; `x509` is the peer's certificate. */
export function ticketOf(session: bigint, x509: bigint, group: string | undefined): SessionTicket {
  const library = openssl();
  const seconds = Math.min(promisedSeconds(session), timeLeft(x509));
  const bytes = derOf((slot) => library.i2d_SSL_SESSION(session, slot));
  library.SSL_SESSION_up_ref(session);
  countNative("SSL_SESSION", 1);
  native.set(bytes, session);
  return { session: bytes, lifetime: seconds * 1000, group };
}

/** Seconds during which the server promises to know a session. TLS 1.2 may leave them open. */
function promisedSeconds(session: bigint): number {
  const library = openssl();
  const hint = Number(library.SSL_SESSION_get_ticket_lifetime_hint(session));
  const open = library.SSL_SESSION_get_protocol_version(session) < OPENSSL.TLS1_3_VERSION;
  return open && hint === 0 ? Number(library.SSL_SESSION_get_timeout(session)) : hint;
}

/** Seconds until a certificate expires, negative once it has expired; 0 where that is unknown. */
function timeLeft(x509: bigint): number {
  const library = openssl();
  if (x509 === 0n) return 0; // A corrupt session may have lost it.
  const [days, seconds] = [new Int32Array(1), new Int32Array(1)];
  const bytes = ({ buffer }: Int32Array) => new Uint8Array(buffer);
  const until = library.X509_get0_notAfter(x509);
  if (library.ASN1_TIME_diff(bytes(days), bytes(seconds), 0n, until) !== 1) return 0;
  return days[0]! * 86_400 + seconds[0]!;
}

/**
 * The session in `bytes`, to be released with {@linkcode freeSession}; 0 when it can't be read.
 *
 * A session that is handed out is not kept here any longer: tickets are used once.
 */
export function readSession(bytes: Uint8Array): bigint {
  const kept = native.take(bytes);
  if (kept !== undefined) return kept;
  const library = openssl();
  const session = withPinned([bytes], () => {
    const slot = slotOf(runtime.addressOf(bytes));
    return library.d2i_SSL_SESSION(null, slot, BigInt(bytes.length));
  });
  library.ERR_clear_error();
  if (session !== 0n) countNative("SSL_SESSION", 1);
  return session;
}

/** The protocol (ALPN) that a session was agreed under; `null` if there was none. */
export function protocolOf(session: bigint): string | null {
  const data = slotOf(0n);
  const length = slotOf(0n); // size_t
  openssl().SSL_SESSION_get0_alpn_selected(session, data, length);
  const size = Number(pointerIn(length));
  return size === 0 ? null : new TextDecoder().decode(readMemory(pointerIn(data), size));
}

/** What a session promises; `undefined` when it can't be read, or is not for early data. */
export function describeSession(bytes: Uint8Array): SessionFacts | undefined {
  const session = readSession(bytes);
  if (session === 0n) return undefined;
  const library = openssl();
  const maxEarlyData = library.SSL_SESSION_get_max_early_data(session);
  const x509 = library.SSL_SESSION_get0_peer(session);
  const cipher = readString(
    library.SSL_CIPHER_standard_name(library.SSL_SESSION_get0_cipher(session)),
  );
  const facts: SessionFacts = {
    maxEarlyData,
    info: {
      protocol: "TLSv1.3", // Earlier versions have no early data.
      cipher: cipher ?? "",
      group: undefined,
      alpnProtocol: protocolOf(session),
      resumed: true,
      earlyData: "not-sent",
      peerCertificate: x509 === 0n ? undefined : derOf((slot) => library.i2d_X509(x509, slot)),
    },
  };
  native.set(bytes, session); // The connection will read it again.
  return facts;
}

/** Releases a session; 0 is allowed. */
export function freeSession(session: bigint): void {
  if (session === 0n) return;
  openssl().SSL_SESSION_free(session);
  countNative("SSL_SESSION", -1);
}

/** Releases the native sessions that are kept; for tests that count native objects. */
export function clearSessions(): void {
  native.clear();
}
