/**
 * Content codings (RFC 9110, section 8.4).
 *
 * @module
 */

import { pipeline, Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";

/** Codings that a body may have one over the other: more are somebody's attempt to keep us busy. */
const MOST_CODINGS = 5;

/** What decodes a body that begins with this byte. */
type Coding = (first: number) => Transform;

/** "deflate" has a header (RFC 1950), which some servers leave out. */
const inflate: Coding = (first) =>
  (first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();

const known: Readonly<Record<string, Coding | undefined>> = {
  "gzip": () => zlib.createGunzip(),
  "x-gzip": () => zlib.createGunzip(),
  "deflate": inflate,
  "br": () => zlib.createBrotliDecompress(),
  "zstd": () => zlib.createZstdDecompress(),
};

/** What is asked for. */
export const acceptEncoding = "gzip, deflate, br, zstd";

/** A stage of a pipeline. */
export type Decoder = (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>;

/**
 * What turns a body with these codings into what was meant, in order; empty where a coding is not known:
 * then the body is handed on as it is, and its header says what it is.
 */
export function decodersFor(codings: string | undefined): Decoder[] {
  const names = (codings ?? "").split(",").map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length > MOST_CODINGS) throw new Error(`${names.length} content codings`);
  const found = names.map((name) => Object.hasOwn(known, name) ? known[name] : undefined);
  if (found.includes(undefined)) return [];
  return found.reverse().map((coding) => (source) => decode(source, coding!));
}

/** Decodes a body. One that is empty has no coding, whatever is said of it. */
async function* decode(
  source: AsyncIterable<Uint8Array>,
  coding: Coding,
): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  async function* whole() {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  // Whoever reads it is told of errors.
  yield* pipeline(Readable.from(whole()), coding(first.value[0]!), () => {});
}
