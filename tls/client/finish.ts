/**
 * The end of a client's handshake.
 *
 * @module
 */

import { afterReading } from "../../base/turns.ts";
import { type Deadline, rejectOnAbort } from "../../tcp/dial/deadline.ts";
import type { ClientEngine } from "../engine/contract.ts";
import type { FinishedHold } from "./finished_hold.ts";
import type { TlsStream } from "../stream.ts";
import { earlyDataUnsent, sessionUnusable } from "../warnings.ts";
import { learnServer } from "./known_servers.ts";
import type { Plan } from "./plan.ts";

/** A handshake began, and then nothing more came. It never reaches a caller. */
export class FellSilent extends Error {
  constructor() {
    super("the server began the handshake, then fell silent");
  }
}

/**
 * Waits until the handshake is complete. When it fails, the stream fails, too.
 *
 * @param patience milliseconds without a byte after which it counts as failed
 */
export async function completeHandshake(
  stream: TlsStream,
  engine: ClientEngine,
  deadline: Deadline,
  patience?: number,
): Promise<void> {
  const endWatch = patience === undefined ? undefined : watchSilence(stream, patience);
  try {
    deadline.stage = "the TLS handshake was not complete";
    if (!engine.secured) await rejectOnAbort(stream.secured, deadline.signal);
  } catch (error) {
    stream.fail(error);
    throw error;
  } finally {
    endWatch?.();
  }
}

/**
 * Waits while a server that has accepted early data may still turn them down. What is sent to it
 * ends the wait. Rejects with the error of the connection.
 */
export async function awaitAnswer(
  stream: TlsStream,
  hold: FinishedHold,
  { signal }: Deadline,
): Promise<void> {
  try {
    await rejectOnAbort(hold.decided, signal);
  } catch (error) {
    stream.fail(error);
  }
  if (stream.failure !== undefined) throw stream.failure;
}

/** Fails the stream once it has been silent for so long. Returns a function that ends the watch. */
function watchSilence(stream: TlsStream, patience: number): () => void {
  let timer: ReturnType<typeof setTimeout>;
  let isOver = false;
  const look = () => {
    if (isOver) return;
    const silentFor = performance.now() - stream.lastByteAt;
    if (silentFor >= patience) stream.fail(new FellSilent());
    else wait(patience - silentFor);
  };
  const wait = (milliseconds: number) => {
    timer = setTimeout(() => afterReading(look), milliseconds);
  };
  wait(patience);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/** Warns of a session that could not be offered to the server. */
export function warnIfUnusable({ stored, warnings }: Plan, isOffered: boolean): void {
  if (stored && !isOffered) warnings.push(sessionUnusable("a session that can't be used"));
}

/** Learns facts from a complete handshake that the next handshake needs. */
export function learnFromHandshake(plan: Plan, engine: ClientEngine): void {
  const { config, resumption, stored } = plan;
  if (engine.resumed) {
    if (stored && engine.sessionReusable) resumption.putBack(stored);
    return;
  }
  const { group, protocol } = engine.info();
  learnServer(config, {
    // A group that was picked from the caller's own list is not the server's free choice.
    ...(config.groups || group === undefined ? {} : { group }),
    usesTls13: protocol === "TLSv1.3",
  });
}

/**
 * Sends the early data that the server did not accept, or that did not fit the first flight. Warns
 * instead if the server has picked another protocol than `meantFor`, that of the session that they
 * were sent with (RFC 8446, section 4.2.10).
 */
export function sendRest(
  { earlyData, warnings }: Plan,
  stream: TlsStream,
  engine: ClientEngine,
  meantFor: string | null | undefined,
): void {
  const { alpnProtocol } = engine.info();
  const isTaken = engine.earlyData === "accepted";
  if (!isTaken && meantFor !== undefined && meantFor !== alpnProtocol) {
    warnings.push(earlyDataUnsent(meantFor, alpnProtocol));
    return;
  }
  const rest = earlyData?.subarray(isTaken ? engine.earlyDataTaken : 0);
  // The write is not awaited: the server may want its answer read before it takes more. Later
  // writes wait behind this write. The caller's next call fails if this write fails.
  if (rest && rest.length > 0) stream.write(rest).catch(() => {});
}
