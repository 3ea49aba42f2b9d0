/**
 * This project's client on a host of the emulated network, on the runtime that runs the test.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import type {
  ConnectTlsOptions,
  FastOpenResult,
  KnownPath,
  KnownServer,
  NetAddr,
  TlsConn,
} from "../../mod.ts";
import { programArguments } from "../netlab/mod.ts";
import { certificates } from "./certificates.ts";
import { Peer, type Place } from "./peer.ts";

/** One exchange, as it is sent to the other process. */
export interface Exchange {
  readonly call: "connect" | "connectTls" | "prepareTls";
  readonly options: Addressed;
  /** `data` or `earlyData`, in Base64. */
  readonly early?: string | undefined;
  /** The bytes to write once connected, in Base64. */
  readonly send?: string | undefined;
  /** Stops reading after so many bytes. Default: at the end. */
  readonly receive?: number | undefined;
  /** Milliseconds. */
  readonly abortAfter?: number | undefined;
  /** Milliseconds. */
  readonly busyFor?: number | undefined;
  /** A regular expression. */
  readonly upgradeAfter?: string | undefined;
}

/** All requests to a client. */
export type ClientRequest =
  | Exchange
  | { readonly call: "lookup"; readonly name: string }
  | { readonly call: "paths" | "servers" }
  | { readonly call: "wait"; readonly milliseconds: number };

/** An error that was caught in the client process. */
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

/** The result of an exchange: all facts, or `error` and what had been received. */
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

/** An {@linkcode ExchangeResult} of an exchange that succeeded. */
export type Succeeded = ExchangeResult & { fastOpen: FastOpenResult; remoteAddr: NetAddr };

/** Options of an exchange besides those of its connection. */
export interface ExchangeOptions {
  /** `data` of a plain connection, `earlyData` of a TLS one. */
  readonly early?: string | Uint8Array;
  readonly send?: string | Uint8Array;
  /** Stops reading after so many bytes. Default: at the end. */
  readonly receive?: number;
  /** Milliseconds until the signal aborts. */
  readonly abortAfter?: number;
  /** Milliseconds for which the process does nothing but compute, right after the call. */
  readonly busyFor?: number;
  /** Starts TLS on a plain connection once what was received matches this regular expression. */
  readonly upgradeAfter?: string;
}

/** The target and the options. The port may be left to the call. */
export type Addressed = Partial<ConnectTlsOptions> & { hostname: string };

/** A client process on one host. */
export class RemoteClient implements AsyncDisposable {
  #peer: Peer;
  #answers = 0;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Connects by TLS. By default to port 443, with trust in the test's root. */
  connectTls(options: Addressed, exchange: ExchangeOptions = {}): Promise<ExchangeResult> {
    const given = { port: 443, caCerts: [certificates().ca], ...options };
    return this.#exchange("connectTls", given, exchange);
  }

  /** As {@linkcode RemoteClient.connectTls}, but what is sent makes the connection. */
  prepareTls(options: Addressed, exchange: ExchangeOptions): Promise<ExchangeResult> {
    const given = { port: 443, caCerts: [certificates().ca], ...options };
    return this.#exchange("prepareTls", given, exchange);
  }

  /** Connects by TCP, by default to port 80. */
  connect(options: Addressed, exchange: ExchangeOptions = {}): Promise<ExchangeResult> {
    const trust = exchange.upgradeAfter === undefined ? {} : { caCerts: [certificates().ca] };
    return this.#exchange("connect", { port: 80, ...trust, ...options }, exchange);
  }

  /** The addresses that the resolver of the client's host finds. */
  async lookup(name: string): Promise<string[]> {
    const found = await this.#ask({ call: "lookup", name }) as { address: string }[];
    return found.map(({ address }) => address);
  }

  /** The entries of the client's `pathMemory`. */
  async paths(): Promise<KnownPath[]> {
    return await this.#ask({ call: "paths" }) as KnownPath[];
  }

  /** The entries of the client's `serverMemory`. */
  async servers(): Promise<KnownServer[]> {
    return await this.#ask({ call: "servers" }) as KnownServer[];
  }

  /** Advances the clock of the client process. */
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

/** Narrows the result to that of a successful exchange. Throws where the exchange failed. */
export function succeeded(result: ExchangeResult): Succeeded {
  const { error, fastOpen, remoteAddr } = result;
  if (error || !fastOpen || !remoteAddr) {
    throw new Error(`${error?.name} ${error?.code}: ${error?.message}`);
  }
  return { ...result, fastOpen, remoteAddr };
}
