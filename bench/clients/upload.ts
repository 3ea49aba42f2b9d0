/**
 * Uploads of a given size.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { bytesOfSize } from "../../tests/peers/http_server.ts";

/** One upload. */
export interface Upload {
  readonly path: string;
  /** Bytes of the whole request. */
  readonly size: number;
}

/** The head of the request. Its own length does not depend on `length`. */
function headOf({ path }: Upload, length: number): string {
  const digits = `${length}`.padStart(7, "0");
  return `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${digits}\r\n\r\n`;
}

/** The body to store. No two stretches of it are alike, so that a displaced one shows. */
export function bodyOf(upload: Upload): Uint8Array {
  return bytesOfSize(upload.size - headOf(upload, 0).length);
}

/** The request. It leaves the connection open. */
export function uploadRequest(upload: Upload): Uint8Array<ArrayBuffer> {
  const body = bodyOf(upload);
  return Buffer.concat([Buffer.from(headOf(upload, body.length)), body]);
}
