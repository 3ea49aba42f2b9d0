/**
 * Servers that need no more than a configuration: each listens on 127.0.0.1 and keeps its files in a
 * folder that goes with it.
 *
 * @module
 */

import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { type Folder, temporaryFolder } from "./folder.ts";
import { freePort, here, listensOn, Peer, type Place } from "./peer.ts";

/** A running server. */
export interface Daemon extends AsyncDisposable {
  readonly port: number;
  readonly folder: Folder;
  readonly peer: Peer;
}

/** A command and its arguments. */
export type Command = readonly [string, ...string[]];

export interface DaemonOptions {
  /** Default this machine. */
  readonly place?: Place | undefined;
  /** Default a free port. */
  readonly port?: number | undefined;
  /** The signal at which it ends the processes that it has started. Default: it has none. */
  readonly stopBy?: "SIGQUIT";
}

/**
 * Starts a server, and waits until it listens. `prepare` writes its files, and returns its command.
 */
export async function startDaemon(
  prepare: (folder: Folder, port: number) => Command | Promise<Command>,
  options: DaemonOptions = {},
): Promise<Daemon> {
  const { place = here, port = await freePort() } = options;
  const folder = temporaryFolder();
  let peer: Peer | undefined;
  const stop = async () => {
    await peer?.stop(options.stopBy);
    folder[Symbol.dispose]();
  };
  try {
    const [command, ...args] = await prepare(folder, port);
    const started = peer = new Peer(place, command, args);
    await peer.until("a listener", () => listensOn(port, started.pid));
    return { port, folder, peer, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * A user of this system, for servers that refuse to work as root. Where we are nobody special ourselves,
 * they work as who we are.
 */
export class User {
  readonly uid: number;
  readonly gid: number;
  readonly #isOther = process.getuid?.() === 0;

  constructor(name: string) {
    const ids = this.#isOther ? idsOf(name) : [process.getuid?.(), process.getgid?.()];
    [this.uid = 0, this.gid = 0] = ids;
  }

  /** The command, run as the user. */
  run(...command: Command): Command {
    if (!this.#isOther) return command;
    const as = [`--reuid=${this.uid}`, `--regid=${this.gid}`, "--clear-groups"];
    return ["setpriv", ...as, ...command];
  }

  /** Makes an empty folder in `folder` for the user, who may reach it; returns its path. */
  makeFolder(folder: Folder, name: string): string {
    chmodSync(folder.path(), 0o711);
    mkdirSync(folder.path(name));
    this.#give(folder.path(name));
    return folder.path(name);
  }

  /** Makes a copy that the user alone may read; returns its path. */
  copyFile(from: string, to: string): string {
    copyFileSync(from, to);
    chmodSync(to, 0o600);
    this.#give(to);
    return to;
  }

  #give(path: string): void {
    if (this.#isOther) chownSync(path, this.uid, this.gid);
  }
}

function idsOf(name: string): number[] {
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  const fields = users.find((line) => line.startsWith(`${name}:`))?.split(":");
  if (!fields) throw new Error(`There is no user ${name}`);
  return fields.slice(2, 4).map(Number);
}
