/**
 * How requests end, and what waits for whom.
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
  "an abort before the request": {
    scripts: { "/": hello },
    run: async ({ fetch, server }) => {
      const name = await outcome(fetch(`${server.origin}/`, { signal: AbortSignal.abort() }));
      return [name, server.asked.length];
    },
  },
  "an abort with a reason": {
    run: ({ fetch, server }) =>
      outcome(fetch(`${server.origin}/`, { signal: AbortSignal.abort("a reason") })),
  },
  "an abort before the answer": (() => {
    const control = { abort: new AbortController(), gone: Promise.withResolvers<string>() };
    return {
      scripts: {
        "/": async (talk) => {
          control.abort.abort();
          await talk.gone();
          control.gone.resolve("the server is told");
        },
      },
      run: async ({ fetch, server }) => {
        control.abort = new AbortController();
        control.gone = Promise.withResolvers();
        const { signal } = control.abort;
        return [await outcome(fetch(`${server.origin}/`, { signal })), await control.gone.promise];
      },
    } satisfies Checks[string];
  })(),
  "an abort of a `Request`": {
    scripts: { "/": (talk) => talk.gone() },
    run: async ({ fetch, server }) => {
      const abort = new AbortController();
      const fetched = outcome(fetch(new Request(`${server.origin}/`, { signal: abort.signal })));
      setTimeout(() => abort.abort(), 20);
      return await fetched;
    },
  },
  "an abort of a body": (() => {
    let gone = Promise.withResolvers<string>();
    return {
      scripts: {
        "/": async (talk) => {
          await talk.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntext");
          await talk.gone();
          gone.resolve("the server is told");
        },
      },
      run: async ({ fetch, server }) => {
        gone = Promise.withResolvers();
        const abort = new AbortController();
        const response = await fetch(`${server.origin}/`, { signal: abort.signal });
        const reader = response.body!.getReader();
        await reader.read();
        const rest = outcome(reader.read());
        abort.abort();
        return [await rest, await gone.promise];
      },
    } satisfies Checks[string];
  })(),
  "an abort after the body was read": {
    scripts: {
      "/": hello,
      "/slow": async (talk) => {
        await talk.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
        await new Promise((resolve) => setTimeout(resolve, 50));
        await talk.write("lo");
      },
    },
    run: async ({ fetch, server }) => {
      const abort = new AbortController();
      await (await fetch(`${server.origin}/`, { signal: abort.signal })).text();
      const other = await fetch(`${server.origin}/slow`);
      abort.abort();
      return await outcome(other.text());
    },
  },
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
  "an abort of an upload": {
    scripts: { "/": (talk) => talk.gone() },
    run: async ({ fetch, server }) => {
      const abort = new AbortController();
      const { promise, resolve } = Promise.withResolvers<string>();
      let pulled = 0;
      const body = new ReadableStream({
        pull: async (controller) => {
          if (++pulled === 3) abort.abort();
          if (pulled > 3) await new Promise((done) => setTimeout(done, 20));
          if (pulled === 25) resolve("the stream is read on");
          controller.enqueue(new Uint8Array(CHUNK));
        },
        cancel: () => resolve("the stream is cancelled"),
      });
      const init = { method: "POST", body, duplex: "half", signal: abort.signal } as RequestInit;
      return [await outcome(fetch(`${server.origin}/`, init)), await promise];
    },
  },
  "a time-out": {
    scripts: { "/": (talk) => talk.gone() },
    run: ({ fetch, server }) =>
      outcome(fetch(`${server.origin}/`, { signal: AbortSignal.timeout(20) })),
  },
  "a body that is cancelled": (() => {
    let gone = Promise.withResolvers<string>();
    return {
      scripts: {
        "/": async (talk) => {
          await talk.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntext");
          await talk.gone();
          gone.resolve("the server is told");
        },
      },
      run: async ({ fetch, server }) => {
        gone = Promise.withResolvers();
        const response = await fetch(`${server.origin}/`);
        await response.body!.cancel();
        return await gone.promise;
      },
    } satisfies Checks[string];
  })(),
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
  "an abort of a POST on a connection that was kept": {
    scripts: {
      "/": hello,
      "/again": async (talk) => {
        await talk.body();
        await talk.gone();
      },
    },
    run: async ({ fetch, server }) => {
      await (await fetch(`${server.origin}/`)).text();
      await new Promise((resolve) => setTimeout(resolve, 100)); // Until it is in the pool.
      const signal = AbortSignal.timeout(50);
      const told = await outcome(
        fetch(`${server.origin}/again`, { method: "POST", body: "text", signal }),
      );
      await new Promise((resolve) => setTimeout(resolve, 100)); // For another one to arrive.
      return [told, `${server.to("/again").length} sent`];
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
