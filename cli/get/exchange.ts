/**
 * One request and its answer, by `node:https` over connections of this package.
 *
 * @module
 */

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { Agent, type AgentOptions } from "../../adapters/agent.ts";
import { FirstFlightError, type TlsSocket } from "../../mod.ts";
import { CommandError } from "../failure.ts";
import { targetOf } from "../url.ts";
import type { Wanted } from "./request.ts";

/** What was noted of a connection; moments are those of `performance.now()`. */
interface Noted {
  /** The name was looked up; for an address, the connection was begun. */
  begun: number;
  /** The handshake was over. */
  secure: number | undefined;
  /** Whether a request was answered over it. */
  isUsed: boolean;
  /** Whether the server has sent a ticket. */
  hasTicket: boolean;
}

/** An agent that keeps connections, and notes what happens to them. */
export class NotingAgent extends Agent {
  #noted = new WeakMap<object, Noted>();

  constructor(options: AgentOptions) {
    super({ ...options, keepAlive: true });
  }

  override createConnection(...wanted: Parameters<Agent["createConnection"]>) {
    const socket = super.createConnection(...wanted);
    if (socket) {
      const begun = performance.now();
      const noted: Noted = { begun, secure: undefined, isUsed: false, hasTicket: false };
      socket.once("lookup", () => noted.begun = performance.now());
      socket.once("secureConnect", () => noted.secure = performance.now());
      socket.once("session", () => noted.hasTicket = true);
      this.#noted.set(socket, noted);
    }
    return socket;
  }

  /** What was noted; of a connection that was used before, that it was. */
  use(socket: TlsSocket): Readonly<Noted> | undefined {
    const noted = this.#noted.get(socket);
    if (!noted) return undefined;
    const before = { ...noted };
    noted.isUsed = true;
    return before;
  }

  /**
   * Closes a connection. One that has used up a ticket waits for another, so that the next request is as
   * quick: a server that has answered early data sends it a round trip or two after the answer.
   */
  async close(socket: TlsSocket): Promise<void> {
    const hasTicket = this.#noted.get(socket)?.hasTicket ?? true;
    if (!hasTicket && socket.isSessionReused() && !socket.destroyed) {
      const { rtt = 0 } = socket.fastOpen ?? {};
      const patience = Math.min(LONGEST_WAIT, SHORTEST_WAIT + TRIPS_TO_TICKET * rtt);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, patience);
      socket.once("session", () => resolve()).once("close", () => resolve());
      await promise;
      clearTimeout(timer);
    }
    socket.destroy();
  }
}

/** Milliseconds to wait for a ticket. */
const [SHORTEST_WAIT, LONGEST_WAIT] = [50, 500];
/** The answer's end is waited for before the handshake is ended, and then the server has to answer. */
const TRIPS_TO_TICKET = 4;

/** An answer whose head is there. */
export interface Answer {
  readonly message: IncomingMessage;
  readonly socket: TlsSocket;
  /** Whether an earlier request has used the connection. */
  readonly isReused: boolean;
  /** Milliseconds since the request was made. */
  readonly times: {
    /** When the look-up was over, at which the SYN is sent; for an address, when the connection was begun. */
    readonly lookup: number;
    /** When the handshake was over. */
    readonly secure: number;
    /** When the head of the answer was there. */
    readonly head: number;
  };
}

/**
 * Makes a request, and waits for the head of its answer.
 *
 * @throws the error of the connection, or a `CommandError` where the server gave no answer
 */
export async function ask(
  agent: NotingAgent,
  { url, method, fields, body }: Wanted,
  signal: AbortSignal,
): Promise<Answer> {
  const { hostname, port } = targetOf(url);
  const started = performance.now();
  const request = httpsRequest({
    agent,
    host: hostname,
    port,
    method,
    path: url.pathname + url.search,
    // Else it would be made of the field "Host", which the user may set.
    servername: isIP(hostname) ? "" : hostname,
    headers: {
      host: url.host,
      ...Object.fromEntries([...fields].map(([name, lines]) => [name, [...lines]])),
      ...(body ? { "content-length": body.length } : {}),
    },
    signal,
  });
  try {
    const answered = once(request, "response");
    request.end(body);
    const [message] = await answered as [IncomingMessage];
    const head = performance.now();
    const socket = request.socket as unknown as TlsSocket;
    const { begun = started, secure = begun, isUsed = false } = agent.use(socket) ?? {};
    const since = (moment: number) => Math.max(0, moment - started);
    return {
      message,
      socket,
      isReused: isUsed,
      times: { lookup: since(begun), secure: since(secure), head: since(head) },
    };
  } catch (error) {
    throw failureIn(error, url);
  }
}

/** The package's own error, which sockets of Node's shape have as their cause. */
function failureIn(error: unknown, url: URL): unknown {
  const { cause, code, message } = error as { cause?: unknown; code?: unknown; message: string };
  if (error instanceof FirstFlightError) return error;
  if (cause instanceof FirstFlightError) return cause;
  if (code === "ECONNRESET") {
    return new CommandError("NO_ANSWER", `${url.host} closed the connection without an answer`);
  }
  // The parser's codes begin so.
  if (typeof code === "string" && !code.startsWith("HPE_")) return error;
  return new CommandError("BAD_ANSWER", `${url.host} gave no answer of HTTP/1.1: ${message}`);
}
