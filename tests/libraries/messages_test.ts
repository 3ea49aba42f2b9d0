import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { kafkaBroker } from "../peers/kafka_broker.ts";
import { startMosquitto } from "../peers/mosquitto.ts";
import { startTlsFront } from "../peers/tls_front.ts";
import { library } from "./library.ts";
import { type Relay, startRelay } from "./relay.ts";
import { testStories } from "./stories.ts";
import { next, shared, testLibraries, using } from "./subjects.ts";
import { HOST, type Way } from "./ways.ts";

interface WebSocket {
  on(event: "message", listener: (data: Buffer) => void): void;
  on(event: "open", listener: () => void): void;
  on(event: "close", listener: (code: number) => void): void;
  on(event: "error", listener: (error: Error & { code?: string }) => void): void;
  send(data: string | Buffer): void;
  close(code?: number): void;
}

interface Ws {
  readonly WebSocket: new (url: string, options: object) => WebSocket;
  readonly WebSocketServer: new (options: object) => {
    on(event: "connection", listener: (socket: WebSocket) => void): void;
  };
}

interface MqttClient {
  on(event: "connect" | "close", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "message", listener: (topic: string, message: Buffer) => void): void;
  subscribe(topic: string, done: () => void): void;
  publish(topic: string, message: string): void;
  end(force: boolean): void;
}

interface Mqtt {
  connect(options: object): MqttClient;
  readonly MqttClient: new (connect: ReturnType<Way["mqtt"]>, options: object) => MqttClient;
}

interface Kafka {
  readonly Kafka: new (options: object) => {
    admin(): {
      connect(): Promise<void>;
      describeCluster(): Promise<{ clusterId: string }>;
      disconnect(): Promise<void>;
    };
  };
  readonly logLevel: { readonly NOTHING: number };
}

/** Sends back every message over WebSocket. */
function echoServer(): Server {
  const server = createHttpServer();
  const sockets = new (library<Ws>("ws").WebSocketServer)({ server });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  return server;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, HOST);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

interface Servers extends AsyncDisposable {
  /** Their own ports. */
  readonly bare: Readonly<Record<"mosquitto" | "websocket" | "kafka", number>>;
  /** Those of the TLS in front of them. */
  readonly ports: Servers["bare"];
  /** A relay to the server of WebSocket. */
  readonly relay: Relay;
}

async function startServers(): Promise<Servers> {
  await using stack = new AsyncDisposableStack();
  const mosquitto = stack.use(await startMosquitto());
  const closing = (server: Server) => void server.close();
  const websocket = await portOf(stack.adopt(echoServer(), closing));
  const front = { kafka: 0 };
  const kafka = await portOf(stack.adopt(kafkaBroker(() => front.kafka), closing));
  const bare = { mosquitto: mosquitto.port, websocket, kafka };
  const { ports } = stack.use(await startTlsFront(bare));
  front.kafka = ports.kafka;
  const relay = stack.use(await startRelay(ports.websocket));
  const started = stack.move();
  return { bare, ports, relay, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

function websocketOf(way: Way, port: number): WebSocket {
  const { WebSocket } = library<Ws>("ws");
  return new WebSocket(`wss://${HOST}:${port}/`, { agent: way.agent() });
}

function mqttOf(way: Way, port: number, options: object): MqttClient {
  const mqtt = library<Mqtt>("mqtt");
  if (!way.isOwn) return new mqtt.MqttClient(way.mqtt(), { host: HOST, port, ...options });
  return mqtt.connect({ protocol: "mqtts", host: HOST, port, ...way.trust, ...options });
}

const servers = shared(startServers);
const peers = ["haproxy", "mosquitto"] as const;

testLibraries(servers, peers, {
  "ws": {
    exchange: (way, { ports }) => echoed(websocketOf(way, ports.websocket)),
    answer: "a message",
    nothingRides: "it asks for another protocol",
  },

  "mqtt": {
    exchange: (way, { ports }) => {
      const client = mqttOf(way, ports.mosquitto, { reconnectPeriod: 0 });
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      client.on("error", reject);
      client.on("message", (_topic, message) => resolve(String(message)));
      client.on(
        "connect",
        () => client.subscribe("topic", () => client.publish("topic", "a message")),
      );
      return using(client, () => promise, () => client.end(true));
    },
    answer: "a message",
    nothingRides: "it may not be repeated",
  },

  "kafkajs": {
    exchange: (way, { ports }) => {
      const { Kafka, logLevel } = library<Kafka>("kafkajs");
      const socketFactory = ({ port, onConnect }: { port: number; onConnect: () => void }) => {
        const socket = way.socket(port);
        return socket.once("secureConnect", onConnect);
      };
      const how = way.isOwn ? { ssl: way.trust } : { ssl: true, socketFactory };
      const kafka = new Kafka({
        brokers: [`${HOST}:${ports.kafka}`],
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
        ...how,
      });
      const ask = async (admin: ReturnType<typeof kafka.admin>) => {
        await admin.connect();
        return (await admin.describeCluster()).clusterId;
      };
      return using(kafka.admin(), ask, (admin) => admin.disconnect());
    },
    answer: "a cluster",
  },
});

/** What the server sends back; the socket is closed then. */
function echoed(socket: WebSocket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  socket.on("error", reject);
  socket.on("open", () => socket.send("a message"));
  socket.on("message", (data) => {
    answer = String(data);
    socket.close();
  });
  socket.on("close", () => resolve(answer));
  return promise;
}

/** What a WebSocket says from here on, until it is closed. */
function endOf(socket: WebSocket): Promise<string[]> {
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string[]>();
  socket.on("error", ({ code }) => told.push(`error ${code}`));
  socket.on("close", (code) => resolve([...told, `close ${code}`]));
  return promise;
}

testStories(servers, peers, {
  "mqtt connects again when another client takes its name": async (way, { bare, ports }) => {
    const options = { clientId: `name of ${way.name}`, reconnectPeriod: 1 };
    const client = mqttOf(way, ports.mosquitto, options);
    const told: string[] = [];
    for (const event of ["connect", "close"] as const) client.on(event, () => told.push(event));
    client.on("error", ({ message }) => told.push(message));
    await next(client, "connect");
    const closed = next(client, "close");
    const again = closed.then(() => next(client, "connect"));
    const once = { ...options, host: HOST, port: bare.mosquitto, reconnectPeriod: 0 };
    const other = library<Mqtt>("mqtt").connect(once);
    await next(other, "connect");
    other.end(true);
    await again;
    const until = [...told];
    client.end(true);
    return until;
  },

  "ws ends in good order": async (way, { relay }) => {
    const socket = websocketOf(way, relay.port);
    await next(socket, "open");
    const end = endOf(socket);
    socket.close(1000);
    return await end;
  },

  "ws is told that its connection was cut": async (way, { relay }) => {
    const told: string[][] = [];
    for (const cut of ["FIN", "RST"] as const) {
      const socket = websocketOf(way, relay.port);
      await next(socket, "open");
      const end = endOf(socket);
      relay.cut(cut);
      told.push(await end);
    }
    return told;
  },
});
