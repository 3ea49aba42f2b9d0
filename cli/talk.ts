/**
 * A conversation between a connection and the terminal.
 *
 * @module
 */

import process from "node:process";
import { type TlsConn, TlsError } from "../mod.ts";
import { print, send } from "./output.ts";

/** Bytes read at a time. */
const CHUNK = 64 * 1024;

/** How to talk. */
export interface TalkOptions {
  /** Ends the conversation when it aborts. */
  readonly signal: AbortSignal;
  /** The end of standard input ends the sending side. */
  readonly halfClose: boolean;
  /** Something was sent before, as early data. */
  readonly hasSpoken: boolean;
}

/**
 * Copies standard input to the peer, and the peer's data to standard output. Ends when the peer has
 * finished, standard output is closed, or `signal` aborts. Closes the connection.
 *
 * The sending side stays open when the input ends, unless asked otherwise: many servers take its end
 * for a client that has gone away, and drop their answer. Without anything sent no answer is due.
 */
export async function talk(conn: TlsConn, options: TalkOptions): Promise<void> {
  const { signal } = options;
  const close = () => conn.close();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  const progress = { said: false, heard: false };
  try {
    // An error of the connection also shows where the connection is read.
    sendInput(conn, options).then(() => progress.said = true, () => {});
    for await (const chunk of chunksOf(conn)) {
      progress.heard = true;
      if (!await send(process.stdout, chunk)) return;
    }
  } catch (error) {
    // Many servers close without close_notify once they have answered.
    const common = error instanceof TlsError && error.code === "TRUNCATED" && progress.said;
    if (!common) throw error;
    if (progress.heard) await print(process.stderr, `firstflight: warning: ${error.message}`);
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

async function sendInput(
  conn: TlsConn,
  { halfClose, hasSpoken }: TalkOptions,
): Promise<void> {
  let awaitsAnswer = hasSpoken;
  for await (const chunk of process.stdin) {
    awaitsAnswer = true;
    await conn.write(chunk);
  }
  if (halfClose || !awaitsAnswer) await conn.closeWrite();
}

/** The data that arrives. A chunk is valid until the next one is asked for. */
async function* chunksOf(conn: TlsConn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK);
  for (;;) {
    const length = await conn.read(buffer);
    if (length === null) return;
    yield buffer.subarray(0, length);
  }
}
