/**
 * A stream of bytes, over TCP or over TLS.
 *
 * @module
 */

/** A connection's bytes, in both directions. TCP and TLS each implement it. */
export interface ByteStream {
  /** Reads into `p`; `null` at the end of data. */
  read(p: Uint8Array): Promise<number | null>;
  /** Reads the next chunk, whatever its size; `null` at the end of data. */
  next(): Promise<Uint8Array | null>;
  /** Resolves once `bytes` may be reused and more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends the end of data. Reading goes on. */
  closeWrite(): Promise<void>;
  /** Releases everything. Tells the peer, if the protocol has a message for it. */
  close(): void;
  /** Releases everything, and resets the connection instead of ending it. */
  reset(): void;
  ref(): void;
  unref(): void;
  /** TCP's keep-alive; the first probe is sent after so many milliseconds of silence. */
  setKeepAlive(enable: boolean, initialDelay: number): void;
  /** Whether small pieces are sent at once (TCP_NODELAY). */
  setNoDelay(enable: boolean): void;
  /** Called once, when everything was released or handed to another owner. */
  onRelease: (() => void) | undefined;
}
