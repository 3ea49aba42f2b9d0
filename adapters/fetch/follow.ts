/**
 * Requests until there is an answer that leads nowhere else (the Fetch standard, "HTTP-redirect fetch").
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import { answerFrom } from "./answer.ts";
import type { Body } from "./body.ts";
import { FetchError, refuseAddress } from "./failure.ts";
import { type Hop, send } from "./hop.ts";

const MOST_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Bytes of an answer that are read rather than a connection given up. */
const WORTH_READING = 64 * 1024;

/** Makes the request, and those that the answers ask for. */
export async function follow(
  request: Request,
  headers: Headers,
  body: Body,
  agent: Agent,
): Promise<Response> {
  const { method, signal, redirect } = request;
  let hop: Hop = { url: withoutFragment(request.url), method, headers, body };
  for (let redirects = 0;; redirects++) {
    const message = await send(hop, agent, signal);
    const location = REDIRECTS.has(message.statusCode!) ? message.headers.location : undefined;
    if (location === undefined || redirect === "manual") {
      return answerFrom(message, hop, redirects > 0, request);
    }
    discard(message);
    if (redirect === "error") throw new FetchError(`fetch failed: ${hop.url.origin} redirects`);
    if (redirects === MOST_REDIRECTS) {
      throw new FetchError(`fetch failed: more than ${MOST_REDIRECTS} redirects`);
    }
    hop = nextHop(hop, message.statusCode!, location);
  }
}

/** The request that a redirect asks for. */
function nextHop({ url: from, method, headers, body }: Hop, status: number, location: string): Hop {
  const url = addressIn(location, from);
  refuseAddress(url);
  const isOtherOrigin = url.origin !== from.origin;
  if (isOtherOrigin && (url.username || url.password)) {
    throw new FetchError(
      "fetch failed: a redirect to another origin has credentials in its address",
    );
  }
  // Those are for whoever answers next, and would be sent as Authorization.
  url.username = url.password = "";
  const becomesGet = status === 303
    ? method !== "GET" && method !== "HEAD"
    : (status === 301 || status === 302) && method === "POST";
  if (!becomesGet && body.kind === "stream") {
    throw new FetchError(`fetch failed: ${status} asks for a body again that was a stream`);
  }
  const left = [
    ...(becomesGet ? OF_BODY : []),
    ...(isOtherOrigin ? OF_ORIGIN : []),
  ];
  return {
    url,
    method: becomesGet ? "GET" : method,
    headers: new Headers([...headers].filter(([name]) => !left.includes(name))),
    body: becomesGet ? { kind: "none" } : body,
  };
}

/** Headers that say what the body is, and those that are for one origin alone. */
const OF_BODY = ["content-encoding", "content-language", "content-location", "content-type"];
const OF_ORIGIN = ["authorization", "cookie", "host", "proxy-authorization"];

function addressIn(location: string, base: URL): URL {
  // A header comes as one character for each byte; servers mean UTF-8.
  const text = new TextDecoder().decode(Uint8Array.from(location, (each) => each.charCodeAt(0)));
  try {
    return withoutFragment(new URL(text, base).href);
  } catch (cause) {
    throw new FetchError("fetch failed: a redirect leads to what is no address", { cause });
  }
}

/** No server learns it, and `response.url` has none. */
function withoutFragment(href: string): URL {
  const url = new URL(href);
  url.hash = "";
  return url;
}

/** Lets go of an answer that nobody reads. */
function discard(message: IncomingMessage): void {
  message.on("error", () => {});
  const length = Number(message.headers["content-length"] ?? Infinity);
  if (length <= WORTH_READING) message.resume();
  else message.destroy();
}
