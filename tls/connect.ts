/**
 * Opens TLS connections.
 *
 * @module
 */

import { TcpConn } from "../tcp/connect.ts";
import { abortable, type Deadline, withDeadline } from "../tcp/deadline.ts";
import { dial } from "../tcp/dial.ts";
import { ConnectError } from "../tcp/errors.ts";
import { checkDialOptions, type DialOptions, mustBe } from "../tcp/options.ts";
import { snapshot } from "../tcp/snapshot.ts";
import type { Peer } from "../tcp/stream.ts";
import { TlsConn } from "./conn.ts";
import { type Connected, FirstWriteStream } from "./first_write.ts";
import { digest } from "./digest.ts";
import type { ClientConfig, Engine } from "./engine.ts";
import { chooseEngine, type Chosen } from "./engines.ts";
import { TlsError } from "./errors.ts";
import { featuresOf } from "./features.ts";
import { Hello } from "./hello.ts";
import { keyLogOf } from "./keylog.ts";
import { knownServer, learnServer } from "./known_servers.ts";
import { certificateName, checkClientOptions, type TlsClientOptions } from "./options.ts";
import { Resumption } from "./resumption.ts";
import { MemorySessionStore, type StoredSession } from "./session.ts";
import { refusedSession, type TlsWarning, tooLarge, unusable } from "./warnings.ts";
import { TlsStream } from "./stream.ts";
import { trustName } from "./trust.ts";

/** Options of {@linkcode connectTls}. */
export interface ConnectTlsOptions extends DialOptions, TlsClientOptions {
  /**
   * Bytes to send with the ClientHello, before the handshake (RFC 8446, section 2.3). They need a
   * session from an earlier connection; without one, or when the server rejects them, they are sent
   * after the handshake.
   *
   * Early data can be **replayed**: an attacker can send the same flight again, and the server may
   * act on it again. Send only what may be repeated, such as a GET or a DNS query.
   *
   * Of the attempts that race for a connection one alone carries them. Should another one win, they
   * are sent on that after the handshake, when the first has been closed.
   *
   * `"first-write"` makes early data of what is written first: the promise resolves at once, and the
   * connection is made by the first `write()`, with all that is written in the same turn of the event
   * loop, or by `handshake()` without. So an HTTP client's request can ride in the SYN although nobody
   * knew it before. Reading waits and makes no connection; until it stands, what it was asked about
   * itself throws `NOT_CONNECTED`.
   */
  earlyData?: Uint8Array | "first-write";
}

/** Options of {@linkcode startTls}. */
export interface StartTlsOptions extends TlsClientOptions {
  /** The server's name; by default the one the connection was opened to. */
  hostname?: string;
  /** Gives up when aborted; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds until the handshake must be complete. Default 30,000. */
  connectTimeout?: number;
}

/** Sessions of connections that name no store of their own. */
const defaultSessions = new MemorySessionStore();

/** A group whose key share is too large for a hello that also resumes; see `groupsFor`. */
const isHybrid = (group: string | undefined) => group?.includes("MLKEM") ?? false;

/** What was done to make the hello small did not go down well: it is made again without. */
class TryAgain extends Error {
  readonly plan: Plan;

  constructor(plan: Plan) {
    super("the connection is made again");
    this.plan = plan;
  }
}

/** Everything one attempt at a TLS connection is made from. */
interface Plan {
  readonly makeEngine: Chosen["make"];
  readonly config: ClientConfig;
  readonly resumption: Resumption;
  readonly stored: StoredSession | undefined;
  readonly earlyData: Uint8Array | undefined;
  /** Whether the hello may be cut to fit a SYN. */
  readonly fit: boolean;
  /** What the caller should know although it is no error; added to as it is found. */
  readonly warnings: TlsWarning[];
}

