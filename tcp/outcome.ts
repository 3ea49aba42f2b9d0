/**
 * What became of Fast Open, as the kernel tells it.
 *
 * @module
 */

/**
 * How Fast Open ended (RFC 7413):
 *
 * - `"accepted"`: the SYN carried data and the SYN-ACK acknowledged it
 * - `"cookie-requested"`: no cookie for this destination yet; the SYN asked for one, without data
 * - `"ignored"`: the SYN carried data, the server did not take it, and it was sent again
 * - `"blocked"`: the SYN with data was lost on the way, a plain SYN went through; or it was so before
 *   on this path, and Fast Open was not tried (`synBytes` is 0 then)
 * - `"disabled"`: the caller switched it off, or had nothing to send
 * - `"unsupported"`: the platform, its settings or this process's privileges lack it
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
   * Bytes of the first flight that the SYN carried, be it one that was lost. A server that was too busy
   * to count them before more arrived knows only what a SYN can carry at most, and `reason` says so.
   */
  readonly synBytes: number;
  /** Bytes of the first flight in all; for a server, those that had arrived when it looked. */
  readonly flightBytes: number;
  /** Bytes of data that a SYN to this address has room for, where the kernel tells. */
  readonly synRoom?: number;
  /** The kernel's estimate of the round trip in milliseconds, where it tells. */
  readonly rtt?: number;
  /** Why Fast Open was not used or came to nothing, or what is not known exactly; in words. */
  readonly reason?: string;
}
