/**
 * Where the answer goes: standard output, or a file that is made once there is something for it.
 *
 * @module
 */

import { open } from "node:fs/promises";
import process from "node:process";
import { OutputError, send } from "../output.ts";

/** Takes bytes. */
export interface Sink {
  /**
   * Writes a chunk; resolves to `false` where nobody reads any more.
   *
   * @throws {OutputError} when it can't be written
   */
  write(chunk: Uint8Array | string): Promise<boolean>;
  /** Ends it; a file is made also where nothing was written. */
  close(): Promise<void>;
}

/** The sink that `--output` names. */
export function openSink(file: string | undefined): Sink {
  return file === undefined || file === "-" ? standardOutput : fileSink(file);
}

/** Reads on, and forgets. */
export const nowhere: Sink = { write: () => Promise.resolve(true), close: () => Promise.resolve() };

const standardOutput: Sink = {
  write: (chunk) => send(process.stdout, chunk),
  close: () => Promise.resolve(),
};

function fileSink(path: string): Sink {
  let opened: ReturnType<typeof open> | undefined;
  const attempt = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      throw new OutputError(error as Error);
    }
  };
  return {
    write: (chunk) =>
      attempt(async () => {
        const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
        const file = await (opened ??= open(path, "w"));
        for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
        return true;
      }),
    close: () => attempt(async () => await (await (opened ??= open(path, "w"))).close()),
  };
}