/**
 * Opens a TLS connection whose first flight rides in the SYN where Fast Open (RFC 7413) allows.
 *
 * With a cookie from an earlier connection the ClientHello is in the SYN and the handshake is complete
 * after one round trip; with a session and `earlyData` the request is there too, and the answer's
 * first byte is back after one. The certificate is verified against the runtime's roots and the host
 * name; that can't be switched off.
 *
 * The addresses of the host race, and so do Fast Open and a plain connection where the path loses
 * SYNs with data; the first attempt that the server answers wins (RFC 8305).
 *
 * Needs `--allow-net` under Deno and under Node's `--permission`, and `--allow-ffi` for Fast Open and
 * OpenSSL; without that, or without OpenSSL, the runtime's own TLS does the work and
 * `conn.warnings` says so. For OpenSSL Deno's own roots also need `--allow-sys` and
 * `--allow-env=NODE_USE_SYSTEM_CA`; without, the system's take their place.
 *
 * ```ts
 * import { connectTls, listenTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 *
 * const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * (async () => {
 *   for await (const conn of listener) await conn.write(new TextEncoder().encode("hello"));
 * })();
 *
 * using conn = await connectTls({
 *   hostname: "127.0.0.1",
 *   port: listener.addr.port,
 *   caCerts: [cert],
 *   serverName: "localhost",
 * });
 * console.log(conn.protocol, conn.fastOpen.outcome); // "TLSv1.3" "cookie-requested"
 * listener.close();
 * ```
 *
 * @throws {ConnectError} when no address could be connected to in time
 * @throws {TlsError} when the handshake or the verification fails, or an option is wrong
 */
export async function connectTls(given: ConnectTlsOptions): Promise<TlsConn> {
  const options = snapshot(given);
  checkDialOptions(options);
  checkClientOptions(options, options);
  const { earlyData } = options;
  const chosen = chooseEngine(options, options);
  if (earlyData === "first-write") {
    const pending = new FirstWriteStream(options, chosen.name, (first, signal) => {
      return establish({ ...options, signal }, chosen, first);
    });
    return new TlsConn(pending, pending);
  }
  const { stream, ...known } = await establish(options, chosen, earlyData);
  return new TlsConn(stream, known);
}

/** Connects, a second time where what made the first hello small did not go down well. */
async function establish(
  options: DialOptions & TlsClientOptions,
  chosen: Chosen,
  earlyData: Uint8Array | undefined,
): Promise<Connected> {
  const { hostname, port } = options;
  return await withDeadline(options, async (deadline) => {
    let plan = await makePlan(options, { hostname, port }, chosen, deadline, earlyData);
    for (;;) {
      try {
        return await open(options, deadline, plan);
      } catch (error) {
        if (!(error instanceof TryAgain)) throw error;
        plan = error.plan;
      }
    }
  });
}

/** One race. */
async function open(options: DialOptions, deadline: Deadline, plan: Plan): Promise<Connected> {
  const { hostname, port } = options;
  const { makeEngine, resumption, stored, earlyData, fit, warnings } = plan;
  const config = { ...plan.config, session: stored?.session };
  const server = knownServer(hostname, port);
  const hello = new Hello({ makeEngine, config, earlyData, fit, server });
  try {
    const { link, startedAt, lookup } = await dial(
      options,
      deadline,
      (room) => hello.firstFlight(room),
      "first-byte",
    );
    const engine = hello.engineFor(link);
    const stream = new TlsStream(link.arrived.wire, engine, { hostname, port }, "client");
    stream.begin(link.arrived);
    try {
      await finish(stream, engine, deadline, plan);
    } catch (error) {
      const milder = deadline.signal.aborted ? undefined : milderPlan(plan, hello, engine, error);
      throw milder ? new TryAgain(milder) : error;
    }
    const { outcome, synBytes } = link.facts.fastOpen;
    if (config.forSyn && outcome === "accepted" && synBytes < hello.length) {
      warnings.push(tooLarge({ hello: hello.length, room: synBytes }, engine.info().group));
    }
    const timing = {
      lookup,
      open: link.openedAt - startedAt,
      firstByte: link.provedAt - startedAt,
      secure: performance.now() - startedAt,
    };
    return { stream, facts: link.facts, timing, warnings };
  } catch (error) {
    hello.free();
    // A ticket that never left can serve the next connection.
    if (!hello.started && stored) resumption.putBack(stored);
    throw error;
  }
}

