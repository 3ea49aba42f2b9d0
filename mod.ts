/**
 * TLS connections whose first flight is sent in the TCP SYN (TCP Fast Open, RFC 7413), on Deno, Bun
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
 * The second run prints this if the server gives a Fast Open cookie and a session ticket that
 * allows early data. Others can replay early data: send only what may be repeated.
 *
 * @module
 */

export {
  FirstFlightError,
  type FirstFlightErrorDetails,
  OptionError,
  type OptionErrorDetails,
} from "./base/errors.ts";
export type { EarlyDataRule } from "./base/early_data_rule.ts";
export { type HttpEarlyDataRule, safe, type SafeRules } from "./http/safe.ts";
export { TcpConn } from "./tcp/conn.ts";
export { connect, type ConnectOptions } from "./tcp/connect.ts";
export {
  type AttemptFailure,
  ConnectError,
  type ConnectErrorCode,
  type ConnectErrorDetails,
} from "./tcp/errors.ts";
export type { ConnFacts, NetAddr } from "./tcp/facts.ts";
export type { SocketOptions } from "./tcp/face/settings.ts";
export { type SocketAddress, StreamSocket } from "./tcp/face/stream_socket.ts";
export type { TcpFastOpenSupport } from "./tcp/kernel/support.ts";
export {
  type AnyListener,
  enableFastOpen,
  type EnableFastOpenOptions,
  type ListenerFastOpen,
} from "./tcp/listen/enable_fast_open.ts";
export type { ListenOptions } from "./tcp/listen/listen.ts";
export type { LookupAddress, LookupFunction, LookupOptions } from "./tcp/name/resolver.ts";
export type { DialOptions } from "./tcp/options.ts";
export type { FastOpenOutcome, FastOpenResult } from "./tcp/outcome.ts";
export type { Setback } from "./base/setback.ts";
export {
  type BlockedPath,
  type KnownPath,
  type PathMemory,
  pathMemory,
} from "./tcp/paths/paths.ts";
export { TcpSocket } from "./tcp/socket.ts";
export { tcpSocket, type TcpSocketOptions } from "./tcp/tcp_socket.ts";
export { StreamConn } from "./tcp/stream_conn.ts";
export { type KnownServer, type ServerMemory, serverMemory } from "./tls/client/known_servers.ts";
export type { RefusedBy, SparedPart, SpecialPart } from "./tls/client/special.ts";
export { acceptTls } from "./tls/accept.ts";
export { TlsConn, type TlsHandshakeInfo, type TlsTiming } from "./tls/conn.ts";
export { connectTls, type ConnectTlsOptions } from "./tls/connect.ts";
export type { EarlyDataStatus, EngineName, TlsVersion } from "./tls/engine/contract.ts";
export type { EngineFeatures } from "./tls/engine/features.ts";
export {
  type CertificateErrorCode,
  TlsError,
  type TlsErrorCode,
  type TlsErrorDetails,
} from "./tls/errors.ts";
export { listenTls } from "./tls/listen.ts";
export type { CommonTlsOptions, Pem, TlsClientOptions } from "./tls/options.ts";
export { TlsListener } from "./tls/server/listener.ts";
export type { AcceptTlsOptions, ListenTlsOptions, TlsServerOptions } from "./tls/server/options.ts";
export {
  FileSessionStore,
  type FileSessionStoreOptions,
  type IgnoredSession,
} from "./tls/sessions/file_store.ts";
export { MemorySessionStore, type MemorySessionStoreOptions } from "./tls/sessions/memory_store.ts";
export type { SessionStore, StoredSession } from "./tls/sessions/store.ts";
export { PendingTls, prepareTls, type PrepareTlsOptions } from "./tls/prepare_tls.ts";
export type { OpenTransport, TransportWanted } from "./tls/client/open_transport.ts";
export type { CheckServerIdentity } from "./tls/client/server_identity.ts";
export { TlsSocket } from "./tls/socket.ts";
export type { TlsSocketOptions } from "./tls/socket_options.ts";
export { tlsSocket } from "./tls/tls_socket.ts";
export { startTls, type StartTlsOptions } from "./tls/start_tls.ts";
export type { AnyTransport } from "./tls/transport.ts";
export { type FastOpenSupport, fastOpenSupport } from "./tls/support.ts";
export type { TlsWarning, TlsWarningCode } from "./tls/warnings.ts";
