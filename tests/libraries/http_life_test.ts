import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type Agent, request, type RequestOptions } from "node:https";
import { Readable } from "node:stream";
import { closedPort, startRawServer } from "../fixtures/hostile_server.ts";
import { certificates } from "../peers/certificates.ts";
import { type Nginx, startNginx } from "../peers/nginx.ts";
import { startTlsFront } from "../peers/tls_front.ts";
import { defaultOf, library } from "./library.ts";
import { type Relay, startRelay } from "./relay.ts";
import { type Story, testStories, until } from "./stories.ts";
import { next, shared, using } from "./subjects.ts";
import { HOST, type Way } from "./ways.ts";

interface Servers extends AsyncDisposable {
  /** Its answer to `/` counts the requests of the connection. `/small` takes no more than a kilobyte. */
  readonly nginx: Nginx;
  /** A relay to it. */
  readonly cuttable: Relay;
  /** Ends a connection that has been idle for 100 ms. */
  readonly impatient: Nginx;
  /** A relay to a server that answers with `hello`, and leaves the rest to the relay. */
  readonly relay: Relay;
  /** A port that accepts, and never says a word. */
  readonly silent: number;
  /** A port on which nobody listens. */
  readonly closed: number;
  /** A server whose certificate is for another name. */
  readonly misnamed: Nginx;
}

/** What the server behind the relay answers, by the path; to any other, nothing. */
const answers: Readonly<Record<string, string>> = {
  "/length": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "/longer": "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
  "/no-length": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
};