/** What to try after a handshake that failed over what made the hello small; once per cause. */
function milderPlan(plan: Plan, hello: Hello, engine: Engine, error: unknown): Plan | undefined {
  const { config: { hostname, port }, stored, warnings } = plan;
  if (engine.secured) return undefined;
  const refused = error instanceof TlsError &&
    (error.code === "ALERT_RECEIVED" || error.code === "PROTOCOL_ERROR");
  const closed = error instanceof ConnectError ||
    (error instanceof TlsError && error.code === "HANDSHAKE_CLOSED");
  if (hello.isLean(engine) && (refused || closed)) {
    learnServer(hostname, port, { refusesLean: true });
    return plan;
  }
  if (!stored || !engine.offersSession || !refused) return undefined;
  warnings.push(refusedSession(error.message));
  return { ...plan, stored: undefined };
}

/** Waits for the handshake, learns from it, and sends what early data could not carry. */
async function finish(
  stream: TlsStream,
  engine: Engine,
  { signal }: Deadline,
  plan: Plan,
): Promise<void> {
  const { config, resumption, stored, earlyData, warnings } = plan;
  try {
    if (!engine.secured) await abortable(stream.secured, signal);
  } catch (error) {
    stream.fail(error);
    throw error;
  }
  if (stored && !engine.offersSession) warnings.push(unusable("a session that can't be used"));
  if (!engine.resumed) {
    const { group, protocol } = stream.info();
    const { forSyn, keyShare } = config;
    if (engine.offersSession && forSyn && isHybrid(keyShare) && !isHybrid(group)) {
      stream.close();
      // Refused, and the exchange fell back to the share that only a resumption may use. The server
      // is known to do better, and nothing was sent yet.
      plan.warnings.push(refusedSession(`the server did not take it, and ${keyShare} is due`));
      throw new TryAgain({ ...plan, stored: undefined });
    }
    const { hostname, port } = config;
    // What was picked from the caller's own list says nothing of what the server would pick.
    const picked = config.groups ? undefined : group;
    learnServer(hostname, port, {
      ...(picked === undefined ? {} : { group: picked }),
      speaksTls13: protocol === "TLSv1.3",
    });
  } else if (stored && engine.sessionReusable) {
    resumption.putBack(stored);
  }
  const rest = earlyData?.subarray(engine.earlyData === "accepted" ? engine.earlyDataTaken : 0);
  // Not awaited: the server may want its answer read before it takes more. Later writes queue up
  // behind it, and a failure shows in whatever the caller does next.
  if (rest && rest.length > 0) stream.write(rest).catch(() => {});
}

/**
 * Starts TLS on a connection that is open already, for protocols that negotiate it in the clear
 * (STARTTLS). The connection given is used up; close the one returned.
 *
 * Anything the peer sent before the answer that agreed to TLS and that was not read yet would be
 * taken for TLS, so read that answer completely first.
 *
 * ```ts
 * import { connect, listenTls, startTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 * import { connect as connectTcp, createServer } from "node:net";
 *
 * // A server that agrees to anything, and a TLS server it passes the rest on to.
 * const inner = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * const server = createServer((socket) => {
 *   socket.once("data", () => {
 *     socket.write("220 go ahead\r\n");
 *     socket.pipe(connectTcp(inner.addr.port, "127.0.0.1")).pipe(socket);
 *   });
 * }).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * const { port } = server.address() as { port: number };
 *
 * const plain = await connect({ hostname: "127.0.0.1", port });
 * await plain.write(new TextEncoder().encode("STARTTLS\r\n"));
 * await plain.read(new Uint8Array(64)); // "220 go ahead"
 * using conn = await startTls(plain, { caCerts: [cert], serverName: "localhost" });
 * console.log(conn.protocol); // "TLSv1.3"
 * inner.close();
 * server.close();
 * ```
 *
 * @throws {TlsError} when the handshake or the verification fails, or an option is wrong
 */
