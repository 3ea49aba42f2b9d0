/**
 * This project's server on a host of the emulated network, on the runtime that runs the test.
 *
 * @module
 */

import process from "node:process";
import type { ListenerFastOpen, ListenTlsOptions } from "../../mod.ts";
import { type Host, programArguments } from "../netlab/mod.ts";
import { certificates } from "./certificates.ts";
import type { Served } from "./http_server.ts";
import { Peer } from "./peer.ts";

/** A handshake that failed in the server process. */
export interface FailedHandshake {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** A line that the server process prints. */
interface Said {
  readonly fastOpen?: ListenerFastOpen;
  readonly served?: Served;
  readonly failed?: FailedHandshake;
}

/** A server process on one host. */
export class RemoteServer implements AsyncDisposable {
  /** The value of `listener.fastOpen`. */
  readonly fastOpen: ListenerFastOpen;
  #peer: Peer;

  constructor(peer: Peer, fastOpen: ListenerFastOpen) {
    this.#peer = peer;
    this.fastOpen = fastOpen;
  }

  /** Resolves to every request, once there are at least `count`. */
  async requests(count: number): Promise<Served[]> {
    return await this.#peer.until(`${count} requests`, () => {
      const served = saidBy(this.#peer).flatMap(({ served }) => served ?? []);
      return served.length >= count && served;
    });
  }

  /** Resolves to every handshake that failed, once there are at least `count`. */
  async failures(count: number): Promise<FailedHandshake[]> {
    return await this.#peer.until(`${count} failed handshakes`, () => {
      const failed = saidBy(this.#peer).flatMap(({ failed }) => failed ?? []);
      return failed.length >= count && failed;
    });
  }

  stop(): Promise<void> {
    return this.#peer.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function saidBy(peer: Peer): Said[] {
  return peer.output.split("\n").slice(0, -1).filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Said);
}

/** Starts a server on every IPv4 and IPv6 address of `host`, by default on port 443. */
export async function startRemoteServer(
  host: Host,
  options: Partial<ListenTlsOptions> = {},
): Promise<RemoteServer> {
  const program = new URL("../fixtures/server.ts", import.meta.url);
  const { cert, key } = certificates().server;
  const whole = { hostname: "::", port: 443, cert, key, ...options };
  const args = programArguments(program, JSON.stringify(whole));
  const peer = new Peer(host, process.execPath, args);
  try {
    const fastOpen = await peer.until("listener", () => saidBy(peer)[0]?.fastOpen);
    return new RemoteServer(peer, fastOpen);
  } catch (error) {
    await peer.stop();
    throw error;
  }
}
