/**
 * The ways in which a library gets its connections: by its own TLS, and by this package's sockets.
 *
 * @module
 */

import { Agent as OwnAgent } from "node:https";
import { connect as connectOwn, type ConnectionOptions } from "node:tls";
import type { Duplex } from "node:stream";
import { Agent, type AgentOptions } from "../../adapters/agent.ts";
import { connector as http2Connector } from "../../adapters/http2.ts";
import { type Client as MqttClient, connector as mqttConnector } from "../../adapters/mqtt.ts";
import { connector as nodemailerConnector } from "../../adapters/nodemailer.ts";
import { connector as postgresqlConnector } from "../../adapters/pg.ts";
import {
  connector as redisConnector,
  type ConnectorClass,
  readOnly,
} from "../../adapters/redis.ts";
import { connector as undiciConnector } from "../../adapters/undici.ts";
import {
  type EarlyDataRule,
  MemorySessionStore,
  safe,
  type TlsSocket,
  tlsSocket,
} from "../../mod.ts";
import { certificates } from "../peers/certificates.ts";
import { can, engineUnderTest } from "../peers/engine.ts";

/** Where the servers are. */
export const HOST = "127.0.0.1";

/** Who makes the connections, and whether what is written first may ride in the first flight. */
export type WayName = "own TLS" | "tlsSocket" | "early data";

/** The ways over this package's sockets, as far as the engine under test has them. */
export const ourWays: readonly WayName[] = can("earlyData")
  ? ["tlsSocket", "early data"]
  : ["tlsSocket"];

/** One way, with what a library needs for it, and the sockets that were made. */
export class Way {
  readonly name: WayName;
  /** The sockets that this package made, oldest first. */
  readonly sockets: TlsSocket[] = [];
  readonly #sessions = new MemorySessionStore();

  constructor(name: WayName) {
    this.name = name;
  }

  /** Whether the library is to use its own TLS, which trusts what {@linkcode Way.trust} says. */
  get isOwn(): boolean {
    return this.name === "own TLS";
  }

  /** What tells a library's own TLS whom to trust. */
  get trust(): { ca: string } {
    return { ca: certificates().ca };
  }

  /** Runs `own` where the library is to use its own TLS, and `ours` where not. */
  pick(own: object, ours: () => object): object {
    return this.isOwn ? own : ours();
  }

  /** A socket to a server; without a port one that waits for `connect(port, host)`. */
  socket(port?: number, options: { early?: EarlyDataRule; alpnProtocols?: string[] } = {}): Duplex {
    const { early = everything, alpnProtocols } = options;
    if (this.isOwn) {
      const where: ConnectionOptions = { host: HOST, ...(port === undefined ? {} : { port }) };
      return connectOwn({ ...where, ...this.trust, ALPNProtocols: alpnProtocols });
    }
    return this.#keep(tlsSocket({
      ...(port === undefined ? {} : { host: HOST, port }),
      ...(alpnProtocols ? { alpnProtocols } : {}),
      ...this.#ours(early),
      ...(this.name === "early data" ? { optimisticSecureConnect: true } : {}),
    }));
  }

  /** For HTTP clients that take an agent. */
  agent(options: AgentOptions = {}): OwnAgent {
    if (this.isOwn) return new OwnAgent({ ...this.trust, ...options } as object);
    const agent = new Agent({ ...this.#ours(safe.http1), ...options });
    const make = agent.createConnection.bind(agent);
    agent.createConnection = (...wanted) => {
      const socket = make(...wanted);
      return socket && this.#keep(socket);
    };
    return agent;
  }

  /** What undici takes as `connect`. */
  undici(): object {
    if (this.isOwn) return this.trust;
    const connect = undiciConnector(this.#ours(safe.http));
    return ((wanted, called) =>
      connect(wanted, (...result) => {
        if (result[1]) this.#keep(result[1] as unknown as TlsSocket);
        called(...result);
      })) satisfies typeof connect;
  }

  /** What `http2.connect` takes besides the authority. */
  http2(): object {
    if (this.isOwn) return this.trust;
    const connect = http2Connector(this.#ours(safe.http2));
    return { createConnection: (authority: URL) => this.#keep(connect(authority)) };
  }

  /** What ioredis takes besides the host and the port. */
  redis(): object {
    if (this.isOwn) return { tls: this.trust };
    const keep = (socket: TlsSocket) => this.#keep(socket);
    const Connector = redisConnector<ConnectorClass>(this.#ours(readOnly));
    class Keeping extends Connector {
      override async connect(): Promise<TlsSocket> {
        return keep(await super.connect());
      }
    }
    return { Connector: Keeping };
  }

  /** What `new MqttClient()` takes. */
  mqtt(): (client: MqttClient) => TlsSocket {
    const connect = mqttConnector(this.#ours());
    return (client) => this.#keep(connect(client));
  }

  /** What nodemailer takes besides the host and the port. */
  nodemailer(): object {
    if (this.isOwn) return { tls: this.trust };
    const connect = nodemailerConnector(this.#ours());
    return {
      getSocket: ((transport, called) =>
        connect(transport, (error, connected) => {
          if (connected) this.#keep(connected.connection as unknown as TlsSocket);
          called(error, connected);
        })) satisfies typeof connect,
    };
  }

  /** What pg takes as `stream`, and postgres.js as `socket`, to connect to PostgreSQL itself. */
  postgresql(): (wanted?: object) => TlsSocket {
    const connect = postgresqlConnector(this.#trusting());
    return (wanted) => this.#keep(connect(wanted));
  }

  #ours(early?: EarlyDataRule) {
    return {
      ...this.#trusting(),
      ...(early && this.name === "early data" ? { earlyData: early } : {}),
    };
  }

  #trusting() {
    return {
      caCerts: [certificates().ca],
      engine: engineUnderTest(),
      sessions: this.#sessions,
    };
  }

  #keep(socket: TlsSocket): TlsSocket {
    this.sockets.push(socket);
    return socket;
  }
}

/** For protocols whose first bytes in these tests may be repeated as a whole. */
const everything: EarlyDataRule = { mayRide: (first) => first.length };
