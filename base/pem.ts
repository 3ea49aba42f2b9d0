/**
 * The blocks of certificates in a text (RFC 7468).
 *
 * @module
 */

import { Buffer } from "node:buffer";

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^]*?-----END [A-Z0-9 ]*-----/g;

/** The blocks of certificates in a text, first to last. What they hold may be none. */
export function certificateBlocks(text: string): readonly string[] {
  return text.match(BLOCK) ?? [];
}

/** The bytes in a block of certificates. */
export function bytesOfBlock(block: string): Buffer {
  return Buffer.from(block.replace(/-----[^-]*-----/g, ""), "base64");
}
