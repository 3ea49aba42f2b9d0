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

/**
 * Copies standard input to the peer, and the peer's data to standard output. Ends when the peer has
 * finished, standard output is closed, or `signal` aborts. Closes the connection.
 */
export async function talk(conn: TlsConn, signal: AbortSignal): Promise<void> {
  const close = () => conn.close();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  process.stdout.on("error", () => {}); // `send` reports it.
  const progress = { said: false, heard: false };
  try {
    // An error of the connection also shows where the connection is read.
    sendInput(conn).then(() => progress.said = true, () => {});
    for await (const chunk of chunksOf(conn)) {
      progress.heard = true;
      if (!await send(process.stdout, chunk)) return;
    }
  } catch (error) {
    // Many servers close without close_notify once the client has sent its own.
    const common = error instanceof TlsError && error.code === "TRUNCATED" && progress.said;
    if (!common) throw error;
    if (progress.heard) await print(process.stderr, `firstflight: warning: ${error.message}`);
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

async function sendInput(conn: TlsConn): Promise<void> {
  for await (const chunk of process.stdin) await conn.write(chunk);
  await conn.closeWrite();
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
