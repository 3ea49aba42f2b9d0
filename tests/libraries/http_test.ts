import { get } from "node:https";
import { text } from "node:stream/consumers";
import type { IncomingMessage } from "node:http";
import { type Nginx, startNginx } from "../peers/nginx.ts";
import { defaultOf, library } from "./library.ts";
import { shared, type Subject, testLibraries } from "./subjects.ts";
import { HOST, type Way } from "./ways.ts";

// What each asks for is a page of two words. nginx counts for itself what came early.

const PAGE = "what nginx says";

interface Undici {
  readonly Agent: new (options: object) => { destroy(): Promise<void> };
  readonly Client: new (origin: string, options: object) => {
    request(what: object): Promise<{ body: { text(): Promise<string> } }>;
    destroy(): Promise<void>;
  };
  fetch(url: string, options: object): Promise<Response>;
}

const undici = library<Undici>("undici");

/** Fetches by way of undici, whose dispatcher is for one request alone. */
async function byUndici(way: Way, fetches: (dispatcher: object) => Promise<Response>) {
  const dispatcher = new undici.Agent({ connect: way.undici() });
  try {
    return await (await fetches(dispatcher)).text();
  } finally {
    await dispatcher.destroy();
  }
}

async function byClient(way: Way, nginx: Nginx, options: object): Promise<string> {
  const client = new undici.Client(originOf(nginx), { connect: way.undici(), ...options });
  try {
    const { body } = await client.request({ path: "/page", method: "GET" });
    return await body.text();
  } finally {
    await client.destroy();
  }
}

const originOf = ({ port }: Nginx) => `https://${HOST}:${port}`;
const pageOf = (nginx: Nginx) => `${originOf(nginx)}/page`;

const exchanges: Record<string, Subject<Nginx>["exchange"]> = {
  "node:https": async (way, nginx) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    get(pageOf(nginx), { agent: way.agent() }, resolve).once("error", reject);
    return await text(await promise);
  },

  "got": async (way, nginx) => {
    const { got } = library<{ got(url: string, options: object): { text(): Promise<string> } }>(
      "got",
    );
    const https = { certificateAuthority: way.trust.ca };
    return await got(pageOf(nginx), { agent: { https: way.agent() }, https, retry: { limit: 0 } })
      .text();
  },

  "axios": async (way, nginx) => {
    const { get } = defaultOf<{ get(url: string, options: object): Promise<{ data: string }> }>(
      "axios",
    );
    return (await get(pageOf(nginx), { httpsAgent: way.agent(), timeout: 10_000 })).data;
  },

  "node-fetch": async (way, nginx) => {
    return await (await defaultOf<Undici["fetch"]>("node-fetch")(pageOf(nginx), {
      agent: way.agent(),
    })).text();
  },

  "superagent": async (way, nginx) => {
    interface Request extends Promise<{ text: string }> {
      agent(agent: object): Request;
    }
    const { get } = library<{ get(url: string): Request }>("superagent");
    return (await get(pageOf(nginx)).agent(way.agent())).text;
  },

  "needle": async (way, nginx) => {
    type Needle = (method: "get", url: string, options: object) => Promise<{ body: string }>;
    return (await defaultOf<Needle>("needle")("get", pageOf(nginx), { agent: way.agent() })).body;
  },

  "undici": (way, nginx) => byClient(way, nginx, {}),

  "undici over HTTP/2": (way, nginx) => byClient(way, nginx, { allowH2: true }),

  "undici's fetch": (way, nginx) =>
    byUndici(way, (dispatcher) => undici.fetch(pageOf(nginx), { dispatcher })),

  // The option is Node's; that of undici's package is taken because both agree on what a dispatcher is.
  "fetch": (way, nginx) =>
    byUndici(way, (dispatcher) => fetch(pageOf(nginx), { dispatcher } as RequestInit)),

  "ky": (way, nginx) =>
    byUndici(way, (dispatcher) => {
      type Ky = (url: string, options: object) => Promise<Response>;
      const fetch = ({ url, method, headers }: Request) =>
        undici.fetch(url, { method, headers: [...headers], dispatcher });
      return defaultOf<Ky>("ky")(pageOf(nginx), { fetch, retry: 0 });
    }),
};

const start = () =>
  startNginx({ http2: true, lines: [`location = /page { return 200 "${PAGE}"; }`] });

testLibraries(
  shared(start),
  ["nginx"],
  Object.fromEntries(
    Object.entries(exchanges).map(([name, exchange]) => [name, { exchange, answer: PAGE }]),
  ),
);
