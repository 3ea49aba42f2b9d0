/**
 * A client that makes one request by a library, over a connection of its own, per question.
 *
 * @module
 */

import { connect } from "node:http2";
import type { Readable } from "node:stream";
import type { IncomingMessage } from "node:http";
import { Agent as OwnAgent, get } from "node:https";
import { Agent } from "../../adapters/agent.ts";
import { connector as http2Connector } from "../../adapters/http2.ts";
import { connector as undiciConnector } from "../../adapters/undici.ts";
import { safe, TlsSocket } from "../../mod.ts";
import { findRegistered } from "../../register/registered.ts";
import { defaultOf, library } from "../../tests/libraries/library.ts";
import { answerAll } from "./answers.ts";
import type { Target } from "./latency/way.ts";

/** One request. */
export interface LibraryQuestion {
  readonly library: LibraryName;
  /** Whether the library is to use its own TLS. */
  readonly own: boolean;
  readonly target: Target;
  readonly caCert: string;
}

/** What became of it. */
export interface LibraryFinding {
  /** Milliseconds from the call to the head of the answer. */
  readonly head: number;
  /** Whether the request was accepted as early data. */
  readonly isEarly: boolean;
}

export type LibraryName = "axios" | "got" | "undici" | "node:https" | "node:http2";

/** The socket of this package that the request has used, where the library was given it. */
let latest: TlsSocket | undefined;

/** Under the flag, its account. */
const flag = findRegistered();

/** Makes a request; resolves to when the head of the answer was there, once all of it was. */
type Get = (url: string, question: LibraryQuestion) => Promise<number>;

const libraries: Readonly<Record<LibraryName, Get>> = {
  async "axios"(url, { own, caCert: ca }) {
    interface Axios {
      get(url: string, options: object): Promise<{ data: Readable & { socket: unknown } }>;
    }
    // A server that is to close the connection, as without keepAlive, gives no ticket after the answer.
    const usual = { ca, keepAlive: true };
    const httpsAgent = own ? new OwnAgent(usual) : new Agent({ ...usual, earlyData: safe.http1 });
    const options = { httpsAgent, responseType: "stream" };
    const { data } = await defaultOf<Axios>("axios").get(url, options);
    const at = performance.now();
    note(data.socket);
    await readAll(data);
    httpsAgent.destroy();
    return at;
  },

  async "got"(url, { own, caCert: ca }) {
    interface Got {
      stream(url: string, options: object): Readable & {
        once(event: "response", listener: (response: { socket: unknown }) => void): void;
      };
    }
    const https = own
      ? new OwnAgent({ ca, keepAlive: true })
      : new Agent({ ca, keepAlive: true, earlyData: safe.http1 });
    const { got } = library<{ got: Got }>("got");
    const stream = got.stream(url, { agent: { https }, retry: { limit: 0 } });
    let at = NaN;
    stream.once("response", ({ socket }) => {
      at = performance.now();
      note(socket);
    });
    await readAll(stream);
    https.destroy();
    return at;
  },

  async "node:https"(url, { own, caCert: ca }) {
    const agent = own
      ? new OwnAgent({ ca, keepAlive: true })
      : new Agent({ ca, keepAlive: true, earlyData: safe.http1 });
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    get(url, { agent }, resolve).once("error", reject);
    const response = await promise;
    const at = performance.now();
    note(response.socket);
    await readAll(response);
    agent.destroy();
    return at;
  },

  async "undici"(url, { own, caCert: ca }) {
    interface Undici {
      readonly Client: new (origin: string, options: object) => {
        request(what: object): Promise<{ body: Readable }>;
        destroy(): Promise<void>;
      };
    }
    const connectOurs = undiciConnector({ ca, earlyData: safe.http });
    const connect: typeof connectOurs = (wanted, called) =>
      connectOurs(wanted, (...result) => {
        note<unknown>(result[1]);
        called(...result);
      });
    const client = new (library<Undici>("undici").Client)(url, { connect: own ? { ca } : connect });
    const { body } = await client.request({ path: "/", method: "GET" });
    const at = performance.now();
    await readAll(body);
    await client.destroy();
    return at;
  },

  async "node:http2"(url, { own, caCert: ca }) {
    const connectOurs = http2Connector({ ca, earlyData: safe.http2 });
    const createConnection = (authority: URL) => note(connectOurs(authority));
    const session = connect(url, own ? { ca } : { createConnection });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    session.once("error", reject);
    const stream = session.request({ ":path": "/" });
    stream.once("response", () => resolve(performance.now()));
    await readAll(stream);
    session.close();
    return await promise;
  },
};

/** How many connections under the flag have had their early data accepted. */
function countAccepted(): number {
  return Object.entries(flag?.counts() ?? {})
    .reduce((sum, [line, count]) => line.endsWith("early data accepted") ? sum + count : sum, 0);
}

function note<S>(socket: S): S {
  if (socket instanceof TlsSocket) latest = socket;
  return socket;
}

async function readAll(stream: Readable): Promise<void> {
  for await (const _chunk of stream);
}

await answerAll<LibraryQuestion, LibraryFinding>(async (question) => {
  latest = undefined;
  const accepted = countAccepted();
  const { hostname, port } = question.target;
  const started = performance.now();
  const at = await libraries[question.library](`https://${hostname}:${port}`, question);
  // By its type a variable that nobody sees being set is still what it was.
  const socket = latest as TlsSocket | undefined;
  const isEarly = socket?.earlyData === "accepted" || countAccepted() > accepted;
  return { head: at - started, isEarly };
});
