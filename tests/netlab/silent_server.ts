/**
 * A server that accepts every connection and stays silent.
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";
import type { Host } from "./host.ts";
import { programArguments } from "./program.ts";

/**
 * Starts a silent server, which ends with its host. It does not ask for Fast Open, so it takes data
 * from a SYN only where `net.ipv4.tcp_fastopen` has the bit 0x400.
 */
export async function startSilentServer(host: Host, address: string, port: number): Promise<void> {
  const program = new URL("./fixtures/silent_server.ts", import.meta.url);
  const args = programArguments(program, address, `${port}`);
  const server = host.spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(server.stdout!, "data");
}
