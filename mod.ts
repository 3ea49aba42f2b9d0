/**
 * TLS connections whose first flight rides in the TCP SYN (TCP Fast Open, RFC 7413), on Deno, Bun
 * and Node.
 *
 * ```ts no-eval
 * import { connectTls, FileSessionStore } from "@firstflight/tls";
 *
 * const request = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n";
 * using conn = await connectTls({
 *   hostname: "example.com",
 *   port: 443,
 *   earlyData: new TextEncoder().encode(request),
 *   sessions: new FileSessionStore("./sessions"), // for the next run
 * });
 *
 * for await (const chunk of conn.readable) console.log(chunk.length);
 * console.log(conn.fastOpen.outcome, conn.earlyData); // second run: "accepted" "accepted"
 * ```
 *
 * The comment holds for a server that gives both, a Fast Open cookie and a ticket that is good for early
 * data. Early data can be replayed by others: send only what may be repeated.
 *
 * @module
 */

export { type AttemptFailure, ConnectError, type ConnectErrorCode } from "./tcp/errors.ts";
export type { NetAddr } from "./tcp/conn.ts";
export { connect, type ConnectOptions, TcpConn } from "./tcp/connect.ts";
export type { ListenOptions } from "./tcp/listen.ts";
export {
  type AnyListener,
  enableFastOpen,
  type EnableFastOpenOptions,
  type ListenerFastOpen,
} from "./tcp/listener_fast_open.ts";
export type { DialOptions } from "./tcp/options.ts";
export type { FastOpenOutcome, FastOpenResult } from "./tcp/outcome.ts";
export { type BlockedPath, type KnownPath, type PathMemory, pathMemory } from "./tcp/paths.ts";
export { connectTls, type ConnectTlsOptions } from "./tls/connect.ts";
export { TlsConn, type TlsHandshakeInfo, type TlsTiming } from "./tls/conn.ts";
export { TlsDuplex } from "./tls/duplex.ts";
export type { EarlyDataStatus, EngineName, TlsVersion } from "./tls/engine.ts";
export { type CertificateErrorCode, TlsError, type TlsErrorCode } from "./tls/errors.ts";
export type { EngineFeatures } from "./tls/features.ts";
export {
  FileSessionStore,
  type FileSessionStoreOptions,
  type IgnoredSession,
} from "./tls/file_session_store.ts";
export { listenTls, type ListenTlsOptions, TlsListener } from "./tls/listen.ts";
export type { CommonTlsOptions, TlsClientOptions } from "./tls/options.ts";
export {
  MemorySessionStore,
  type MemorySessionStoreOptions,
  type SessionStore,
  type StoredSession,
} from "./tls/session.ts";
export type { TlsWarning, TlsWarningCode } from "./tls/warnings.ts";
export { startTls, type StartTlsOptions } from "./tls/start_tls.ts";
export { type FastOpenSupport, fastOpenSupport } from "./tls/support.ts";
export type { TcpFastOpenSupport } from "./tcp/support.ts";
export { type ConnFacts, StreamConn } from "./tcp/conn.ts";
