/**
 * nginx itself, for all kinds of servers.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import type { Folder } from "./folder.ts";
import { Peer, type Place } from "./peer.ts";

/**
 * Starts nginx with all its files in `folder`. `main` is the part of the configuration on servers.
 */
export async function startNginxProcess(place: Place, folder: Folder, main: string): Promise<Peer> {
  const [configuration, pid] = [folder.path("nginx.conf"), folder.path("pid")];
  const process = `
    daemon off;
    master_process off;
    pid ${pid};
    error_log stderr warn;
    worker_rlimit_nofile 4096;
    events { worker_connections 2048; }`;
  writeFileSync(configuration, `${main}\n${process}`);
  const peer = new Peer(place, "nginx", ["-c", configuration, "-e", "stderr"]);
  try {
    // nginx writes its process id only once it listens.
    await peer.until("a process id", () => readFileSync(pid, { flag: "a+" }).length);
    return peer;
  } catch (error) {
    await peer.stop();
    throw error;
  }
}
