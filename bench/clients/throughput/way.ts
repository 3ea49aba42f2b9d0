/**
 * The contract of a way to move bytes that is measured.
 *
 * @module
 */

/** The server, and the number of bytes. */
export interface Transfer {
  readonly hostname: string;
  readonly port: number;
  /** Bytes of the body. */
  readonly size: number;
}

/** Marks the moment the connection stands. The measurement starts there. */
export type Started = () => void;

/** Downloads to the end and returns the number of bytes that arrived. */
export type Download = (transfer: Transfer, started: Started) => Promise<number>;

/** Uploads until the server has answered a second request. By then it has read all of the first. */
export type Upload = (transfer: Transfer, started: Started) => Promise<void>;

/** Connects, asks for a download, reads a little, then stops. The connection stays open. */
export type Stall = (transfer: Transfer) => Promise<unknown>;

/** The name in the test certificate. */
export const SERVER_NAME = "localhost";

/** Bytes written at a time. */
export const WRITE_SIZE = 64 * 1024;

const encoder = new TextEncoder();

/** The request for a download. */
export function getRequest({ hostname }: Transfer): Uint8Array {
  return encoder.encode(`GET /data HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
}

/** The head of an upload. */
export function putRequest({ hostname, size }: Transfer): Uint8Array {
  const fields = `Host: ${hostname}\r\nContent-Length: ${size}\r\n`;
  return encoder.encode(`PUT /sink HTTP/1.1\r\n${fields}\r\n`);
}

/** The request that the server answers once it has read the upload before. */
export function doneRequest({ hostname }: Transfer): Uint8Array {
  return encoder.encode(`GET /done HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
}
