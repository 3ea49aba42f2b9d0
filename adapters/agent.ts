/**
 * An `https.Agent` whose connections are this package's, for everything that takes an agent:
 * `node:https`, got, axios, node-fetch, superagent, needle, ws.
 *
 * @module
 */

import { Agent as HttpsAgent } from "node:https";
import { type TlsSocket, tlsSocket, type TlsSocketOptions } from "../mod.ts";

/** What `new Agent()` takes: options of `https.Agent` for its pool, and those of `tlsSocket`. */
export interface AgentOptions extends Omit<TlsSocketOptions, "signal"> {
  /** Milliseconds to stop using a connection before the server would end it. Default 1000. */
  agentKeepAliveTimeoutBuffer?: number;
  /** The port where a request names none. Default 443. */
  defaultPort?: number;
  /** Whether connections wait for further requests. Default `false`. */
  keepAlive?: boolean;
  /** As `keepAliveInitialDelay` for the connections of this agent. Default 1000. */
  keepAliveMsecs?: number;
  /** 0 keeps no sessions. The option `sessions` says where others are kept. */
  maxCachedSessions?: number;
  /** Connections that may wait for further requests, for each host. Default 256. */
  maxFreeSockets?: number;
  /** Connections to each host. Default: as many as there are requests. */
  maxSockets?: number;
  /** Connections to all hosts together. Default: as many as there are requests. */
  maxTotalSockets?: number;
  /** Which connection that waits is used first. Default `"lifo"`. */
  scheduling?: "fifo" | "lifo";
}

/**
 * An `https.Agent` whose connections are this package's.
 *
 * With `earlyData: safe.http1`, once there is a ticket, a request that may be repeated rides in the first
 * flight. Any other waits for the handshake. The bytes of the request decide, not its options: an agent
 * hands a connection to whichever request waits longest.
 *
 * ```ts
 * import { safe } from "@firstflight/tls";
 * import { Agent } from "@firstflight/tls/agent";
 * import { cert, key } from "./examples/certificate.ts";
 * import { once } from "node:events";
 * import { createServer, get } from "node:https";
 * import type { AddressInfo } from "node:net";
 * import { text } from "node:stream/consumers";
 *
 * const server = createServer({ cert, key }, (_request, response) => response.end("hello"));
 * await once(server.listen(0, "127.0.0.1"), "listening");
 * const { port } = server.address() as AddressInfo;
 *
 * const agent = new Agent({ keepAlive: true, earlyData: safe.http1, ca: cert });
 * const [response] = await once(get(`https://127.0.0.1:${port}/`, { agent }), "response");
 * console.log(await text(response)); // "hello"
 * agent.destroy();
 * server.close();
 * ```
 *
 * Options of TLS may be given to the agent or with a request, as with `https.Agent`; those that Node does
 * not have, to the agent alone. One that `tlsSocket` does not know is an `OptionError`: the constructor
 * throws it, a request emits it as its `error`. So is `socketPath`, since a connection without TCP has
 * nothing to gain here, and `proxyEnv`.
 */
export class Agent extends HttpsAgent {
  /** What is the agent's alone. */
  #own: TlsSocketOptions;

  /**
   * Makes an agent.
   *
   * @throws {OptionError} when an option is wrong or not known
   */
  constructor(options: AgentOptions = {}) {
    const ofSockets = pick(options, (name) => !POOL_OPTIONS.has(name));
    // It reads the options, and complains. It would connect to a port, and close a socket.
    tlsSocket(pick(ofSockets, (name) => name !== "port" && name !== "socket")).destroy();
    super({ ALPNProtocols: ["http/1.1"], ...withNodeNames(options) });
    this.#own = pick(ofSockets, (name) => !CONNECTION_OPTIONS.has(name) && !NODE_NAMES.has(name));
    if (options.maxCachedSessions === 0) this.#own.sessions = false;
  }

  /** Makes a connection for a request. Node calls it. */
  override createConnection(
    options: object,
    callback?: (error: Error | null, socket: TlsSocket) => void,
  ): TlsSocket | undefined {
    try {
      return tlsSocket({ ...pick(options, (name) => CONNECTION_OPTIONS.has(name)), ...this.#own });
    } catch (error) {
      callback?.(error as Error, undefined as never);
      return undefined;
    }
  }
}

/** Options of agents that say nothing of a single connection. `proxyEnv` is not among them. */
const POOL_OPTIONS: ReadonlySet<string> = new Set([
  ...["agentKeepAliveTimeoutBuffer", "defaultPort", "keepAliveMsecs", "maxCachedSessions"],
  ...["maxFreeSockets", "maxSockets", "maxTotalSockets", "scheduling"],
]);

/** What options of `tlsSocket` are called by Node, by whose names a pool tells connections apart. */
const NODE_NAMES: ReadonlyMap<string, string> = new Map([
  ["alpnProtocols", "ALPNProtocols"],
  ["caCerts", "ca"],
  ["groups", "ecdhCurve"],
  ["hostname", "host"],
  ["serverName", "servername"],
]);

/**
 * What `node:tls` and `node:net` read of the options that an agent passes on. The others are the request's.
 * Some of these `tlsSocket` refuses: they ask for something that would not be done.
 */
const CONNECTION_OPTIONS: ReadonlySet<string> = new Set([
  // Where to.
  ...["host", "port", "family", "hints", "localAddress", "localPort", "lookup", "socketPath"],
  ...["autoSelectFamily", "autoSelectFamilyAttemptTimeout", "blockList", "socket"],
  // TCP, and the stream.
  ...["keepAlive", "keepAliveInitialDelay", "noDelay", "timeout"],
  ...["allowHalfOpen", "highWaterMark", "onread"],
  // Whom to trust, and who the client is.
  ...["allowPartialTrustChain", "ca", "checkServerIdentity", "crl", "rejectUnauthorized"],
  ...["cert", "clientCertEngine", "key", "passphrase", "pfx", "privateKeyEngine"],
  ...["privateKeyIdentifier", "pskCallback", "requestOCSP", "servername"],
  // How.
  ...["ALPNCallback", "ALPNProtocols", "certificateCompression", "ciphers", "dhparam", "ecdhCurve"],
  ...["enableTrace", "honorCipherOrder", "maxVersion", "minDHSize", "minVersion", "secureContext"],
  ...[
    "secureOptions",
    "secureProtocol",
    "session",
    "sessionIdContext",
    "sessionTimeout",
    "sigalgs",
  ],
]);

/** The options that have a name that is wanted, and a value. */
function pick(options: object, wanted: (name: string) => boolean): TlsSocketOptions {
  const isPicked = ([name, value]: [string, unknown]) => wanted(name) && value !== undefined;
  return Object.fromEntries(Object.entries(options).filter(isPicked));
}

function withNodeNames(options: object): object {
  const named = Object.entries(options).map((
    [name, value],
  ) => [NODE_NAMES.get(name) ?? name, value]);
  return Object.fromEntries(named);
}
