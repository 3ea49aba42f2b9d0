/**
 * What a way to ask over a new connection is, for those who measure it.
 *
 * @module
 */

/** Whom to ask. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** What one connection showed. Times are milliseconds since it was asked for. */
export interface Observation {
  /** The handshake was complete; absent where the client doesn't tell. */
  readonly handshake?: number;
  /** The first byte of the response was there. */
  readonly firstByte: number;
  /** What the keys were exchanged by; absent where the client doesn't tell. */
  readonly group?: string;
  /** What firstflight says of itself. */
  readonly facts?: {
    readonly outcome: string;
    readonly synBytes: number;
    readonly flightBytes: number;
    readonly earlyData: string;
  };
}

/** Connects, asks, waits for the first byte, and closes. */
export type Ask = (target: Target) => Promise<Observation>;

const encoder = new TextEncoder();

/** A request whose connection stays open, so that session tickets have time to arrive. */
export function request({ hostname }: Target): Uint8Array<ArrayBuffer> {
  return encoder.encode(`GET / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
}
