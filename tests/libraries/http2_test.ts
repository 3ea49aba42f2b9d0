import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { bytesOfSize } from "../peers/http_server.ts";
import { startNginx } from "../peers/nginx.ts";
import { startTlsFront, type TlsFront } from "../peers/tls_front.ts";
import { startForwarder } from "./forwarder.ts";
import { startGrpcServer } from "./grpc_server.ts";
import { library } from "./library.ts";
import { type Relay, startRelay } from "./relay.ts";
import { testStories } from "./stories.ts";
import { next, shared, testLibraries, using } from "./subjects.ts";
import { HOST, type Way } from "./ways.ts";

const PAGE = "what nginx says";
const LARGE = 300_000;

const originOf = (port: number) => `https://${HOST}:${port}`;

/** Uses a session, and closes it. */
function inSession<R>(way: Way, port: number, use: (session: ClientHttp2Session) => Promise<R>) {
  return using(connect(originOf(port), way.http2()), (session) => {
    const { promise, reject } = Promise.withResolvers<never>();
    session.once("error", reject);
    return Promise.race([promise, use(session)]);
  }, (session) => session.close());
}

const fetchPage = (session: ClientHttp2Session, path = "/page") =>
  text(session.request({ ":path": path }));

interface Servers extends AsyncDisposable {
  readonly port: number;
  /** A relay to it. */
  readonly relay: Relay;
}

async function startServers(): Promise<Servers> {
  await using stack = new AsyncDisposableStack();
  const page = `location = /page { return 200 "${PAGE}"; }`;
  const nginx = stack.use(await startNginx({ http2: true, lines: [page] }));
  nginx.serve("large", bytesOfSize(LARGE));
  const relay = stack.use(await startRelay(nginx.port));
  const started = stack.move();
  return { port: nginx.port, relay, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

const servers = shared(startServers);

interface Connect {
  readonly Http2SessionManager: new (origin: string, ping: object, options: object) => {
    request(method: string, path: string, headers: object, options: object): Promise<
      Readable & { end(): void }
    >;
    abort(): void;
  };
}

testLibraries(servers, ["nginx"], {
  "node:http2": {
    exchange: (way, { port }) => inSession(way, port, fetchPage),
    answer: PAGE,
  },
  "node:http2, a large answer": {
    exchange: async (way, { port }) =>
      (await inSession(way, port, (session) => fetchPage(session, "/upload/large"))).length,
    answer: Buffer.from(bytesOfSize(LARGE)).toString().length,
  },
  "@connectrpc/connect-node": {
    exchange: (way, { port }) => {
      const { Http2SessionManager } = library<Connect>("@connectrpc/connect-node");
      const ask = async (manager: InstanceType<Connect["Http2SessionManager"]>) => {
        const request = await manager.request("GET", "/page", {}, {});
        request.end();
        const closed = once(request, "close");
        const answer = await text(request);
        await closed; // Whatever is under way when it aborts fails unhandled.
        return answer;
      };
      const manager = new Http2SessionManager(originOf(port), {}, way.http2());
      return using(manager, ask, (manager) => manager.abort());
    },
    answer: PAGE,
  },
});

testStories(servers, ["nginx"], {
  "node:http2 serves many requests over one connection": (way, { relay }) =>
    inSession(way, relay.port, async (session) => {
      const before = relay.accepted;
      const told = await Promise.all(Array.from({ length: 20 }, () => fetchPage(session)));
      return [told, relay.accepted - before];
    }),

  "node:http2 closes when its connection was cut": async (way, { relay }) => {
    const session = connect(originOf(relay.port), way.http2());
    session.on("error", () => {}); // Runtimes differ in whether there is one.
    const told = [await fetchPage(session)];
    const closed = next(session, "close");
    relay.cut("FIN");
    await closed;
    return [...told, session.destroyed];
  },
});

interface Grpc {
  readonly credentials: { createSsl(roots: Buffer): object; createInsecure(): object };
  readonly Client: new (target: string, credentials: object, options: object) => {
    makeUnaryRequest(
      path: string,
      serialize: (message: Buffer) => Buffer,
      deserialize: (message: Buffer) => Buffer,
      message: Buffer,
      done: (error: Error | null, answer?: Buffer) => void,
    ): void;
    close(): void;
  };
}

const grpc = library<Grpc>("@grpc/grpc-js");
const METHOD = "/tests.Echo/Echo";
const asItIs = (message: Buffer) => message;

/** A gRPC server that sends back what it gets, and TLS in front of it. */
async function startGrpc(): Promise<TlsFront<"grpc">> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startGrpcServer(METHOD));
  const front = stack.use(await startTlsFront({ grpc: server.port }, { alpn: "h2" }));
  const started = stack.move();
  return { ports: front.ports, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

function call(target: string, credentials: object): Promise<string> {
  // It would name the server by its address, which node:tls refuses.
  const name = { "grpc.ssl_target_name_override": "localhost" };
  const client = new grpc.Client(target, credentials, name);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const message = Buffer.from("a message");
  client.makeUnaryRequest(METHOD, asItIs, asItIs, message, (error, answer) => {
    error ? reject(error) : resolve(String(answer));
  });
  return promise.finally(() => client.close());
}

// It takes no socket. But it connects to a path without TLS, where ours can be put behind.
testLibraries(shared(startGrpc), ["haproxy"], {
  "@grpc/grpc-js": {
    exchange: async (way, { ports }) => {
      if (way.isOwn) {
        return await call(
          `${HOST}:${ports.grpc}`,
          grpc.credentials.createSsl(Buffer.from(way.trust.ca)),
        );
      }
      await using forwarder = await startForwarder(() =>
        way.socket(ports.grpc, { alpnProtocols: ["h2"] })
      );
      return await call(`unix:${forwarder.path}`, grpc.credentials.createInsecure());
    },
    answer: "a message",
  },
});
