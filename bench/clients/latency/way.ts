/**
 * The contract of a client that is measured: it sends one request over a new connection.
 *
 * @module
 */

/** The server to connect to. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** The result of one connection. Times are in milliseconds since the call. */
export interface Observation {
  /** When the handshake was complete; absent where the client doesn't tell. */
  readonly handshake?: number;
  /** When the first byte of the response arrived. */
  readonly firstByte: number;
  /** The key exchange group; absent where the client doesn't tell. */
  readonly group?: string;
  /** What firstflight reports of the connection. */
  readonly facts?: {
    readonly outcome: string;
    readonly synBytes: number;
    readonly flightBytes: number;
    readonly earlyData: string;
  };
}

/** Connects, sends the request, waits for the first byte, and closes. */
export type Ask = (target: Target) => Promise<Observation>;

const encoder = new TextEncoder();

/** A request that leaves the connection open, so that session tickets have time to arrive. */
export function request({ hostname }: Target): Uint8Array<ArrayBuffer> {
  return encoder.encode(`GET / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
}
