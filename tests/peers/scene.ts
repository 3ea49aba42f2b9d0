/**
 * A client, a server, and a network between them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Hosts, type Netlab, type NetlabOptions, startNetlab } from "../netlab/mod.ts";
import { nameAddresses } from "./hosts.ts";
import { httpRequest } from "./http.ts";
import { factsIn, type Nginx, startNginx } from "./nginx.ts";
import {
  type RemoteClient,
  startRemoteClient,
  type Succeeded,
  succeeded,
} from "./remote_client.ts";

/** Client, server and network of one test. */
export interface Scene extends AsyncDisposable {
  readonly lab: Netlab;
  readonly nginx: Nginx;
  readonly client: RemoteClient;
}

/** Further options of a scene. */
export interface SceneOptions {
  /** The names that the client's resolver knows. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

/** Starts a network, by default with a round trip of 4 ms, and nginx on ports 443 and 80. */
export async function startScene(
  { names = {}, ...options }: NetlabOptions & SceneOptions = {},
): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  await using early = new AsyncDisposableStack();
  const { promise: starting, resolve } = Promise.withResolvers<RemoteClient>();
  const onHosts = ({ client: host }: Hosts) => {
    early.use(nameAddresses(host, names));
    resolve(early.use(startRemoteClient(host))); // A runtime and the library take as long as the rest.
  };
  const lab = stack.use(await startNetlab({ rtt: 4, ...options, onHosts }));
  const nginx = stack.use(await startNginx({ place: lab.server, port: 443, plainPort: 80 }));
  stack.use(early.move());
  const client = await starting;
  const scene = stack.move();
  return { lab, nginx, client, [Symbol.asyncDispose]: () => scene.disposeAsync() };
}

/** A request for what nginx knows of the connection. */
export const request = httpRequest("/facts");

/** The two ways to connect. Each sends a request as early as it may. */
export const calls = {
  async connectTls(client: RemoteClient, hostname: string, options: object = {}) {
    const result = await client.connectTls({ hostname, ...options }, { early: request });
    return checked(result);
  },
  async connect(client: RemoteClient, hostname: string, options: object = {}) {
    return checked(await client.connect({ hostname, ...options }, { early: request }));
  },
};

/** Checks that the exchange succeeded, and that nginx understood the request. */
function checked(result: Parameters<typeof succeeded>[0]): Succeeded {
  const success = succeeded(result);
  assert.match(success.received, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(factsIn(success.received).request, "GET /facts HTTP/1.1");
  return success;
}
