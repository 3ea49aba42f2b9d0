/**
 * A stream of bytes, whatever is below it.
 *
 * @module
 */

/** A connection's bytes, in both directions; what TCP and TLS each implement. */
export interface ByteStream {
  /** Reads into `p`; `null` at the end of data. */
  read(p: Uint8Array): Promise<number | null>;
  /** Reads the next chunk, whatever its size; `null` at the end of data. */
  next(): Promise<Uint8Array | null>;
  /** Resolves once `bytes` may be reused and more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends the end of data; reading goes on. */
  closeWrite(): Promise<void>;
  /** Releases everything, telling the peer where the protocol has a word for it. */
  close(): void;
  ref(): void;
  unref(): void;
  /** Called once, when everything was released or given to somebody else. */
  onRelease: (() => void) | undefined;
}
