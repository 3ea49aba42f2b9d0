import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { createServer } from "node:tls";
import { Agent } from "../../adapters/agent.ts";
import { type Client, connector, type ConnectorOptions } from "../../adapters/mqtt.ts";
import { OptionError } from "../../mod.ts";
import { closedPort } from "../fixtures/hostile_server.ts";
import { library } from "../libraries/library.ts";
import { next, shared, using } from "../libraries/subjects.ts";
import { certificates } from "../peers/certificates.ts";
import { startMosquitto } from "../peers/mosquitto.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";
import { startTlsFront } from "../peers/tls_front.ts";

interface MqttClient {
  end(force: boolean): void;
  on(event: "connect" | "close" | "offline", listener: () => void): void;
  on(event: "error", listener: (error: Error & { code?: string }) => void): void;
  on(event: "message", listener: (topic: string, message: Buffer) => void): void;
  on(event: "packetreceive", listener: (packet: { cmd: string }) => void): void;
  publishAsync(topic: string, message: string, options: object): Promise<unknown>;
  subscribeAsync(topic: string, options: object): Promise<unknown>;
}

type Connect = (client: Client) => unknown;
interface Mqtt {
  connect(url: string, options: object): MqttClient;
  readonly MqttClient: new (connect: Connect, options: object) => MqttClient;
}

interface Ws {
  readonly WebSocketServer: new (options: object) => {
    on(event: "connection", listener: (socket: object) => void): void;
  };
  createWebSocketStream(socket: object): Duplex;
}

const mqtt = library<Mqtt>("mqtt");
const { MqttClient } = mqtt;
const { createWebSocketStream, WebSocketServer } = library<Ws>("ws");
const skip = requirePeer("haproxy", "mosquitto");
const HOST = "127.0.0.1";

