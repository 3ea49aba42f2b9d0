/**
 * `firstflight forward` as a process of its own, whose lines of JSON are read.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { programArguments } from "../netlab/mod.ts";
import { here, Peer, type Place } from "../peers/peer.ts";

/** The program. */
export const cli = new URL("../../cli.ts", import.meta.url);

/** What is printed about a connection with `--verbose`. */
export interface ConnectionFacts {
  readonly listen: string;
  readonly target: string | null;
  readonly address: string | null;
  readonly fastOpen: { readonly outcome: string; readonly synBytes: number } | null;
  readonly resumed: boolean | null;
  readonly earlyData: string | null;
  readonly sent: number;
  readonly received: number;
  readonly milliseconds: number;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** The lines, by the member that tells their kind. */
interface Lines {
  readonly listening: { readonly listen: string; readonly target: string };
  readonly connection: ConnectionFacts;
  readonly error: { readonly code: string; readonly message: string; readonly target: string };
  readonly warning: { readonly code: string; readonly message: string };
  readonly reloaded: { readonly targets: number };
  readonly summary: Readonly<Record<string, number>>;
}

/** A running forwarder. */
export class Forwarder extends Peer {
  /** The lines of a kind, once there are so many. */
  async lines<Kind extends keyof Lines>(kind: Kind, count = 1): Promise<Lines[Kind][]> {
    return await this.until(`${count} lines of ${kind}`, () => {
      const found = this.output.split("\n").slice(0, -1)
        .filter((line) => line.startsWith(`{"${kind}"`))
        .map((line) => JSON.parse(line)[kind] as Lines[Kind]);
      return found.length >= count ? found : undefined;
    });
  }

  /** The port of the listener that was opened as number `index`. */
  async port(index = 0): Promise<number> {
    const { listen } = (await this.lines("listening", index + 1))[index]!;
    return Number(listen.split(":").at(-1));
  }

  /** Sends a signal. Deno's `child.kill()` treats every signal as the one that ends the child. */
  signal(name: "SIGHUP" | "SIGTERM" | "SIGINT"): void {
    process.kill(this.pid ?? 0, name);
  }
}

/** Starts a forwarder that keeps its sessions to itself, and waits until it listens. */
export async function startForward(
  args: readonly string[],
  { place = here, store = ["--no-session-store"] }: {
    readonly place?: Place;
    readonly store?: readonly string[];
  } = {},
): Promise<Forwarder> {
  const all = ["forward", "--json", "--verbose", ...store, ...args];
  const forwarder = new Forwarder(place, process.execPath, programArguments(cli, ...all));
  try {
    await forwarder.lines("listening");
    return forwarder;
  } catch (error) {
    await forwarder.stop();
    throw error;
  }
}

/** How a connection of a client has ended. */
export interface Ending {
  readonly bytes: Uint8Array;
  /** Such as `ECONNRESET`; `undefined` for a clean end. */
  readonly error: string | undefined;
}

/** Connects to a port or a path, says something, and reads to the end. */
export async function talkTo(
  where: number | string,
  said: string | Uint8Array,
  { halfClose = false, slow = () => {} }: {
    /** Whether to end after that. */
    readonly halfClose?: boolean;
    /** May pause the socket. */
    readonly slow?: (socket: Socket) => void;
  } = {},
): Promise<Ending> {
  const socket = typeof where === "string" ? connect(where) : connect(where, "127.0.0.1");
  const chunks: Uint8Array[] = [];
  let error: string | undefined;
  slow(socket);
  socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  socket.on("error", ({ code }: NodeJS.ErrnoException) => error = code);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  if (halfClose) socket.end(said);
  else if (said.length > 0) socket.write(said);
  await closed;
  return { bytes: Buffer.concat(chunks), error };
}
