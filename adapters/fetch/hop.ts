/**
 * One request and the head of its answer.
 *
 * @module
 */

import type { ClientRequest, IncomingMessage } from "node:http";
import { type Agent, request } from "node:https";
import { pipeline } from "node:stream/promises";
import { type Body, chunksOf, lengthOf } from "./body.ts";
import { acceptEncoding } from "./decode.ts";

/** What one request is. A redirect makes another one. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Body;
}

/** Methods that may be repeated (RFC 9110, section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** Sends a request; resolves once the head of the answer is here. */
export async function send(hop: Hop, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> {
  for (;;) {
    const sent = exchange(hop, agent, signal);
    try {
      return await sent.answer;
    } catch (error) {
      // The server may have closed the connection just when it was taken from the pool.
      const isStale = sent.isReused() && (error as { code?: string }).code === "ECONNRESET";
      const isRepeatable = IDEMPOTENT.has(hop.method) && hop.body.kind !== "stream";
      if (!isStale || !isRepeatable || signal.aborted) throw error;
    }
  }
}

function exchange({ url, method, headers, body }: Hop, agent: Agent, signal: AbortSignal) {
  const { promise: answer, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request(url, {
    method,
    agent,
    headers: headersOf(method, headers, body),
    signal,
  });
  outgoing.once("response", resolve);
  outgoing.on("error", reject);
  outgoing.once("close", () => reject(new Error("the connection was closed without an answer")));
  // Deno would send a POST again on another connection, even one that was aborted:
  // https://github.com/denoland/deno/issues/36786
  let isReused = false;
  outgoing.once("socket", () => {
    isReused = outgoing.reusedSocket;
    outgoing.reusedSocket = false;
  });
  // Without this an answer of 101 would be the connection's end.
  outgoing.once("upgrade", (_response, socket) => {
    socket.destroy();
    reject(new Error("the server has changed to another protocol"));
  });
  sendBody(body, outgoing);
  return { answer, isReused: () => isReused };
}

/** A GET ends in the turn in which it begins, so that it is written as a whole, and may ride. */
function sendBody(body: Body, outgoing: ClientRequest): void {
  if (body.kind === "none") outgoing.end();
  else if (body.kind === "bytes") outgoing.end(body.bytes);
  else {
    // A failure of the body's source is the request's; one of the connection is told by it as well.
    pipeline(chunksOf(body), outgoing).catch((error) => outgoing.destroy(error));
  }
}

/** What servers expect, unless the caller has said otherwise; and what only the sender knows. */
function headersOf(method: string, given: Headers, body: Body): Record<string, string> {
  const length = lengthOf(body);
  const saysLength = length !== undefined &&
    (length > 0 || ["POST", "PUT", "PATCH"].includes(method));
  return {
    accept: "*/*",
    "accept-encoding": given.has("range") ? "identity" : acceptEncoding,
    "user-agent": navigator.userAgent,
    ...Object.fromEntries([...given].filter(([name]) => !NOT_THE_CALLERS.has(name))),
    ...(length === undefined ? { "transfer-encoding": "chunked" } : {}),
    ...(saysLength ? { "content-length": String(length) } : {}),
  };
}

/**
 * Where a request ends is not the caller's to say: what is between two requests can be made a third one. Nor is
 * the host, by which `node:https` would verify the certificate.
 */
const NOT_THE_CALLERS = new Set([
  ...["content-length", "expect", "host", "trailer", "transfer-encoding", "upgrade"],
]);
