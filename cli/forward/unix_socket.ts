/**
 * Listening at a unix socket that only its owner can connect to.
 *
 * The socket is made in a folder that nobody else can enter, and gets its place when its mode is right. So
 * there is no moment in which others could connect, and no other file's mode depends on it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { chmodSync, linkSync, lstatSync, mkdtempSync, rmSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { CommandError } from "../failure.ts";

/** Bytes that the path of a socket may have everywhere (`sun_path`, without the final zero). */
const LONGEST_PATH = 103;

/**
 * Starts `server` at `path`. A socket there that nobody listens at is replaced. Returns what removes the
 * socket, unless another one has taken its place.
 *
 * @throws {CommandError} `ADDRESS_IN_USE` when somebody listens there, or the path is no socket
 */
export async function listenAtPath(server: Server, path: string): Promise<() => void> {
  const folder = makeFolderBeside(path);
  try {
    const made = join(folder, "s");
    const excess = Math.max(...[path, made].map((each) => Buffer.byteLength(each))) - LONGEST_PATH;
    if (excess > 0) {
      throw failure("ADDRESS_NOT_AVAILABLE", path, `the path is ${excess} bytes too long`);
    }
    server.listen(made);
    await once(server, "listening");
    chmodSync(made, 0o600);
    const { ino, dev } = lstatSync(made);
    await takePlace(made, path);
    return () => {
      const now = lstatSync(path, { throwIfNoEntry: false });
      if (now?.ino === ino && now.dev === dev) unlinkSync(path);
    };
  } catch (error) {
    server.close();
    if (error instanceof CommandError) throw error;
    throw failure("SYSTEM_ERROR", path, (error as Error).message);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeFolderBeside(path: string): string {
  try {
    return mkdtempSync(join(dirname(path), ".ff-"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? `there is no folder "${dirname(path)}"` : message;
    throw failure("ADDRESS_NOT_AVAILABLE", path, why);
  }
}

/** A link is made only where nothing is: of two processes one succeeds. */
async function takePlace(made: string, path: string): Promise<void> {
  try {
    return linkSync(made, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (!lstatSync(path).isSocket()) {
    throw failure("ADDRESS_IN_USE", path, "it is a file, and no socket");
  }
  if (await isLive(path)) {
    throw failure("ADDRESS_IN_USE", path, "another process listens there already");
  }
  unlinkSync(path);
  linkSync(made, path);
}

/** Whether somebody listens. A socket that may not be asked counts as one in use. */
function isLive(path: string): Promise<boolean> {
  const socket = connect(path);
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED"));
  }).finally(() => socket.destroy());
}

function failure(code: string, path: string, why: string): CommandError {
  return new CommandError(code, `Could not listen at "unix:${path}": ${why}`);
}
