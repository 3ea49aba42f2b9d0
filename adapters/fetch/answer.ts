/**
 * An answer of `node:https` as the platform's `Response`.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { decodersFor } from "./decode.ts";
import { fetchFailed } from "./failure.ts";
import type { Hop } from "./hop.ts";

/** Statuses whose answers have no body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** What a `Response` that was made by a program does not know. */
interface Source {
  readonly url: string;
  readonly redirected: boolean;
}

/** A `Response` that says where it is from. */
class FetchedResponse extends Response {
  readonly #source: Source;

  constructor(body: ReadableStream | null, init: ResponseInit, source: Source) {
    super(body, init);
    this.#source = source;
  }

  override get url(): string {
    return this.#source.url;
  }

  override get redirected(): boolean {
    return this.#source.redirected;
  }

  override get type(): "basic" {
    return "basic";
  }

  override clone(): Response {
    const { body, status, statusText, headers } = super.clone();
    return new FetchedResponse(body, { status, statusText, headers }, this.#source);
  }
}

/** Makes the response. Until its body is read, the connection waits. */
export function answerFrom(
  message: IncomingMessage,
  { url, method }: Hop,
  redirected: boolean,
  request: Request,
): Response {
  try {
    return respond(message, { url: url.href, redirected }, method, request);
  } catch (error) {
    message.destroy(); // The platform knows no such status, or no such header.
    throw error;
  }
}

function respond(
  message: IncomingMessage,
  source: Source,
  method: string,
  request: Request,
): Response {
  const { statusCode: status = 0, statusMessage: statusText = "", rawHeaders } = message;
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index]!, rawHeaders[index + 1]!);
  }
  const hasBody = method !== "HEAD" && !WITHOUT_BODY.has(status);
  message.on("error", () => {}); // Whoever reads the body is told; nobody may.
  if (!hasBody) message.resume();
  const body = hasBody ? streamOf(decoded(message), message, request) : null;
  return new FetchedResponse(body, { status, statusText, headers }, source);
}

/** The body without its codings. */
function decoded(message: IncomingMessage): AsyncIterable<Uint8Array> {
  const decoders = decodersFor(message.headers["content-encoding"]);
  return decoders.reduce<AsyncIterable<Uint8Array>>((source, decoder) => decoder(source), message);
}

/** Ends connections whose answers were dropped unread. */
const dropped = new FinalizationRegistry<IncomingMessage>((message) => message.destroy());

/**
 * The body as a stream that reads as fast as it is read. It holds the request, whose signal follows the
 * caller's for as long as the request lives.
 */
function streamOf(
  body: AsyncIterable<Uint8Array>,
  message: IncomingMessage,
  request: Request,
): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  const stream = new ReadableStream({
    type: "bytes",
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (!done) return controller.enqueue(new Uint8Array(value));
        dropped.unregister(message); // The connection may be somebody else's from now on.
        controller.close();
        controller.byobRequest?.respond(0);
      } catch (error) {
        message.destroy();
        controller.error(request.signal.aborted ? request.signal.reason : fetchFailed(error));
      }
    },
    cancel() {
      message.destroy();
    },
  });
  dropped.register(stream, message, message);
  return stream;
}
