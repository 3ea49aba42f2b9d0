/**
 * Writing to standard output and standard error.
 *
 * @module
 */

/** A stream to write to, such as `process.stdout`. */
export interface Output {
  write(chunk: string | Uint8Array, done: (error?: Error | null) => void): boolean;
}

/**
 * Writes a chunk. Resolves once the chunk is written, so that the process may end. Resolves to
 * `false` where the reader has gone away.
 */
export function send(stream: Output, chunk: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    stream.write(chunk, (error) => resolve(!error));
  });
}

/** Writes a text and a line break. */
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
