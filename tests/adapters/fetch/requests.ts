/**
 * What servers are sent.
 *
 * @module
 */

import { type Check, type Checks, outcome, sent, streamOf, telling } from "./check.ts";

const framing = telling("content-length", "transfer-encoding", "content-type");

function posting(body: () => BodyInit, more: object = {}): Check {
  return sent(() => ({ method: "POST", body: body(), ...more }), framing);
}

/** A body that is sent back. */
const echo = async (
  talk: { body(): Promise<Uint8Array>; answer(status: string, body: Uint8Array): unknown },
) => talk.answer("200 OK", await talk.body());

function refused(init: () => RequestInit, path = "/"): Check {
  return { run: ({ fetch, server }) => outcome(fetch(`${server.origin}${path}`, init())) };
}

const method = (method: string) =>
  sent(() => ({ method }), (talk) => talk.answer("200 OK", talk.method));

export const requests: Checks = {
  "headers by default": sent(() => ({}), telling("accept", "accept-encoding")),
  "other headers by default": sent(() => ({}), (talk) => {
    const usual = ["accept", "accept-encoding", "connection", "host", "user-agent"];
    const others = Object.keys(talk.headers).filter((name) => !usual.includes(name));
    return talk.answer("200 OK", others.sort().join(", ") || "none");
  }),
  "a `user-agent` by default": sent(
    () => ({}),
    (talk) => talk.answer("200 OK", talk.headers["user-agent"] ? "one" : "none"),
  ),
  "a header twice": sent(() => ({ headers: [["x-a", "1"], ["X-A", "2"]] }), telling("x-a")),
  "`accept-encoding` of a request with `range`": sent(
    () => ({ headers: { range: "bytes=0-1" } }),
    telling("accept-encoding"),
  ),
  "a `host` of the caller's": sent(() => ({ headers: { host: "example.com" } }), telling("host")),
  "a `content-length` of the caller's that is wrong": {
    scripts: {
      "/": async (talk) => {
        await framing(talk);
        talk.close();
      },
    },
    run: ({ fetch, server }) =>
      outcome(
        fetch(`${server.origin}/`, {
          method: "POST",
          body: "four",
          headers: { "content-length": "3", "content-type": "a/b" },
        }).then((response) => response.text()),
      ),
  },
  "a `transfer-encoding` of the caller's": {
    scripts: { "/": framing },
    run: ({ fetch, server }) =>
      outcome(
        fetch(`${server.origin}/`, {
          method: "POST",
          body: "four",
          headers: { "transfer-encoding": "chunked", "content-type": "a/b" },
        }).then((response) => response.text()),
      ),
  },
  "a header with a line break": refused(() => ({ headers: { "x-a": "1\r\nx-b: 2" } })),
  "the method `get`": method("get"),
  "the method `patch`": method("patch"),
  "the method `TRACE`": {
    scripts: { "/": (talk) => talk.answer("200 OK", talk.method) },
    run: ({ fetch, server }) => outcome(fetch(`${server.origin}/`, { method: "TRACE" })),
  },
  "a GET with a body": refused(() => ({ body: "text" })),
  "a POST without a body": sent(() => ({ method: "POST" }), framing),
  "a DELETE without a body": sent(() => ({ method: "DELETE" }), framing),
  "a body of text": posting(() => "grüße"),
  "a body of bytes": posting(() => new Uint8Array(5)),
  "a body of a view": posting(() => new DataView(new ArrayBuffer(9), 2, 4)),
  "a body of a Blob": posting(() => new Blob(["text"], { type: "a/b" })),
  "a body of URLSearchParams": posting(() => new URLSearchParams({ a: "1 2" })),
  "a body of FormData": sent(() => {
    const body = new FormData();
    body.set("name", "value");
    body.set("file", new Blob(["content"]), "file.txt");
    return { method: "POST", body };
  }, async (talk) => {
    const text = String(await talk.body());
    const boundary = /boundary="?([^"]+)/.exec(talk.headers["content-type"]!)?.[1];
    const parts = text.split(`--${boundary}`).length - 2;
    const length = talk.headers["content-length"] ? "length" : "chunks";
    await talk.answer("200 OK", `${parts} parts, in ${length}, ${text.includes("content")}`);
  }),
  "a body of a stream": posting(() => streamOf("one", "two"), { duplex: "half" }),
  "what a stream brings": sent(
    () => ({ method: "POST", body: streamOf("one", "two"), duplex: "half" }),
    echo,
  ),
  "a stream without `duplex`": {
    scripts: { "/": echo },
    run: ({ fetch, server }) =>
      outcome(fetch(`${server.origin}/`, { method: "POST", body: streamOf("one") })),
  },
  "a stream that fails": refused(() => ({
    method: "POST",
    duplex: "half",
    body: new ReadableStream({
      pull: () => {
        throw new RangeError("no more");
      },
    }),
  } as RequestInit)),
  "a stream of what is no bytes": refused(() =>
    ({ method: "POST", duplex: "half", body: streamOf(1) }) as RequestInit
  ),
  "a `Request` with a body of text": {
    scripts: { "/": framing },
    run: async ({ fetch, server }) => {
      const request = new Request(`${server.origin}/`, { method: "POST", body: "text" });
      return await (await fetch(request)).text();
    },
  },
  "a `Request` and other options": {
    scripts: { "/": (talk) => talk.answer("200 OK", `${talk.method} ${talk.headers["x-a"]}`) },
    run: async ({ fetch, server }) => {
      const request = new Request(`${server.origin}/`, { headers: { "x-a": "1" } });
      return await (await fetch(request, { method: "PUT" })).text();
    },
  },
  "a `Request` whose body was used": {
    scripts: { "/": echo },
    run: async ({ fetch, server }) => {
      const request = new Request(`${server.origin}/`, { method: "POST", body: "text" });
      await request.text();
      return await outcome(fetch(request));
    },
  },
  "an address without a scheme": { run: ({ fetch }) => outcome(fetch("/path")) },
  "an address with a password": {
    scripts: { "/": (talk) => talk.answer("200 OK", talk.headers["authorization"] ?? "none") },
    run: ({ fetch, server }) => {
      const fetched = fetch(server.origin.replace("//", "//user:secret@"));
      return outcome(fetched.then((response) => response.text()));
    },
  },
  "an address of `data:`": {
    run: ({ fetch }) => outcome(fetch("data:,text").then((response) => response.text())),
  },
  "an address of `http:`": {
    run: ({ fetch, plain }) => outcome(fetch(plain).then((response) => response.text())),
  },
  "an address of an unknown scheme": { run: ({ fetch }) => outcome(fetch("gopher://localhost/")) },
  "a fragment": {
    scripts: { "/a": (talk) => talk.answer("200 OK", talk.path) },
    run: async ({ fetch, server }) => {
      const response = await fetch(`${server.origin}/a#b`);
      return [await response.text(), new URL(response.url).hash || "none in url"];
    },
  },
  "an `integrity` that is wrong": {
    scripts: { "/": (talk) => talk.answer("200 OK", "text") },
    run: ({ fetch, server }) =>
      outcome(
        fetch(`${server.origin}/`, { integrity: "sha256-AAAA" })
          .then((response) => response.text()),
      ),
  },
};
