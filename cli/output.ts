/**
 * Writing to standard output and standard error.
 *
 * @module
 */

/** A stream to write to, as `process.stdout` is one. */
export interface Output {
  write(chunk: string | Uint8Array, done: (error?: Error | null) => void): boolean;
}

/**
 * Writes a chunk; resolves when it has left, so that the process may end. Whoever reads may have gone
 * away: then this resolves to `false`.
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

/** One line of JSON; times to the microsecond, for their other digits say nothing. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, part) => typeof part === "number" ? Number(part.toFixed(3)) : part,
  );
}
