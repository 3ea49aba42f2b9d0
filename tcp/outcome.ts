/**
 * How Fast Open ended, as the kernel tells it.
 *
 * @module
 */

/**
 * How Fast Open ended (RFC 7413):
 *
 * - `"accepted"`: the SYN carried data and the SYN-ACK acknowledged it
 * - `"cookie-requested"`: no cookie for this destination yet; the SYN asked for one, without data
 * - `"ignored"`: the SYN carried data, the server did not take the data, and they were sent again
 * - `"blocked"`: the SYN with Fast Open was lost on the way, or what it carried was turned down, and a
 *   plain attempt won; or this happened before on this path or with this server, and Fast Open was not
 *   tried (`synBytes` is 0 then)
 * - `"disabled"`: the caller switched Fast Open off, or the client had nothing to send in the SYN, or
 *   somebody else has opened the connection, and TLS was started on it
 * - `"unsupported"`: the platform, its settings or this process's privileges do not allow Fast
 *   Open, or the kernel pauses it after losses, or does not tell how it ended
 */
export type FastOpenOutcome =
  | "accepted"
  | "cookie-requested"
  | "ignored"
  | "blocked"
  | "disabled"
  | "unsupported";

/** What happened to the first flight of a connection. */
export interface FastOpenResult {
  /** How Fast Open ended. */
  readonly outcome: FastOpenOutcome;
  /**
   * Bytes of the first flight that the SYN carried, even if the SYN was lost. If more bytes arrived
   * before a server could count, this is the most that the SYN can have carried; `reason` says so.
   */
  readonly synBytes: number;
  /** Bytes of the whole first flight; on a server, the bytes that had arrived when it looked. */
  readonly flightBytes: number;
  /** Bytes of data that a SYN to this address has room for, where the kernel tells. */
  readonly synRoom?: number;
  /** The kernel's estimate of the round trip in milliseconds, where it tells. */
  readonly rtt?: number;
  /** Why Fast Open was not used or had no effect, or what is not known exactly; in words. */
  readonly reason?: string;
}
