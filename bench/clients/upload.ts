/**
 * Uploads of a size.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { bytesOfSize } from "../../tests/peers/http_server.ts";

/** One upload. */
export interface Upload {
  readonly path: string;
  /** Bytes of the request in all. */
  readonly size: number;
}

/** Always as long, whatever the length it tells. */
function headOf({ path }: Upload, length: number): string {
  const digits = `${length}`.padStart(7, "0");
  return `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${digits}\r\n\r\n`;
}

/** What is to be stored: no two stretches are alike, so that a slip shows. */
export function bodyOf(upload: Upload): Uint8Array {
  return bytesOfSize(upload.size - headOf(upload, 0).length);
}

/** The request, after which the connection stays open. */
export function uploadRequest(upload: Upload): Uint8Array<ArrayBuffer> {
  const body = bodyOf(upload);
  return Buffer.concat([Buffer.from(headOf(upload, body.length)), body]);
}
