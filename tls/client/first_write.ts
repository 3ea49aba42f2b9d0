/**
 * A TLS connection that is made by its first write.
 *
 * @module
 */

import { quoted } from "../../base/authority.ts";
import type { ConnFacts } from "../../tcp/facts.ts";
import { type Limits, PendingStream } from "../../tcp/pending.ts";
import type { Destination } from "../../tcp/options.ts";
import type { TlsKnown, TlsTiming } from "../conn.ts";
import type { EngineInfo, EngineName } from "../engine/contract.ts";
import { TlsError } from "../errors.ts";
import { certificateName, type TlsClientSettings } from "../options.ts";
import type { ChannelBindings, TlsByteStream, TlsStream } from "../stream.ts";
import type { TlsWarning } from "../warnings.ts";
import type { Connected } from "./establish.ts";

/** Connects, with early data if there are any. */
export type Connect = (earlyData: Uint8Array | undefined, limits: Limits) => Promise<Connected>;

/** Takes the place of a connection, and of what is known of it, until it is made. */
export class FirstWriteStream extends PendingStream<TlsStream> implements TlsByteStream, TlsKnown {
  readonly side = "client";
  readonly engineName: EngineName;
  readonly serverName: string;
  readonly #destination: Destination;
  #known: Connected | undefined;

  constructor(
    destination: Destination & Pick<TlsClientSettings, "serverName">,
    engineName: EngineName,
    connect: Connect,
  ) {
    super({
      destination,
      advice: "with prepareTls the first write makes the connection, or handshake() does",
      connect: async (first, limits) => {
        const known = await connect(first, limits);
        this.#known = known;
        return known.stream;
      },
    });
    this.engineName = engineName;
    this.serverName = certificateName(destination.serverName ?? destination.hostname);
    this.#destination = destination;
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

  get facts(): ConnFacts {
    return this.#connected.facts;
  }

  get timing(): TlsTiming {
    return this.#connected.timing;
  }

  get warnings(): readonly TlsWarning[] {
    return this.#connected.warnings;
  }

  info(): EngineInfo {
    return this.#connected.stream.info();
  }

  get bindings(): ChannelBindings | undefined {
    return this.stream?.bindings;
  }

  async handshake(): Promise<void> {
    await (await this.begin()).handshake();
  }

  get #connected(): Connected {
    if (this.#known) return this.#known;
    const { hostname, port } = this.#destination;
    throw new TlsError(
      "NOT_CONNECTED",
      `The connection to ${quoted({ hostname, port })} waits for its first write; ` +
        "handshake() connects without",
      { hostname, port },
    );
  }
}