export async function startTls(conn: TcpConn, given: StartTlsOptions = {}): Promise<TlsConn> {
  const startedAt = performance.now();
  checkArguments(conn, given);
  const options = snapshot(given);
  const opened = TcpConn.peerOf(conn);
  const { hostname = opened.hostname } = options;
  const peer: Peer = { hostname, port: opened.port };
  checkDialOptions({ ...options, ...peer });
  checkClientOptions(options, peer);
  const chosen = chooseEngine(options, peer);
  return await withDeadline({ ...options, ...peer }, async (deadline) => {
    const plan = await makePlan({ ...options, fastOpen: false }, peer, chosen, deadline, undefined);
    const engine = plan.makeEngine({ ...plan.config, session: plan.stored?.session });
    try {
      const { localAddr, remoteAddr, fastOpen } = conn;
      const flight = await engine.start();
      const arrived = TcpConn.release(conn);
      const stream = new TlsStream(arrived.wire, engine, peer, "client");
      arrived.wire.socket.write(flight);
      stream.begin(arrived);
      await finish(stream, engine, deadline, plan);
      const secure = performance.now() - startedAt;
      const facts = { localAddr, remoteAddr, fastOpen };
      const timing = { lookup: 0, open: 0, firstByte: secure, secure };
      return new TlsConn(stream, { facts, timing, warnings: plan.warnings });
    } catch (error) {
      engine.free();
      throw error;
    }
  });
}

function checkArguments(conn: unknown, options: unknown): void {
  if (!(conn instanceof TcpConn)) {
    throw new TlsError("INVALID_OPTION", mustBe("conn", "a TcpConn", conn));
  }
  if (typeof options !== "object" || options === null) {
    throw new TlsError("INVALID_OPTION", mustBe("options", "an object", options));
  }
}

/** What a connection needs to know before it has an engine. */
async function makePlan(
  options: TlsClientOptions & { fastOpen?: boolean },
  { hostname, port }: Peer,
  chosen: Chosen,
  { signal }: Deadline,
  earlyData: Uint8Array | undefined,
): Promise<Plan> {
  const { sessions = defaultSessions, caCerts, cert, key, alpnProtocols = [] } = options;
  const { minVersion = "TLSv1.2", maxVersion = "TLSv1.3" } = options;
  const serverName = certificateName(options.serverName ?? hostname);
  const verifyName = !options.unsafelyDisableHostnameVerification;
  // All that decides whom a session was agreed with, by which engine and under which conditions.
  const who = [hostname, port, serverName, verifyName, trustName(caCerts), cert, chosen.name];
  const { groups = "fit" } = options;
  const warnings: TlsWarning[] = [...chosen.warnings];
  const resumption = new Resumption(
    sessions === false || !featuresOf(chosen.name).resumption ? undefined : sessions,
    digest([...who, alpnProtocols, minVersion, maxVersion, groups]),
    (warning) => warnings.push(warning),
  );
  const stored = await resumption.take(signal);
  // What a session was agreed with decides what may resume it.
  const keyShare = stored?.group ?? knownServer(hostname, port).group;
  const config: ClientConfig = {
    hostname,
    port,
    serverName,
    verifyName,
    caCerts,
    cert,
    key,
    alpnProtocols,
    minVersion,
    maxVersion,
    groups: typeof groups === "string" ? undefined : groups,
    keyShare: groups === "fit" ? keyShare : undefined,
    forSyn: groups === "fit" && (options.fastOpen ?? true),
    session: undefined,
    onTicket: resumption.enabled ? (ticket) => resumption.keep(ticket) : undefined,
    keyLog: keyLogOf(options.keyLog),
  };
  const makeEngine = chosen.make;
  return { makeEngine, config, resumption, stored, earlyData, fit: groups === "fit", warnings };
}
