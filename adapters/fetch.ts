/**
 * A `fetch` over this package's connections: the same signature as the platform's, with the platform's own
 * `Request`, `Response` and `Headers`.
 *
 * @module
 */

import { Agent as HttpsAgent } from "node:https";
import { Agent, type AgentOptions } from "./agent.ts";
import { bodyOf } from "./fetch/body.ts";
import { fetchFailed, refuse } from "./fetch/failure.ts";
import { follow } from "./fetch/follow.ts";

/** Options of {@linkcode createFetch}: those of an `Agent`, but that `keepAlive` is `true` by default. */
export type FetchOptions = AgentOptions;

/** What `fetch` is, on every platform. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Makes a `fetch`. With options it has connections of its own; those of an agent end with `agent.destroy()`.
 *
 * With `earlyData: safe.http1`, once there is a ticket, a GET without a body rides in the first flight, and
 * no other request does.
 *
 * ```ts
 * import { safe } from "@firstflight/tls";
 * import { createFetch } from "@firstflight/tls/fetch";
 * import { cert, key } from "./examples/certificate.ts";
 * import { once } from "node:events";
 * import { createServer } from "node:https";
 * import type { AddressInfo } from "node:net";
 *
 * const server = createServer({ cert, key }, (_request, response) => response.end('"hello"'));
 * await once(server.listen(0, "127.0.0.1"), "listening");
 * const { port } = server.address() as AddressInfo;
 *
 * const fetch = createFetch({ earlyData: safe.http1, ca: cert });
 * const response = await fetch(`https://127.0.0.1:${port}/`);
 * console.log(await response.json()); // "hello"
 * server.closeAllConnections();
 * server.close();
 * ```
 *
 * It speaks HTTP/1.1 over TLS. An address of another scheme is refused, also in a redirect, and so is what it
 * would have to ignore (`integrity`). It fails as the platform's does, with a `TypeError` whose `cause` tells
 * more; an aborted one with the reason of its signal. An answer may take as long as it likes, unless there is
 * an `AbortSignal.timeout`. `docs/integrations/fetch.md` has what else differs from each platform's.
 *
 * @throws {OptionError} when an option is wrong or not known
 */
export function createFetch(options: FetchOptions | Agent = {}): Fetch {
  // The package's file for this adapter has an Agent of its own.
  const agent = options instanceof HttpsAgent
    ? options
    : new Agent({ keepAlive: true, ...options });
  return async (input, init = {}) => {
    const request = new Request(input, init);
    refuse(request, init);
    request.signal.throwIfAborted();
    try {
      const headers = new Headers(request.headers); // Bun makes some of them of the body, if it is there.
      return await follow(request, headers, await bodyOf(input, init, request), agent);
    } catch (error) {
      // An abort ends whatever is under way, by whatever error.
      request.signal.throwIfAborted();
      throw fetchFailed(error);
    }
  };
}

let standard: Fetch | undefined;

/**
 * A `fetch` without options, whose connections are shared by all who import it. Nothing rides as early data:
 * {@linkcode createFetch} makes one that is told what may.
 *
 * @example
 * ```ts no-eval
 * import { fetch } from "@firstflight/tls/fetch";
 *
 * console.log((await fetch("https://example.com/")).status);
 * ```
 */
export function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  standard ??= createFetch();
  return standard(input, init);
}
