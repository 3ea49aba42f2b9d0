/**
 * What a TLS socket of Node's shape stands on: a connection that is made at once, or, where early data
 * may be sent, as soon as it is known what is written first.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { setImmediate, setTimeout } from "node:timers";
import type { EarlyDataRule } from "../../base/early_data_rule.ts";
import { quoted } from "../../base/authority.ts";
import { afterReading } from "../../base/turns.ts";
import type { Stages } from "../../tcp/dial/stages.ts";
import type { ConnFacts } from "../../tcp/facts.ts";
import type { DialSettings } from "../../tcp/options.ts";
import { type Limits, PendingStream } from "../../tcp/pending.ts";
import type { Chosen } from "../choose_engine.ts";
import type { EngineInfo, EngineName } from "../engine/contract.ts";
import { TlsError } from "../errors.ts";
import type { TlsClientSettings } from "../options.ts";
import { HeardSessions } from "../sessions/heard_sessions.ts";
import type { Transport } from "../transport.ts";
import type { ChannelBindings, TlsByteStream, TlsStream } from "../stream.ts";
import { AnswerWatch } from "./answer_watch.ts";
import { asksAgain, bytesThatMayRide } from "./early_data_rule.ts";
import { type Connected, establish, requireSent } from "./establish.ts";
import { establishOver } from "./establish_over.ts";
import { type OpenTransport, openTransport } from "./open_transport.ts";
import { makePlan, type Plan } from "./plan.ts";
import { type CheckServerIdentity, JudgedSessions, judgeIdentity } from "./server_identity.ts";

/** Milliseconds that a socket waits for its first write, where early data may be sent. */
const FIRST_WRITE = 10;

/** What is needed to make the connection of a socket. */
export interface SocketStreamSettings extends DialSettings, TlsClientSettings {
  /** `undefined` sends no early data. */
  readonly earlyData: EarlyDataRule | undefined;
  /** Whether the socket says that it is secure as soon as there is a ticket. */
  readonly optimisticSecureConnect: boolean;
  readonly checkServerIdentity: CheckServerIdentity | undefined;
  /** A connection of somebody else's to use, or what opens it; `undefined` makes one. */
  readonly via: Transport | OpenTransport | undefined;
}

/** What the socket hears. */
export interface SocketStages extends Omit<Stages, "connected"> {
  /** There is a connection. The TLS handshake is still to come. */
  connected(): void;
  /** A ticket is at hand, and nothing was sent yet. */
  promised(): void;
  /** The server has sent a ticket. */
  session(session: Uint8Array): void;
  /** What gets the lines of the key log, if anybody listens. */
  keyLog(): ((line: string) => void) | undefined;
  /** More writes are not waited for. */
  handOn(): void;
}

/** A connection and what is known of it. */
export class SocketStream extends PendingStream<TlsStream> implements TlsByteStream {
  readonly side = "client";
  readonly engineName: EngineName;
  readonly #settings: SocketStreamSettings;
  readonly #chosen: Chosen;
  readonly #stages: SocketStages;
  readonly #judged: JudgedSessions | undefined;
  /** The plan with its ticket, made before the first write. */
  #plan: Promise<Plan> | undefined;
  #isPlanUsed = false;
  #promised: EngineInfo | undefined;
  /** Whether somebody was told of a certificate, which must not become another. */
  #certificateWasTold = false;
  #known: Connected | undefined;
  /** The facts of the connection that a handshake goes on over. As in Node, none are left where it fails. */
  #dialed: ConnFacts | undefined;
  #limits: Partial<Limits> = {};
  #watch: AnswerWatch | undefined;
  /** The early data, to be sent again if the answer asks for that. */
  #first: Uint8Array | undefined;
  /** Settles when they were sent again. */
  #asking: Promise<void> | undefined;
  /** Whether the caller has said all. */
  #hasEnded = false;

  constructor(settings: SocketStreamSettings, chosen: Chosen, stages: SocketStages) {
    const { checkServerIdentity, sessions: store } = settings;
    const heard = store && new HeardSessions(store, (session) => stages.session(session));
    const judged = checkServerIdentity && heard
      ? new JudgedSessions(heard, checkServerIdentity)
      : undefined;
    super({
      destination: settings,
      advice: "the first write makes the connection",
      connect: (first, limits) => this.#connect(first, limits),
    });
    this.engineName = chosen.name;
    this.#settings = { ...settings, sessions: judged ?? heard };
    this.#chosen = chosen;
    this.#stages = stages;
    this.#judged = judged;
    if (settings.earlyData) {
      this.#plan = this.#makePlan();
      this.#plan.then((plan) => this.#awaitFirstWrite(plan), () => this.#beginAlone());
    } else {
      this.#beginAlone();
    }
  }

  get isSecure(): boolean {
    return this.stream?.isSecure ?? false;
  }

