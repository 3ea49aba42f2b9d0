/**
 * Writing to standard output and standard error.
 *
 * @module
 */

/** A stream to write to, such as `process.stdout`. */
export interface Output {
  write(chunk: string | Uint8Array, done: (error?: Error | null) => void): boolean;
}

/** The output could not be written; a full disk, perhaps. */
export class OutputError extends Error {
  override readonly name = "OutputError";
  /** Such as `ENOSPC`. */
  readonly code: string;

  constructor(cause: Error & { readonly code?: string }) {
    super(`The output can't be written: ${cause.message}`, { cause });
    this.code = cause.code ?? "EIO";
  }
}

/**
 * Writes a chunk. Resolves once the chunk is written, so that the process may end. Resolves to
 * `false` where the reader has gone away.
 *
 * @throws {OutputError} when it can't be written
 */
export function send(stream: Output, chunk: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error & { readonly code?: string } | null) => {
      if (!error) resolve(true);
      else if (error.code === "EPIPE") resolve(false);
      else reject(new OutputError(error));
    };
    try {
      stream.write(chunk, finish);
    } catch (error) {
      finish(error as Error); // Deno throws where the output is a file.
    }
  });
}

/**
 * Writes a text and a line break.
 *
 * @throws {OutputError} when it can't be written
 */
export async function print(stream: Output, text: string): Promise<void> {
  await send(stream, `${text}\n`);
}

/** One line of JSON. Times are rounded to microseconds, because more digits say nothing. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, part) => typeof part === "number" ? Number(part.toFixed(3)) : part,
  );
}
