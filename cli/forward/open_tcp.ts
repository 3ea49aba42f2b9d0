/**
 * Opens TCP for a client that speaks TLS itself.
 *
 * @module
 */

import type { Socket } from "node:net";
import { type StreamSocket, tcpSocket } from "../../mod.ts";
import type { Target } from "../target.ts";
import type { Account } from "./account.ts";
import { helloBytesIn } from "./hello_bytes.ts";
import { joinable, reasonOf } from "./join.ts";
import type { Route } from "./route.ts";

/**
 * Opens TCP, with the ClientHello that the client's first bytes begin with in the SYN; `undefined` where the
 * client has gone meanwhile.
 */
export async function openTcp(
  near: Socket,
  target: Target,
  dial: Route["dial"],
  first: Uint8Array | null | undefined,
  account: Account,
): Promise<StreamSocket | undefined> {
  const bytes = first ?? new Uint8Array();
  const rides = helloBytesIn(bytes);
  const far = tcpSocket({
    ...dial,
    ...target,
    ...joinable,
    ...(rides > 0 ? { data: "first-write" } : {}),
  });
  account.begun(far);
  const leave = () => void far.destroy();
  near.on("close", leave);
  try {
    if (near.destroyed) leave();
    if (rides > 0) far.write(bytes.subarray(0, rides));
    if (!await isConnected(far)) return undefined;
    account.sent += bytes.length;
    if (bytes.length > rides) far.write(bytes.subarray(rides));
    return far;
  } finally {
    near.off("close", leave);
  }
}

/** Resolves when the socket is connected, to `false` when it was destroyed before, and rejects if it can't be. */
function isConnected(far: StreamSocket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    far.once("connect", () => resolve(true));
    far.on("error", (error) => reject(reasonOf(error)));
    far.once("close", () => resolve(false));
  });
}
