/**
 * The client's side of `node:tls`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  type PeerCertificate,
  type TLSSocket,
} from "node:tls";
import { ownCall } from "../../../base/own_call.ts";
import type { ClientConfig, ClientEngine } from "../contract.ts";
import { namePeer, type TlsError } from "../../errors.ts";
import { readCertificate } from "../certificate.ts";
import { featuresOf } from "../features.ts";
import { isFor, namesThatCount, textOfNames, wordsOfMismatch } from "../names.ts";
import { aboutRoots } from "../own_roots.ts";
import { type ClientContext, clientContext } from "./context.ts";
import { RuntimeEngine } from "./engine.ts";
import { refuseCertificate } from "./node_error.ts";
import {
  type KeptSession,
  lifetimeOf,
  packSession,
  timeLeft,
  unpackSession,
} from "./packed_session.ts";

/** A client engine. Throws `TlsError` when the configuration is not usable. */
export function runtimeClient(config: ClientConfig): ClientEngine {
  const { hostname, port } = config;
  return namePeer({ hostname, port }, () => new RuntimeClient(clientContext(config), config));
}

/** The result of checking the peer's certificate. */
interface Verdict {
  readonly error: TlsError | undefined;
}

class RuntimeClient extends RuntimeEngine implements ClientEngine {
  /** No hello of `node:tls` contains anything that a path may refuse. */
  readonly repeatable = true;
  readonly earlyData = "not-sent";
  readonly earlyDataTaken = 0;
  readonly earlyProtocol = null;
  readonly offersSession: boolean;
  #config: ClientConfig;
  #context: ClientContext;
  #session: KeptSession | undefined;
  #socket: TLSSocket | undefined;
  /** Set once the peer's certificate was checked. */
  #verdict: Verdict | undefined;
  /** Sessions that came before the peer was verified. */
  #early: Uint8Array[] = [];
  #started: PromiseWithResolvers<Uint8Array> | undefined;

  constructor(context: ClientContext, config: ClientConfig) {
    const { hostname, port, caCerts } = config;
    // Of its own roots the runtime knows more than it tells.
    super({ hostname, port, ...(caCerts ? { aboutRoots: () => aboutRoots(caCerts) } : {}) });
    this.#context = context;
    this.#config = config;
    const { session } = config;
    if (session && featuresOf(this.name).resumption) this.#session = unpackSession(session);
    this.offersSession = this.#session !== undefined;
  }

  start(): Uint8Array | Promise<Uint8Array> {
    const { keyLog, onTicket } = this.#config;
    const socket = this.#socket = this.begin((pipe) =>
      connect({ ...this.#options(), ...ownCall, socket: pipe as never })
    );
    socket.once("secureConnect", () => {
      socket.disableRenegotiation(); // For Bun, which has no option for it.
      this.complete(socket);
    });
    if (keyLog) {
      socket.on("keylog", (line: Buffer) => {
        queueMicrotask(() => keyLog(line.toString("latin1").trimEnd()));
      });
    }
    if (onTicket && featuresOf(this.name).resumption) {
      socket.on("session", (session: Uint8Array) => this.#keep(session));
    }
    return this.output() ?? this.#late();
  }

  /** Waits for the hello, which some runtimes make a moment after the call. */
  #late(): Promise<Uint8Array> {
    const { promise, resolve, reject } = this.#started = Promise.withResolvers<Uint8Array>();
    this.onChange = (error) => {
      const flight = this.output();
      if (!error && !flight) return;
      this.onChange = undefined; // Later output waits for the engine's next owner.
      if (flight) resolve(flight);
      else reject(error);
    };
    return promise;
  }

  get sessionReusable(): boolean {
    return this.secured && this.info().protocol === "TLSv1.2";
  }

  override free(): void {
    super.free();
    this.#started?.resolve(new Uint8Array()); // It will not be sent any more.
  }

  #options(): ConnectionOptions {
    const { serverName, alpnProtocols } = this.#config;
    const session = this.#session?.session;
    return {
      secureContext: this.#context.secure,
      rejectUnauthorized: true, // Regardless of the environment.
      // Called before the Finished leaves. So a server hears nothing more from a client that refuses.
      checkServerIdentity: () => {
        const socket = this.#socket;
        if (socket) this.#verdict ??= { error: this.#judge(socket) };
        return this.#verdict?.error;
      },
      ...(isIP(serverName) ? {} : { servername: serverName }),
      ...(alpnProtocols.length > 0 ? { ALPNProtocols: [...alpnProtocols] } : {}),
      ...(session ? { session: Buffer.from(session) } : {}),
    };
  }

  protected verify(socket: TLSSocket): void {
    if (!socket.authorized) {
      throw refuseCertificate("CERT_INVALID", `${socket.authorizationError}`, this.peer);
    }
    const { error } = this.#verdict ??= { error: this.#judge(socket) };
    if (error) throw error;
  }

  /**
   * Checks the peer again, by the bytes of its certificates: the runtime's own verification may have
   * left out something, and finds the names in a string, where one may look like another.
   */
  #judge(socket: TLSSocket): TlsError | undefined {
    try {
      return this.#faultOf(socket);
    } catch (cause) {
      // The runtime calls from an event, where an exception would be nobody's.
      return refuseCertificate("CERT_INVALID", `a certificate can't be read: ${cause}`, this.peer);
    }
  }

  #faultOf(socket: TLSSocket): TlsError | undefined {
    // The session comes from a handshake that was verified here.
    if (socket.isSessionReused() && this.offersSession) return undefined;
    const fault = this.#context.trust.faultOf(socket);
    if (fault) return refuseCertificate(fault.code, fault.words, this.peer);
    const { serverName, verifyName } = this.#config;
    if (!verifyName) return undefined;
    const { raw } = socket.getPeerCertificate();
    const leaf = namesThatCount(readCertificate(raw), verifyName);
    // The runtime matches the names, too, but it is not to find them.
    const names = { subject: {}, subjectaltname: textOfNames(leaf) } as PeerCertificate;
    if (isFor(leaf, serverName) && !checkServerIdentity(serverName, names)) return undefined;
    const code = isIP(serverName) ? "IP_ADDRESS_MISMATCH" : "HOSTNAME_MISMATCH";
    return refuseCertificate(code, wordsOfMismatch(leaf, serverName), this.peer, raw);
  }

  /** Finds the name among those offered: some runtimes decode its UTF-8 as Latin-1. */
  protected override agreedOn(protocol: string): string {
    const is = (name: string) =>
      name === protocol || Buffer.from(name).toString("latin1") === protocol;
    return this.#config.alpnProtocols.find(is) ?? protocol;
  }

  protected override rememberedCertificate(): Uint8Array | undefined {
    return this.resumed ? this.#session?.certificate : undefined;
  }

  protected override complete(socket: TLSSocket): void {
    super.complete(socket);
    for (const session of this.#early.splice(0)) this.#keep(session);
  }

  #keep(session: Uint8Array): void {
    const { onTicket, keyShare } = this.#config;
    if (!this.secured) return void this.#early.push(session);
    const { group, peerCertificate: certificate } = this.info();
    if (!certificate) return;
    const ticket = {
      session: packSession({ session, certificate }),
      lifetime: Math.min(lifetimeOf(session), timeLeft(certificate)),
      group: this.resumed ? keyShare : group,
    };
    queueMicrotask(() => onTicket?.(ticket));
  }
}