  get refusedRenegotiation(): boolean {
    return this.stream?.refusedRenegotiation ?? false;
  }

  get secured(): Promise<void> {
    return this.standing().then((stream) => stream.secured);
  }

  /** The ends, as soon as there is a connection: its handshake may be still to come. */
  get facts(): ConnFacts | undefined {
    return this.#known?.facts ?? this.#dialed;
  }

  /** What is known of the connection once it stands. */
  get known(): Connected | undefined {
    return this.#known;
  }

  get bindings(): ChannelBindings | undefined {
    return this.stream?.bindings;
  }

  async handshake(): Promise<void> {
    await (await this.begin()).handshake();
  }

  /** The result of the handshake, or what the ticket promises of it; `undefined` if there is neither. */
  get result(): EngineInfo | undefined {
    return this.stream?.info() ?? this.#promised;
  }

  /** The certificate of the server, or the one that belongs to the ticket. */
  get peerCertificate(): Uint8Array | undefined {
    this.#certificateWasTold = true;
    return this.result?.peerCertificate;
  }

  info(): EngineInfo {
    return (this.stream ?? this.#notStanding()).info();
  }

  override async next(): Promise<Uint8Array | null> {
    const stream = await this.standing();
    const watch = this.#watch;
    if (!watch) return await stream.next();
    if (await watch.judge(stream) && this.#first) {
      await (this.#asking = this.#askAgain(this.#first));
      return await super.next();
    }
    const held = await watch.next();
    if (held !== undefined) return held;
    this.#watch = undefined;
    return await super.next();
  }

  override async write(bytes: Uint8Array): Promise<void> {
    if (this.stream) {
      this.#first = undefined; // More than the early data was sent.
      this.#watch?.end();
    }
    if (this.#asking) await this.#asking;
    await super.write(bytes);
  }

  override async closeWrite(): Promise<void> {
    this.#hasEnded = true;
    try {
      if (!this.#asking) return await super.closeWrite();
    } catch (error) {
      if (!this.#asking) throw error; // Otherwise another connection takes its place.
    }
    await this.#asking;
    await super.closeWrite();
  }

  override close(): void {
    super.close();
    if (this.#isPlanUsed) return;
    this.#isPlanUsed = true;
    // A ticket that was never sent can serve the next connection.
    this.#plan?.then(putBack, () => {});
    const { via } = this.#settings;
    if (typeof via === "object") via.close();
  }

  async #makePlan(): Promise<Plan> {
    await undefined; // Whoever has just made the socket begins to listen to it.
    const { hostname, port, fastOpen } = this.#settings;
    const deadline = { signal: new AbortController().signal, stage: undefined }; // A store has its own.
    const purpose = { fastOpen, earlyData: undefined };
    return await makePlan(this.#heard(), { hostname, port }, this.#chosen, deadline, purpose);
  }

  /** The settings, with who listens now. */
  #heard(): SocketStreamSettings {
    const keyLog = this.#stages.keyLog() ?? this.#settings.keyLog;
    return { ...this.#settings, ...this.#limits, keyLog };
  }

  /** Waits for the first write, if it could be early. Otherwise nothing is gained by waiting. */
  #awaitFirstWrite({ stored, allowance }: Plan): void {
    const facts = stored && allowance?.allows("early data")
      ? this.#chosen.describe(stored.session)
      : undefined;
    if (!facts?.maxEarlyData) return void this.#beginAlone();
    if (this.#settings.optimisticSecureConnect && !this.#refusal(facts.info)) {
      this.#promised = facts.info;
      this.#stages.promised();
    }
    setTimeout(() => afterReading(() => this.#endWait()), FIRST_WRITE);
  }

  /** Begins with what was written meanwhile: a busy event loop may be late with that. */
  #endWait(): void {
    this.#stages.handOn();
    setImmediate(() => this.#beginAlone());
  }

  /** Begins without anybody who waits for it: whoever uses the connection gets the error. */
  #beginAlone(): void {
    this.begin().catch(() => {});
  }

  async #connect(first: Uint8Array | undefined, limits: Limits): Promise<TlsStream> {
    const plan = await this.#plan;
    limits.signal?.throwIfAborted(); // Who has closed it has put the ticket back.
    this.#isPlanUsed = true;
    const rides = plan?.stored && first ? this.#bytesThatMayRide(first, plan) : 0;
    const early = rides > 0 ? first?.subarray(0, rides) : undefined;
    this.#limits = limits;
    const stream = await this.#establish(early, plan).finally(() => this.#dialed = undefined);
    const rest = first?.subarray(rides);
    if (rest?.length) stream.write(rest).catch(() => {}); // The next call fails, if this one does.
    const { earlyData: rule, via } = this.#settings;
    // What has followed the early data may have been acted on, and must not be sent twice. Somebody
    // else's connection can't be opened another time.
    if (rule?.asksAgain && !via && !rest?.length && stream.info().earlyData === "accepted") {
      this.#first = first;
      this.#watch = new AnswerWatch((answer) => asksAgain(rule, answer, this.#settings));
    }
    return stream;
  }

  /** Connects to the server that the ticket has promised, and the caller accepts. */
  async #establish(early: Uint8Array | undefined, plan: Plan | undefined): Promise<TlsStream> {
    const known = requireSent(await this.#open(early, plan), this.#settings);
    const { stream } = known;
    const chain = this.#settings.checkServerIdentity && stream.bindings.peerChain();
    const refusal = this.#misled(stream.info()) ?? this.#refusal(stream.info(), chain);
    if (refusal) {
      stream.close();
      throw refusal;
    }
    this.#judged?.approve();
    this.#known = known;
    return stream;
  }

  async #open(early: Uint8Array | undefined, plan: Plan | undefined): Promise<Connected> {
    const settings = this.#heard();
    const { via } = settings;
    if (!via) return await establish(settings, this.#chosen, early, this.#listening(), plan);
    if (typeof via === "object") return await this.#openOver(via, settings, early, plan);
    const opened = await openTransport(via, settings).catch((error) => {
      if (plan) putBack(plan);
      throw error;
    });
    this.#dialed = opened.via.facts;
    this.#stages.connected();
    const { connectTimeout } = opened;
    return await this.#openOver(opened.via, { ...settings, connectTimeout }, early, plan);
  }

  async #openOver(
    via: Transport,
    settings: SocketStreamSettings,
    early: Uint8Array | undefined,
    plan: Plan | undefined,
  ): Promise<Connected> {
    try {
      return await establishOver(via, settings, this.#chosen, early, plan);
    } catch (error) {
      via.close(); // It was given away for good.
      throw error;
    }
  }

  /** The caller's stages. At "connect" a socket tells its addresses, so they are kept before that. */
  #listening(): Stages {
    return {
      ...this.#stages,
      connected: (link) => {
        this.#dialed = link.facts;
        this.#stages.connected();
      },
    };
  }

  #bytesThatMayRide(first: Uint8Array, plan: Plan): number {
    try {
      return bytesThatMayRide(this.#settings.earlyData, first, this.#settings);
    } catch (error) {
      putBack(plan);
      throw error;
    }
  }

  /** What the caller has against the server's certificate. */
  #refusal({ peerCertificate }: EngineInfo, told: readonly Uint8Array[] = []): Error | undefined {
    const { checkServerIdentity, serverName, hostname } = this.#settings;
    if (!checkServerIdentity) return undefined;
    const chain = told.length > 0 || !peerCertificate ? told : [peerCertificate];
    return judgeIdentity(checkServerIdentity, serverName ?? hostname, chain);
  }

  /** What was said before the handshake, and is not true. */
  #misled({ alpnProtocol, peerCertificate }: EngineInfo): TlsError | undefined {
    const promised = this.#promised;
    if (!promised) return undefined;
    const was = (name: string | null) => name === null ? "no protocol" : `"${name}"`;
    if (alpnProtocol !== promised.alpnProtocol) {
      const picked = `${was(alpnProtocol)} in place of ${was(promised.alpnProtocol)} (ALPN)`;
      return this.#promiseBroken(`the server has picked ${picked}`);
    }
    const isSame = Buffer.compare(
      peerCertificate ?? new Uint8Array(),
      promised.peerCertificate ?? new Uint8Array(),
    ) === 0;
    if (isSame || !this.#certificateWasTold) return undefined;
    return this.#promiseBroken("the server has shown another certificate");
  }

  #promiseBroken(what: string): TlsError {
    const { hostname, port } = this.#settings;
    return new TlsError(
      "PROMISE_BROKEN",
      `The ticket for ${quoted({ hostname, port })} was not taken, and ${what}; ` +
        'the option "optimisticSecureConnect" had said what the ticket promised',
      { hostname, port },
    );
  }

  /** Sends the early data once more, after a handshake: the answer has asked for it. */
  async #askAgain(first: Uint8Array): Promise<void> {
    const before = this.stream?.info();
    this.stream?.close();
    this.#promised = before;
    this.#watch = undefined;
    this.#first = undefined;
    const stream = await this.#establish(undefined, undefined);
    stream.write(first).catch(() => {});
    if (this.#hasEnded) stream.closeWrite().catch(() => {});
    this.replace(stream);
  }

  #notStanding(): never {
    const { hostname, port } = this.#settings;
    const message = `There is no connection to ${quoted({ hostname, port })} yet`;
    throw new TlsError("NOT_CONNECTED", message, { hostname, port });
  }
}

function putBack({ resumption, stored }: Plan): void {
  if (stored) resumption.putBack(stored);
}
