/**
 * A client of the benchmark of first flights that are turned down. It makes one connection per
 * question, with early data where there is a ticket. At the question "forget" it clears what it has
 * learned of the server.
 *
 * @module
 */

import { MemorySessionStore, serverMemory, type TlsClientOptions } from "../../mod.ts";
import { answerAll } from "./answers.ts";
import { AwaitedStore } from "./awaited_store.ts";
import { observe } from "./latency/firstflight.ts";
import type { Observation, Target } from "./latency/way.ts";

/** One connection. */
export interface RefusedConnection {
  readonly target: Target;
  /** Whether to connect without Fast Open and without tickets. */
  readonly isPlain: boolean;
  readonly withTickets: boolean;
  readonly tls: TlsClientOptions;
}

export type RefusalsQuestion = "forget" | RefusedConnection;

const sessions = new AwaitedStore(new MemorySessionStore());

await answerAll<RefusalsQuestion, Observation | null>(async (question) => {
  if (question === "forget") {
    serverMemory.clear();
    return null;
  }
  const { target, isPlain, withTickets, tls } = question;
  const tickets = withTickets && !isPlain ? { sessions } : {};
  return await observe(target, { fastOpen: !isPlain, tls, ...tickets });
});
