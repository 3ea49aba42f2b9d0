/**
 * How requests end that are given up.
 *
 * @module
 */

import type { Script } from "../../fixtures/scripted_http.ts";
import { type Check, type Checks, type CheckScene, outcome } from "./check.ts";

const hello: Script = (talk) => talk.answer("200 OK", "hello");

const CHUNK = 64 * 1024;

/** A check that gives an answer up of which a part has come; `told` resolves when the server hears of it. */
function givenUpInTheBody(
  giveUp: (scene: CheckScene, told: () => Promise<string>) => Promise<unknown>,
): Check {
  let gone = Promise.withResolvers<string>();
  return {
    scripts: {
      "/": async (talk) => {
        await talk.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntext");
        await talk.gone();
        gone.resolve("the server is told");
      },
    },
    run: async (scene) => {
      gone = Promise.withResolvers();
      return await giveUp(scene, () => gone.promise);
    },
  };
}

export const aborts: Checks = {
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
  "an abort of a body": givenUpInTheBody(async ({ fetch, server }, told) => {
    const abort = new AbortController();
    const response = await fetch(`${server.origin}/`, { signal: abort.signal });
    const reader = response.body!.getReader();
    await reader.read();
    const rest = outcome(reader.read());
    abort.abort();
    return [await rest, await told()];
  }),
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
  "a body that is cancelled": givenUpInTheBody(async ({ fetch, server }, told) => {
    const response = await fetch(`${server.origin}/`);
    await response.body!.cancel();
    return await told();
  }),
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
};
