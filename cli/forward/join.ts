/**
 * Two connections as one: what comes from either goes to the other, no faster than that one takes it, and so
 * do their ends.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { giveBack } from "../../base/buffers.ts";
import { FirstFlightError, type StreamSocket } from "../../mod.ts";
import { CommandError, failureOf } from "../failure.ts";
import type { Account } from "./account.ts";
import { resetDelivered } from "./ends.ts";

/**
 * What sockets must be, so that they can be joined. An end that has ended may wait for the rest of an answer,
 * or be gone: only its kernel knows, and is asked after a minute of silence.
 */
export const joinable = { allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/** Joins a client and a target. Resolves when both connections are closed. */
export async function join(near: Socket, far: StreamSocket, account: Account): Promise<void> {
  const closed = [closeOf(near), closeOf(far)];
  /** Whether the client has ended, and nothing has come from the target since. */
  let isSatisfied = false;
  let cutting: Promise<void> | undefined;
  const cut = () => cutting ??= resetDelivered(near);
  const fail = (error: Error) => {
    account.failed(failureOf(reasonOf(error)));
    cut();
  };

  if (near.destroyed) far.resetAndDestroy();
  if (far.errored) fail(far.errored);
  near.on("error", () => far.resetAndDestroy());
  near.on("close", () => {
    if (!near.readableEnded || !far.readableEnded) far.resetAndDestroy();
  });
  far.on("error", fail);
  far.on("close", () => {
    if (!far.readableEnded) cut();
  });

  copy(near, far, (bytes) => account.sent += bytes, () => {
    isSatisfied = true;
    if (far.writable) far.end();
  });
  copy(far, near, (bytes) => {
    isSatisfied = false;
    account.received += bytes;
  }, () => {
    if (!far.truncated) return void (near.writable && near.end());
    // Many servers are rude to a client that has gone: nothing is missing then.
    if (!isSatisfied) account.failed(truncated());
    cut();
  });
  await Promise.all(closed);
  await cutting;
}

/** Errors of sockets have Node's form; why, their cause knows. */
export function reasonOf(error: Error): unknown {
  return error.cause instanceof FirstFlightError ? error.cause : error;
}

function copy(
  from: Duplex,
  to: Duplex,
  onBytes: (count: number) => void,
  onEnd: () => void,
): void {
  from.on("data", (chunk: Uint8Array) => {
    if (!to.writable) return;
    onBytes(chunk.length);
    // The buffer is lent by TLS, to whoever reads it. New ones would cost more than what fills them.
    const written = (error?: Error | null) => void (error || giveBack(chunk));
    if (!to.write(chunk, written)) from.pause();
  });
  to.on("drain", () => from.resume());
  if (from.readableEnded) onEnd();
  else from.on("end", onEnd).resume();
}

function closeOf(socket: Duplex): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => void socket.once("close", () => resolve()));
}

function truncated(): CommandError {
  return new CommandError(
    "TRUNCATED",
    "The target has cut the connection without close_notify; data may be missing, so the client's was reset",
  );
}
