/**
 * This project's server in the test's own process.
 *
 * @module
 */

import { listenTls, type ListenTlsOptions, type TlsListener } from "../../mod.ts";
import { certificates } from "./certificates.ts";
import { type Served, serveHttp } from "./http_server.ts";
import { soon } from "./peer.ts";

/** A listener on this machine that answers HTTP requests and records them. */
export class LocalServer implements AsyncDisposable {
  readonly listener: TlsListener;
  /** Requests that were answered, oldest first. */
  readonly served: Served[] = [];
  /** Handshakes that failed, and connections that broke, oldest first. */
  readonly failures: (Error & { code?: string; alert?: number })[] = [];
  #done: Promise<void>;
  #told = Promise.withResolvers<void>();

  constructor(options: Partial<ListenTlsOptions> = {}) {
    const { cert, key } = certificates().server;
    const failed = (error: unknown) => {
      this.failures.push(error as Error);
      this.#tell();
    };
    const defaults = { hostname: "127.0.0.1", port: 0, cert, key, onHandshakeError: failed };
    this.listener = listenTls({ ...defaults, ...options });
    this.#done = serveHttp(this.listener, (served) => {
      this.served.push(served);
      this.#tell();
    }, failed);
  }

  get port(): number {
    return this.listener.addr.port;
  }

  /** Resolves to all requests, once there are at least `count`. */
  async requests(count = 1): Promise<readonly Served[]> {
    while (this.served.length < count) await soon(`request ${count}`, this.#told.promise);
    return this.served;
  }

  /** Resolves to failure number `count`, once it has happened. */
  async failure(count = 1): Promise<Error & { code?: string; alert?: number }> {
    while (this.failures.length < count) await soon(`failure ${count}`, this.#told.promise);
    return this.failures[count - 1] as Error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    await this.#done;
  }

  #tell(): void {
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }
}
