/**
 * A request, the redirects that it leads to, and the answer at their end.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { TlsSocket } from "../../mod.ts";
import { CommandError } from "../failure.ts";
import { shown } from "../url.ts";
import type { Agents } from "./agents.ts";
import { Body } from "./body.ts";
import { ask } from "./exchange.ts";
import { connectionFacts, factsOf, type GetFacts } from "./facts.ts";
import { redirected, type Wanted } from "./request.ts";
import { nowhere, type Sink } from "./sink.ts";

/** How to follow. */
export interface FollowOptions {
  readonly agents: Agents;
  readonly signal: AbortSignal;
  /** Where the body goes. */
  readonly sink: Sink;
  /** Redirects are followed. */
  readonly redirects: boolean;
  /** Connections are used again. */
  readonly keepsAlive: boolean;
  /** Heads are written before their bodies. */
  readonly heads: boolean;
  /** Bodies are decompressed. */
  readonly decodes: boolean;
  /** A status of 400 or more is a failure. */
  readonly fails: boolean;
  /** Called with the facts of each answer once its body was read. */
  readonly onAnswer: (facts: GetFacts, socket: TlsSocket) => Promise<void>;
}

const MOST_REDIRECTS = 10;

/**
 * Asks until an answer is no redirect. Resolves to the facts of the last one; to `undefined` where nobody
 * reads the output any more.
 *
 * @throws {CommandError} for redirects without end, a body that was cut, or a status that fails
 */
export async function follow(
  first: Wanted,
  options: FollowOptions,
): Promise<GetFacts | undefined> {
  const asked = new Set<string>();
  for (let wanted = first;;) {
    const place = `${wanted.method} ${shown(wanted.url)}`;
    if (asked.has(place)) {
      throw new CommandError("REDIRECT_LOOP", `The redirects lead back to ${shown(wanted.url)}`);
    }
    if (asked.size > MOST_REDIRECTS) {
      const message = `${shown(first.url)} leads to more than ${MOST_REDIRECTS} redirects`;
      throw new CommandError("TOO_MANY_REDIRECTS", message);
    }
    asked.add(place);
    const step = await exchange(wanted, options);
    if (!step) return undefined;
    if (!step.next) return step.facts;
    wanted = step.next;
  }
}

/** What came of one exchange; `next` where it was a redirect that is followed. */
interface Step {
  readonly facts: GetFacts;
  readonly next: Wanted | undefined;
}

async function exchange(wanted: Wanted, options: FollowOptions): Promise<Step | undefined> {
  const started = performance.now();
  const agent = options.agents.for(wanted);
  const answer = await ask(agent, wanted, options.signal);
  const { message, socket } = answer;
  const connection = connectionFacts(answer); // Now: its round trip must be that of the handshake.
  const { statusCode: status = 0, statusMessage: reason = "", headers: { location } } = message;
  const isFailure = options.fails && status >= 400;
  const body = new Body(message, wanted.method, () => socket.truncated);
  const next = options.redirects ? redirected(wanted, status, location) : undefined;
  const isWanted = !isFailure && !next;
  if (options.heads && !await options.sink.write(headOf(message))) return leave(message);
  const target = isWanted ? options.sink : nowhere;
  for await (const chunk of options.decodes && isWanted ? body.decoded() : body.chunks()) {
    if (!await target.write(chunk)) return leave(message);
  }
  const progress = { bytes: body.bytes, end: performance.now() - started };
  const facts = factsOf(wanted, answer, connection, progress);
  await options.onAnswer(facts, socket);
  if (!options.keepsAlive) await agent.close(socket);
  if (isFailure) {
    const message = `${shown(wanted.url)} answered ${status} ${reason}`.trim();
    throw new CommandError("HTTP_STATUS", message);
  }
  return { facts, next };
}

/** The head as it came. */
function headOf({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function leave(message: IncomingMessage): undefined {
  message.destroy();
  return undefined;
}