async function startServers(): Promise<Servers> {
  await using stack = new AsyncDisposableStack();
  const counting = `location = / { return 200 "$connection_requests"; }`;
  const small = "location = /small { client_max_body_size 1k; return 200; }";
  const nginx = stack.use(await startNginx({ lines: [counting, small] }));
  const cuttable = stack.use(await startRelay(nginx.port));
  const impatient = stack.use(await startNginx({ lines: [counting, "keepalive_timeout 100ms;"] }));
  const misnamed = stack.use(await startNginx({ identity: certificates().wrongName }));
  const plain = stack.use(
    await startRawServer((socket) => {
      socket.on("data", (chunk: Buffer) => {
        const path = chunk.toString("latin1").split(" ")[1] ?? "";
        socket.write(answers[path] ?? "");
      });
    }),
  );
  const front = stack.use(await startTlsFront({ plain: plain.port }));
  const relay = stack.use(await startRelay(front.ports.plain));
  const silent = stack.use(await startRawServer(() => {}));
  const started = stack.move();
  return {
    ...{
      nginx,
      cuttable,
      impatient,
      relay,
      misnamed,
      silent: silent.port,
      closed: await closedPort(),
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** What becomes of one request. */
interface Asked extends RequestOptions {
  readonly body?: Uint8Array;
  /** Whether the body goes in pieces, whose length is not told before. */
  readonly inPieces?: boolean;
  /** Called at the first byte of the answer's body. */
  readonly onData?: () => void;
}

/** Makes a request, and tells what came back. */
async function ask(port: number, agent: Agent, { body, inPieces, onData, ...options }: Asked = {}) {
  const { promise, resolve } = Promise.withResolvers<string>();
  let told = "";
  // Runtimes differ in whether the request or the answer fails when both could.
  const fail = (error: Error & { code?: string }) => resolve(`${told} error ${error.code}`.trim());
  const outgoing = request({ host: HOST, port, agent, ...options }, (answer) => {
    told = `${answer.statusCode} `;
    answer.once("data", () => onData?.());
    answer.on("data", (chunk: Buffer) => told += chunk);
    answer.on("error", fail);
    answer.on(
      "end",
      () => resolve(`${told.slice(0, 40).trim()}${outgoing.reusedSocket ? ", reused" : ""}`),
    );
  });
  outgoing.on("error", fail);
  outgoing.on("timeout", () => outgoing.destroy());
  if (inPieces && body) Readable.from(piecesOf(body)).pipe(outgoing);
  else outgoing.end(body);
  return await promise;
}

function* piecesOf(body: Uint8Array, size = 64 * 1024): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

const count = (sockets: NodeJS.ReadOnlyDict<unknown[]>) =>
  Object.values(sockets).reduce((sum, list) => sum + (list?.length ?? 0), 0);

/** Uses an agent that keeps connections alive. */
function keeping<R>(way: Way, use: (agent: Agent) => Promise<R>, options = {}): Promise<R> {
  return using(way.agent({ keepAlive: true, ...options }), use, (agent) => agent.destroy());
}

/** Makes a request whose connection the agent keeps afterwards. */
async function askAndKeep(port: number, agent: Agent, asked: Asked = {}): Promise<string> {
  const free = next(agent, "free");
  const told = await ask(port, agent, asked);
  await free;
  return told;
}

/** Resolves once the agent keeps no connection. */
const forgotten = (agent: Agent) => until(() => count(agent.freeSockets) === 0);

/** What a request fails with. Its connection is forgotten then. */
async function failed(port: number, agent: Agent): Promise<string> {
  const told = await ask(port, agent);
  await until(() => count(agent.sockets) === 0);
  return told;
}

const KILOBYTE = 1000;
const stories: Record<string, Story<Servers>> = {
  "an agent reuses a connection": (way, { nginx }) =>
    keeping(way, async (agent) => [
      await askAndKeep(nginx.port, agent),
      await askAndKeep(nginx.port, agent),
    ]),

  "an agent forgets a connection that the server has ended": (way, { impatient }) =>
    keeping(way, async (agent) => {
      const first = await askAndKeep(impatient.port, agent);
      await forgotten(agent);
      return [first, await ask(impatient.port, agent)];
    }),

  "an agent forgets a connection that was cut": (way, { relay }) =>
    keeping(way, async (agent) => {
      const told: string[] = [];
      for (const cut of ["FIN", "RST"] as const) {
        told.push(await askAndKeep(relay.port, agent, { path: "/length" }));
        relay.cut(cut);
        await forgotten(agent);
      }
      return [...told, await ask(relay.port, agent, { path: "/length" })];
    }),

  "an agent ends a connection that was idle too long": (way, { relay }) =>
    keeping(way, async (agent) => {
      const first = await askAndKeep(relay.port, agent, { path: "/length" });
      await forgotten(agent);
      return [first, count(agent.sockets)];
    }, { timeout: 50 }),

  "an agent of one connection serves three requests": (way, { nginx }) =>
    keeping(way, async (agent) => {
      const asked = [1, 2, 3].map(() => ask(nginx.port, agent));
      const most = count(agent.sockets);
      return [await Promise.all(asked), most];
    }, { maxSockets: 1 }),

  "an agent of two connections makes no third": (way, { relay }) =>
    keeping(way, async (agent) => {
      const before = relay.accepted;
      const asked = [1, 2, 3, 4, 5].map(() => ask(relay.port, agent, { path: "/length" }));
      await Promise.all(asked);
      return relay.accepted - before;
    }, { maxSockets: 2 }),

  "a request that gets no answer in time": (way, { relay }) =>
    keeping(way, (agent) => ask(relay.port, agent, { path: "/silence", timeout: 50 })),

  "a request that gets no answer in the agent's time": (way, { relay }) =>
    keeping(way, (agent) => ask(relay.port, agent, { path: "/silence" }), { timeout: 50 }),

  "a request whose handshake gets no answer in time": (way, { silent }) =>
    keeping(way, (agent) => ask(silent, agent, { timeout: 50 })),

  "a request that is destroyed within the handshake": (way, { silent }) =>
    keeping(way, async (agent) => {
      const outgoing = request({ host: HOST, port: silent, agent });
      const failed = once(outgoing, "error") as Promise<[Error & { code?: string }]>;
      const [socket] = await once(outgoing.end(), "socket");
      outgoing.destroy();
      const [error] = await failed;
      await until(() => socket.destroyed && count(agent.sockets) === 0);
      return error.code;
    }),

  "a request that is aborted by a signal": (way, { silent }) =>
    keeping(way, async (agent) => {
      const controller = new AbortController();
      const asked = ask(silent, agent, { signal: controller.signal });
      controller.abort();
      const told = await asked;
      await until(() => count(agent.sockets) === 0);
      return told;
    }),

  "a request to a port on which nobody listens": (way, { closed }) =>
    keeping(way, (agent) => failed(closed, agent)),

  "a request to a server of another name": (way, { misnamed }) =>
    keeping(way, (agent) => failed(misnamed.port, agent)),

  "an answer without a length, cut after its end": (way, { relay }) =>
    keeping(way, (agent) => {
      const onData = () => relay.cut("FIN");
      return ask(relay.port, agent, { path: "/no-length", onData });
    }),

  "an answer that is cut before its end": (way, { relay }) =>
    keeping(way, async (agent) => {
      const told: string[] = [];
      for (const cut of ["FIN", "RST"] as const) {
        const onData = () => relay.cut(cut);
        told.push(await ask(relay.port, agent, { path: "/longer", onData }));
      }
      return told;
    }),

  "an upload of megabytes": (way, { nginx }) =>
    keeping(way, async (agent) => {
      const name = way.name.replace(" ", "-");
      const body = new Uint8Array(5_000 * KILOBYTE).fill(7);
      const put = { method: "PUT", path: `/upload/${name}`, body };
      const answer = await ask(nginx.port, agent, put);
      const arrived = nginx.uploaded(name);
      return [answer, Buffer.compare(arrived, body)];
    }),

  "an upload that is refused before its end": (way, { nginx }) =>
    keeping(way, async (agent) => {
      const body = new Uint8Array(5_000 * KILOBYTE);
      const told: string[] = [];
      for (const inPieces of [false, true]) {
        const put = { method: "PUT", path: "/small", body, inPieces };
        told.push((await ask(nginx.port, agent, put)).slice(0, 3));
      }
      return told;
    }),

  "axios reuses a connection, and makes a new one after its end": (way, { cuttable }) =>
    keeping(way, async (agent) => {
      type Axios = { get(url: string, options: object): Promise<{ data: number }> };
      const options = { httpsAgent: agent };
      const get = async () =>
        (await defaultOf<Axios>("axios").get(`https://${HOST}:${cuttable.port}/`, options)).data;
      const told = [await get(), await get()];
      cuttable.cut("FIN");
      await forgotten(agent);
      return [...told, await get()];
    }),

  "undici's pool reuses a connection, and makes a new one after its end": (way, { cuttable }) => {
    interface Undici {
      readonly Agent: new (options: object) => Dispatcher;
    }
    interface Dispatcher {
      request(what: object): Promise<{ body: { text(): Promise<string> } }>;
      destroy(): Promise<void>;
      on(event: "disconnect", listener: () => void): void;
    }
    const origin = `https://${HOST}:${cuttable.port}`;
    const ask = async (dispatcher: Dispatcher) => {
      const ended = next(dispatcher, "disconnect");
      const get = async () =>
        await (await dispatcher.request({ origin, path: "/", method: "GET" })).body.text();
      const told = [await get(), await get()];
      cuttable.cut("FIN");
      await ended;
      return [...told, await get()];
    };
    const dispatcher = new (library<Undici>("undici").Agent)({
      connections: 1,
      connect: way.undici(),
    });
    return using(dispatcher, ask, (dispatcher) => dispatcher.destroy());
  },
};

testStories(shared(startServers), ["nginx", "haproxy"], stories, {
  "a request whose handshake gets no answer in time": {
    in: "bun",
    because: "its own TLS waits for ever: the time-out begins with the connection",
    expected: "error ECONNRESET",
  },
});
