/**
 * The body of an answer: whether all of it has come, and what it is when decompressed.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { pipeline, type Transform } from "node:stream";
import zlib from "node:zlib"; // As a whole: a Node without Zstandard has to load, to say that it is too old.
import { CommandError } from "../failure.ts";
import type { encodings } from "./request.ts";

/** A body that is read once. */
export class Body {
  /** Bytes that have come, as they came. */
  bytes = 0;
  #answer: IncomingMessage;
  #isCut: () => boolean;
  #hasBody: boolean;

  /** `isCut` tells, at the end, whether the connection ended as an attacker could have ended it. */
  constructor(answer: IncomingMessage, method: string, isCut: () => boolean) {
    this.#answer = answer;
    this.#isCut = isCut;
    const { statusCode = 0 } = answer;
    this.#hasBody = method !== "HEAD" && statusCode !== 204 && statusCode !== 304;
  }

  /**
   * The bytes as they come.
   *
   * @throws {CommandError} where they end too early
   */
  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#answer) {
        this.bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw this.#cut(error);
    }
    if (!this.#isWhole()) throw this.#cut();
  }

  /**
   * The bytes without the encodings that they are in (RFC 9110, section 8.4).
   *
   * @throws {CommandError} where an encoding is not known, or wrong
   */
  async *decoded(): AsyncGenerator<Uint8Array> {
    const named = this.#answer.headers["content-encoding"]?.toLowerCase() ?? "";
    const layers = named.split(",").map((name) => name.trim())
      .filter((name) => name !== "" && name !== "identity");
    if (layers.length === 0 || !this.#hasBody) return yield* this.chunks();
    const stages = layers.toReversed().map(decoderOf);
    const last = stages.at(-1) as Transform;
    pipeline([this.chunks(), ...stages], () => {}); // An error destroys the last, too.
    try {
      for await (const chunk of last) yield chunk;
    } catch (error) {
      if (error instanceof CommandError) throw error;
      const { message } = error as Error;
      throw new CommandError("BAD_ENCODING", `The body is not what ${named} makes: ${message}`);
    }
  }

  get #announced(): number | undefined {
    const length = this.#answer.headers["content-length"];
    return length === undefined ? undefined : Number(length);
  }

  #isWhole(): boolean {
    if (!this.#hasBody) return true;
    if (this.#announced !== undefined) return this.bytes >= this.#announced;
    if (this.#answer.headers["transfer-encoding"] !== undefined) return this.#answer.complete;
    return !this.#isCut();
  }

  #cut(cause?: unknown): CommandError {
    const { code } = (cause ?? {}) as { code?: unknown };
    if (cause instanceof CommandError || code === "ABORT_ERR") return cause as CommandError;
    const all = this.#announced === undefined ? "" : ` of ${this.#announced}`;
    return new CommandError("TRUNCATED", `The body was cut off after ${this.bytes}${all} bytes`);
  }
}

const decoders: Readonly<Record<typeof encodings[number], () => Transform>> = {
  br: zlib.createBrotliDecompress,
  deflate: zlib.createInflate,
  gzip: zlib.createGunzip,
  zstd: zlib.createZstdDecompress,
};

function decoderOf(name: string): Transform {
  const plain = name.replace(/^x-/, "");
  if (Object.hasOwn(decoders, plain)) return decoders[plain as keyof typeof decoders]();
  const known = Object.keys(decoders).join(", ");
  const message = `The body is encoded as ${name}; --compressed knows ${known}`;
  throw new CommandError("UNKNOWN_ENCODING", message);
}