const servers = shared(async () => {
  await using stack = new AsyncDisposableStack();
  let mosquitto = await startMosquitto();
  stack.defer(() => mosquitto[Symbol.asyncDispose]());
  const { ports } = stack.use(await startTlsFront({ mosquitto: mosquitto.port }));
  const started = stack.move();
  return {
    port: ports.mosquitto,
    async restart() {
      await mosquitto[Symbol.asyncDispose]();
      mosquitto = await startMosquitto(mosquitto.port);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
});

/** Makes a client that connects again at once, and uses it. */
function inClient<R>(
  connect: Connect,
  options: object,
  use: (client: MqttClient) => Promise<R>,
): Promise<R> {
  const client = new MqttClient(connect, { reconnectPeriod: 1, ...options });
  return using(client, (client) => soon("end", use(client)), (client) => client.end(true));
}

const trusting = (options: ConnectorOptions = {}) =>
  connector({ caCerts: certificates().ca, ...options });

const isAbout = (option: string) => (error: unknown) =>
  error instanceof OptionError && error.option === option;

test("a connector for MQTT refuses an option that tlsSocket does not know, and early data", () => {
  for (const name of ["pfx", "ciphers", "session", "earlyData", "optimisticSecureConnect"]) {
    assert.throws(() => connector({ [name]: "anything" } as ConnectorOptions), isAbout(name));
  }
});

test("a URL that is not a broker's is refused, and its password is not shown", () => {
  for (
    const url of [
      ...["mqtt://localhost", "wss://localhost", "https://localhost", "localhost", "mqtts:"],
      ...[
        "mqtts://a:secret%@localhost",
        "mqtts://a:secret@localhost/path",
        "mqtts://a:secret@localhost?clientId=a",
      ],
    ]
  ) {
    assert.throws(
      () => connector({ url }),
      (error) => isAbout("url")(error) && !String(error).includes("secret"),
      url,
    );
  }
});

test("a client of mqtt.js is refused what the connector would not do", () => {
  const make = (options: object) => () => new MqttClient(connector(), options);
  for (const protocol of ["mqtt", "ws", "wss"]) {
    assert.throws(make({ protocol }), isAbout("protocol"));
  }
  const servers = [{ host: HOST, port: 1, protocol: "mqtt" }];
  assert.throws(make({ servers }), isAbout("protocol"));
  assert.throws(make({ rejectUnauthorized: false }), isAbout("rejectUnauthorized"));
});

test("host, port, user and password of a URL are used, unless the client's options have others", async () => {
  const { cert, key } = certificates().server;
  const heard: { name: string | false; first: Buffer }[] = [];
  const server = createServer({ cert, key }, (socket) => {
    socket.on("error", () => {}); // The client hangs up.
    socket.once("data", (first: Buffer) => {
      heard.push({ name: (socket as { servername?: string }).servername || false, first });
      socket.destroy();
    });
  });
  await once(server.listen(0, "::"), "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const connect = trusting({ url: `mqtts://some%40body:a%2Fsecret@[::1]:${port}` });
    for (const options of [{}, { host: "localhost", port, username: "else", password: "other" }]) {
      await inClient(
        connect,
        { reconnectPeriod: 0, ...options },
        (client) => next(client, "close"),
      );
    }
  } finally {
    server.close();
  }
  const includes = (first: Buffer | undefined, words: string[]) =>
    words.map((word) => first?.includes(`\0${String.fromCharCode(word.length)}${word}`));
  assert.deepEqual(heard.map(({ name }) => name), [false, "localhost"]);
  assert.deepEqual(includes(heard[0]?.first, ["some@body", "a/secret"]), [true, true]);
  assert.deepEqual(includes(heard[1]?.first, ["else", "other"]), [true, true]);
});

test("what the client's options say of TLS counts", { skip }, async () => {
  const { port } = await servers();
  const tls = { ca: certificates().ca, servername: "localhost" };
  await inClient(connector(), { host: HOST, port, ...tls }, (client) => next(client, "connect"));
});

test("brokers are connected to in turn", { skip }, async () => {
  const { port } = await servers();
  const brokers = [{ host: HOST, port: await closedPort() }, { host: HOST, port }];
  await inClient(trusting(), { servers: brokers }, (client) => next(client, "connect"));
});

test("an error is told; where nobody listens, the client goes on", { skip }, async () => {
  const { port } = await servers();
  await inClient(connector(), { host: HOST, port }, async (client) => {
    await next(client, "close");
    await next(client, "close");
    const { promise, resolve } = Promise.withResolvers<Error & { code?: string }>();
    client.on("error", resolve);
    assert.match((await promise).code ?? "", /SELF_SIGNED|UNABLE_TO/);
  });
});

test(
  "a client connects again when the broker has started again, and is subscribed again",
  { skip },
  async () => {
    const { port, restart } = await servers();
    await inClient(trusting(), { host: HOST, port }, async (client) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      client.on("message", (_topic, message) => resolve(String(message)));
      await next(client, "connect");
      await client.subscribeAsync("topic", { qos: 1 });
      const closed = next(client, "close");
      const again = closed.then(() => next(client, "connect"));
      await restart();
      await again;
      await client.publishAsync("topic", "a message", { qos: 1 });
      assert.equal(await promise, "a message");
    });
  },
);

test("a silent connection is kept alive", { skip }, async () => {
  const { port } = await servers();
  await inClient(trusting(), { host: HOST, port, keepalive: 1 }, async (client) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    client.on("packetreceive", ({ cmd }) => cmd === "pingresp" && resolve());
    await promise;
  });
});

test("MQTT over WebSocket takes an agent", { skip }, async () => {
  await using mosquitto = await startMosquitto();
  const server = createHttpServer();
  new WebSocketServer({ server }).on("connection", (socket) => {
    const [near, far] = [createWebSocketStream(socket), connect(mosquitto.port, HOST)];
    near.pipe(far).pipe(near);
    for (const end of [near, far]) end.on("error", () => {}); // The client hangs up.
  });
  await once(server.listen(0, HOST), "listening");
  const { port } = server.address() as AddressInfo;
  await using front = await startTlsFront({ websocket: port });
  const agent = new Agent({ ca: certificates().ca });
  let made = 0;
  const make = agent.createConnection.bind(agent);
  agent.createConnection = (...given) => {
    made++;
    return make(...given);
  };
  const url = `wss://localhost:${front.ports.websocket}`;
  const options = { wsOptions: { agent }, reconnectPeriod: 0 };
  try {
    await using(
      mqtt.connect(url, options),
      (client) => soon("connection", next(client, "connect")),
      (client) => client.end(true),
    );
    assert.equal(made, 1);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
