/**
 * How connections are used and end, and what waits for whom.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Script } from "../../fixtures/scripted_http.ts";
import { type Checks, outcome } from "./check.ts";

const hello: Script = (talk) => talk.answer("200 OK", "hello");

/** More than sockets and streams hold by themselves. */
const LARGE = 64 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** Waits until `value` has been the same for a while; gives it back. */
async function settled(value: () => number): Promise<number> {
  for (let before = -1, same = 0;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = value();
    same = now === before ? same + 1 : 0;
    before = now;
    if (now > 0 && same === 8) return now;
  }
}

/** Writes a large answer, and counts what could be written. */
function large(count: { written: number }): Script {
  return async (talk) => {
    await talk.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
    const chunk = Buffer.alloc(CHUNK);
    for (; count.written < LARGE; count.written += CHUNK) await talk.write(chunk);
  };
}

export const ends: Checks = {
  "a connection that is cut while nobody reads": {
    scripts: {
      "/": async (talk) => {
        await talk.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntext");
        talk.close();
      },
    },
    run: async ({ fetch, server }) => {
      const response = await fetch(`${server.origin}/`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      return await outcome(response.text());
    },
  },
  "a server while nobody reads": (() => {
    const count = { written: 0 };
    return {
      scripts: { "/": large(count) },
      run: async ({ fetch, server }) => {
        count.written = 0;
        const response = await fetch(`${server.origin}/`);
        const written = await settled(() => count.written);
        await response.body!.cancel();
        return written < LARGE ? "waits" : "has sent all";
      },
    } satisfies Checks[string];
  })(),
  "a stream while the server does not read": {
    scripts: { "/": (talk) => new Promise((resolve) => setTimeout(resolve, 3000, talk)) },
    run: async ({ fetch, server }) => {
      let pulled = 0;
      const abort = new AbortController();
      const body = new ReadableStream({
        pull: (controller) => {
          controller.enqueue(new Uint8Array(CHUNK));
          if ((pulled += CHUNK) >= LARGE) controller.close();
        },
      });
      const init = { method: "POST", body, duplex: "half", signal: abort.signal } as RequestInit;
      const fetched = outcome(fetch(`${server.origin}/`, init));
      const taken = await settled(() => pulled);
      abort.abort();
      await fetched;
      return taken < LARGE ? "waits" : "has been read whole";
    },
  },
  "two requests, one after another": {
    scripts: { "/": hello },
    run: async ({ fetch, server }) => {
      for (let count = 0; count < 2; count++) {
        await (await fetch(`${server.origin}/`)).text();
        await new Promise((resolve) => setTimeout(resolve, 100)); // Until it is in the pool.
      }
      return `${server.connections} connection`;
    },
  },
  "a GET on a connection that the server closes": {
    scripts: {
      "/": hello,
      "/again": (talk) => talk.connection === 1 ? talk.close() : hello(talk),
    },
    run: async ({ fetch, server }) => {
      await (await fetch(`${server.origin}/`)).text();
      return await outcome(fetch(`${server.origin}/again`).then((response) => response.text()));
    },
  },
  "a POST on a connection that the server closes": {
    scripts: {
      "/": hello,
      "/again": async (talk) => {
        await talk.body();
        if (talk.connection === 1) talk.close();
        else await hello(talk);
      },
    },
    run: async ({ fetch, server }) => {
      await (await fetch(`${server.origin}/`)).text();
      const init = { method: "POST", body: "text" };
      await outcome(fetch(`${server.origin}/again`, init).then((response) => response.text()));
      return `${server.to("/again").length} sent`;
    },
  },
  "an answer before the body was sent": {
    scripts: {
      "/": (talk) => talk.answer("413 Too Large", "text", "connection: close").then(talk.close),
    },
    run: async ({ fetch, server }) => {
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          controller.enqueue(new Uint8Array(10));
        },
      });
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      return await outcome(fetch(`${server.origin}/`, init).then((response) => response.status));
    },
  },
  "a certificate for another name": {
    scripts: { "/": hello },
    run: async ({ fetch, server }) => {
      const url = server.origin.replace("localhost", "127.0.0.2");
      return await outcome(fetch(url));
    },
  },
  "a port where nobody listens": { run: ({ fetch }) => outcome(fetch("https://localhost:1/")) },
};
