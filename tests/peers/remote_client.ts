/**
 * This project's client on a host of the emulated network, on the runtime that runs the test.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import type { ConnectTlsOptions, FastOpenResult, KnownPath, NetAddr, TlsConn } from "../../mod.ts";
import { programArguments } from "../netlab/mod.ts";
import { certificates } from "./certificates.ts";
import { Peer, type Place } from "./peer.ts";

/** One connection, as it travels to the other process. */
export interface Exchange {
  readonly call: "connect" | "connectTls";
  readonly options: Addressed;
  /** Base64: `data` or `earlyData`. */
  readonly early?: string | undefined;
  /** Base64: what to write once connected. */
  readonly send?: string | undefined;
  /** Stops reading when so many bytes have come; by default at the end. */
  readonly receive?: number | undefined;
  /** Milliseconds. */
  readonly abortAfter?: number | undefined;
  /** Milliseconds. */
  readonly busyFor?: number | undefined;
  /** A regular expression. */
  readonly upgradeAfter?: string | undefined;
}

/** All that a client does. */
export type ClientRequest =
  | Exchange
  | { readonly call: "lookup"; readonly name: string }
  | { readonly call: "paths" }
  | { readonly call: "wait"; readonly milliseconds: number };

/** An error that was caught there. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly errno?: string;
  readonly alert?: number;
  readonly attempts?: readonly { address: string; code: string; errno?: string }[];
}

type TlsFacts = Pick<
  TlsConn,
  | ("protocol" | "cipher" | "group" | "alpnProtocol" | "resumed")
  | ("earlyData" | "timing" | "warnings")
>;

/** What came of an exchange; `error` and what had been received, or everything. */
export interface ExchangeResult extends Partial<TlsFacts> {
  readonly error?: Failure;
  /** The first 64 KiB, a character per byte. */
  readonly received: string;
  readonly receivedBytes: number;
  readonly receivedSha256: string;
  readonly fastOpen?: FastOpenResult;
  readonly localAddr?: NetAddr;
  readonly remoteAddr?: NetAddr;
}

/** An {@linkcode ExchangeResult} of an exchange that went well. */
export type Succeeded = ExchangeResult & { fastOpen: FastOpenResult; remoteAddr: NetAddr };

/** What travels along with the connection's options. */
export interface ExchangeOptions {
  /** `data` of a plain connection, `earlyData` of a TLS one. */
  readonly early?: string | Uint8Array;
  readonly send?: string | Uint8Array;
  /** Stops reading when so many bytes have come; by default at the end. */
  readonly receive?: number;
  /** Milliseconds until the signal aborts. */
  readonly abortAfter?: number;
  /** Milliseconds for which the process does nothing but compute, once it has called. */
  readonly busyFor?: number;
  /** Starts TLS on a plain connection once what was received matches this regular expression. */
  readonly upgradeAfter?: string;
}

/** Where to, and how; the port may be left to the call. */
export type Addressed = Partial<ConnectTlsOptions> & { hostname: string };

/** A client process on one host. */
export class RemoteClient implements AsyncDisposable {
  #peer: Peer;
  #answers = 0;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Connects by TLS, trusting the test's root, to port 443 unless told otherwise. */
  connectTls(options: Addressed, exchange: ExchangeOptions = {}): Promise<ExchangeResult> {
    const given = { port: 443, caCerts: [certificates().ca], ...options };
    return this.#exchange("connectTls", given, exchange);
  }

  /** Connects by TCP, to port 80 unless told otherwise. */
  connect(options: Addressed, exchange: ExchangeOptions = {}): Promise<ExchangeResult> {
    const trust = exchange.upgradeAfter === undefined ? {} : { caCerts: [certificates().ca] };
    return this.#exchange("connect", { port: 80, ...trust, ...options }, exchange);
  }

  /** What the resolver of that host says. */
  async lookup(name: string): Promise<string[]> {
    const found = await this.#ask({ call: "lookup", name }) as { address: string }[];
    return found.map(({ address }) => address);
  }

  /** What its `pathMemory` holds. */
  async paths(): Promise<KnownPath[]> {
    return await this.#ask({ call: "paths" }) as KnownPath[];
  }

  /** Lets time pass for everything there that looks at the clock. */
  async wait(milliseconds: number): Promise<void> {
    await this.#ask({ call: "wait", milliseconds });
  }

  stop(): Promise<void> {
    return this.#peer.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #exchange(
    call: Exchange["call"],
    options: Addressed,
    { early, send, ...others }: ExchangeOptions,
  ): Promise<ExchangeResult> {
    const encode = (bytes: string | Uint8Array | undefined) =>
      bytes === undefined ? undefined : Buffer.from(bytes as Uint8Array).toString("base64");
    const texts = { early: encode(early), send: encode(send) };
    return await this.#ask({ call, options, ...texts, ...others }) as never;
  }

  async #ask(request: ClientRequest): Promise<unknown> {
    const index = this.#answers++;
    this.#peer.type(`${JSON.stringify(request)}\n`);
    const line = await this.#peer.until("an answer", () => {
      const lines = this.#peer.output.split("\n").filter((line) => line.startsWith("answer "));
      return this.#peer.output.endsWith("\n") && lines[index];
    });
    return JSON.parse(line.slice("answer ".length));
  }
}

/** Starts a client at `place`, which may be a host of the emulated network. */
export function startRemoteClient(place: Place): RemoteClient {
  const program = new URL("../fixtures/client.ts", import.meta.url);
  return new RemoteClient(new Peer(place, process.execPath, programArguments(program)));
}

/** Narrows to an exchange that went well; throws what it failed with otherwise. */
export function succeeded(result: ExchangeResult): Succeeded {
  const { error, fastOpen, remoteAddr } = result;
  if (error || !fastOpen || !remoteAddr) {
    throw new Error(`${error?.name} ${error?.code}: ${error?.message}`);
  }
  return { ...result, fastOpen, remoteAddr };
}
