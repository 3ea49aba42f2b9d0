/**
 * Connections for mqtt.js.
 *
 * @module
 */

import { OptionError, type TlsSocket, tlsSocket, type TlsSocketOptions } from "../mod.ts";

/** Options of a {@linkcode connector}: those of `tlsSocket`, and the broker's URL. */
export interface ConnectorOptions extends
  Omit<
    TlsSocketOptions,
    | "earlyData"
    | "host"
    | "hostname"
    | "optimisticSecureConnect"
    | "port"
    | "signal"
    | "socket"
    | "timeout"
  > {
  /** Such as `"mqtts://user:password@broker.example:8883"`. The client's options count more. */
  url?: string | URL;
}

/** A broker. */
export interface Broker {
  /** A host name or an IP address. Default `"localhost"`. */
  readonly host?: string | undefined;
  /** Default 8883. */
  readonly port?: number | undefined;
  /** `"mqtts"`, or mqtt.js's other names for it, `"ssl"` and `"tls"`. */
  readonly protocol?: string | undefined;
}

/** What is read of the options of an `MqttClient`. */
export interface ClientOptions extends Broker {
  /** Another name for `host`. */
  readonly hostname?: string | undefined;
  /** Brokers to connect to in turn, in place of `host` and `port`. */
  readonly servers?: readonly Broker[] | undefined;
  /** The URL's, unless it is given. */
  username?: string | undefined;
  /** The URL's, unless it is given. */
  password?: string | Uint8Array | undefined;
  /** Protocols to offer. */
  readonly ALPNProtocols?: unknown;
  /** Certificates to trust. */
  readonly ca?: unknown;
  /** The client's certificate. */
  readonly cert?: unknown;
  /** The private key of `cert`. */
  readonly key?: unknown;
  /** Only `true` is allowed. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** The name to send and to verify, where it is another one. */
  readonly servername?: string | undefined;
}

/** An `MqttClient`, by what is used of it. */
export interface Client {
  /** Its options. */
  readonly options: ClientOptions;
  /** How many listen to an event. */
  listenerCount(event: "error"): number;
  /** Listens to an event. */
  on(event: "error", listener: () => void): unknown;
}

/** The port of MQTT over TLS. */
const PORT = 8883;

/** What mqtt.js calls MQTT over TLS. */
const PROTOCOLS: ReadonlySet<string> = new Set(["mqtts", "ssl", "tls"]);

/**
 * Makes what mqtt.js takes as the first argument of `new MqttClient()`, in place of its own TLS.
 *
 * The client's options say where to, and what mqtt.js describes of TLS (`ca`, `cert`, `key`, `servername`,
 * `ALPNProtocols`); all else that `tlsSocket` knows is given here. As with `mqtt.connect`, an error that
 * nobody listens to is passed over, and the client connects again.
 *
 * ```ts no-eval
 * import { connector } from "@firstflight/tls/mqtt";
 * import { MqttClient } from "mqtt";
 *
 * const client = new MqttClient(connector({ url: "mqtts://broker.example" }), {});
 * client.on("connect", () => client.publish("topic", "hello"));
 * ```
 *
 * There are no early data: the first thing that a client says takes over the session of its name, so it may
 * not be repeated. A `protocol` that is not MQTT over TLS is an `OptionError`. For `wss:` give
 * `mqtt.connect` an `Agent` of `@firstflight/tls/agent`, as `wsOptions: { agent }`.
 *
 * @throws {OptionError} when an option is wrong or not known; `new MqttClient()` throws those of its own
 */
export function connector(options: ConnectorOptions = {}): (client: Client) => TlsSocket {
  const { url, ...own } = options;
  const { username, password, ...broker } = url === undefined ? {} : readUrl(url);
  for (const name of ["earlyData", "optimisticSecureConnect"]) {
    const why = "the first packet of MQTT takes over a session, so it may not be repeated";
    if (name in own) throw new OptionError(name, `"${name}" must not be given: ${why}`);
  }
  tlsSocket(own).destroy(); // It reads the options, and complains.
  const turns = new WeakMap<Client, number>();
  return (client) => {
    const wanted = client.options;
    if (client.listenerCount("error") === 0) client.on("error", () => {});
    wanted.username ??= username;
    wanted.password ??= password;
    const turn = turns.get(client) ?? 0;
    turns.set(client, turn + 1);
    const server = wanted.servers?.[turn % wanted.servers.length];
    const { host, port, protocol = "mqtts" } = server ?? {
      host: wanted.hostname ?? wanted.host ?? broker.host,
      port: wanted.port ?? broker.port,
      protocol: wanted.protocol,
    };
    checkProtocol("protocol", protocol);
    return tlsSocket({ host, port: port ?? PORT, ...tlsOf(wanted), ...own });
  };
}

/** What the client's options say of TLS. What is wrong with it, `tlsSocket` says. */
function tlsOf(client: ClientOptions): TlsSocketOptions {
  const { ALPNProtocols, ca, cert, key, rejectUnauthorized, servername } = client;
  const said = { ALPNProtocols, ca, cert, key, rejectUnauthorized, servername };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function readUrl(given: string | URL): Pick<ClientOptions, "username" | "password"> & Broker {
  const url = URL.parse(given);
  const shown = url ? `${url.protocol}//${url.host}${url.pathname}${url.search}` : "no URL";
  if (!url?.hostname || url.pathname.length > 1 || url.search || url.hash) {
    const expectation = "a URL with a host, and nothing behind that but a port";
    throw new OptionError("url", `"url" must be ${expectation}, got ${shown}`);
  }
  checkProtocol("url", url.protocol);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port ? Number(url.port) : undefined,
    username: url.username ? decode(url.username) : undefined,
    password: url.password ? decode(url.password) : undefined,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new OptionError("url", '"url" must have "%25" where its user or password has a "%"');
  }
}

function checkProtocol(option: string, protocol: string): void {
  if (PROTOCOLS.has(protocol.replace(/:$/, ""))) return;
  const advice = 'say "mqtts", or give mqtt.connect an agent for "wss"';
  throw new OptionError(option, `"${option}" is not MQTT over TLS, got "${protocol}": ${advice}`);
}
