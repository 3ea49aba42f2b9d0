/**
 * What sockets of Node's shape stand on, and how they differ from each other.
 *
 * @module
 */

import type { ConnFacts } from "../facts.ts";
import type { Address } from "../name/address.ts";
import type { ByteStream } from "../wire/byte_stream.ts";
import type { SystemCall } from "./node_error.ts";

/** What a socket stands on, or will stand on. */
export interface Underneath {
  /** Takes reads and writes at once, also while there is no connection yet. */
  readonly stream: ByteStream;
  /** Resolves when bytes may be exchanged. */
  readonly ready: Promise<unknown>;
  /** The ends of the connection; `undefined` while it is being made. */
  facts(): ConnFacts | undefined;
  /** Whether it is connected already; given where somebody else has made the connection. */
  readonly isConnected?: boolean;
  /** Whether the owner of what carries it has destroyed that. */
  isTakenAway?(): boolean;
}

/** What a socket says while its connection is being made. */
export interface Heard {
  lookedUp(addresses: readonly Address[]): void;
  connected(): void;
  /** More writes are not waited for: what there is goes on. */
  handOn(): void;
}

/** What one kind of socket does differently from another. */
export interface SocketKind {
  /** Begins a connection; `given` are the options of `connect()`, if that was called. */
  open(given: Readonly<Record<string, unknown>>, heard: Heard): Underneath;
  /** Closes what the connection would have been made of, where that is not to be made any more. */
  discard?(): void;
  /** Whether the first writes are to be handed on in one piece. */
  readonly collectsFirstWrites: boolean;
  /** An error as Node's sockets of this kind would have it. */
  errorOf(error: unknown, syscall: SystemCall): Error;
  /** Whether an error that ends the reading is no more than the end. */
  isCut(error: unknown): boolean;
  /** Whether an error says that the peer has ended before a handshake was complete. */
  isEndOfHandshake?(error: unknown): boolean;
  /** Called once bytes may be exchanged. */
  onReady?(): void;
}
