/**
 * What becomes of answers.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import { answered, type Check, type Checks, outcome } from "./check.ts";

const text = (response: Response) => response.text();

/** The text of an answer that is these bytes and nothing more. */
const raw = (answer: string, look: (response: Response) => unknown = text): Check => ({
  scripts: {
    "/": async (talk) => {
      await talk.write(Buffer.from(answer, "latin1"));
      talk.close();
    },
  },
  run: ({ fetch, server }) => outcome(fetch(`${server.origin}/`).then(look)),
});

const PAGE = Buffer.from("page".repeat(10));

/** What becomes of the page in this coding. */
function coded(coding: string, body: Uint8Array): Check {
  return {
    scripts: { "/": (talk) => talk.answer("200 OK", body, `content-encoding: ${coding}`) },
    run: ({ fetch, server }) =>
      outcome(
        fetch(`${server.origin}/`).then(text).then((text) =>
          text === String(PAGE) ? "decoded" : text === "" ? "nothing" : "not decoded"
        ),
      ),
  };
}

const without = (status: string): Check =>
  answered((talk) => talk.write(`HTTP/1.1 ${status}\r\n\r\n`), async (response) => [
    response.body === null ? "no body" : "a body",
    await response.text(),
  ]);

export const answers: Checks = {
  "status, text and ok of 404": answered(
    (talk) => talk.answer("404 Not Here", "text"),
    async (response) => [response.status, response.statusText, response.ok, await response.text()],
  ),
  "a status of 999": raw("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", (r) => r.status),
  "the class of a response": answered(
    (talk) => talk.answer("200 OK"),
    (response) => [response instanceof Response, Object.prototype.toString.call(response)],
  ),
  "the type of a response": answered((talk) => talk.answer("200 OK"), ({ type }) => type),
  "headers that came twice": answered(
    (talk) => talk.answer("200 OK", "", "x-a: 1", "X-A: 2", "set-cookie: a=1", "set-cookie: b=2"),
    ({ headers }) => [headers.get("x-a"), headers.getSetCookie()],
  ),
  "a header in Latin-1": answered(
    (talk) =>
      talk.write(
        Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: \xe9\r\n\r\n", "latin1"),
      ),
    ({ headers }) => headers.get("x-a"),
  ),
  "headers that can't be changed": answered((talk) => talk.answer("200 OK"), ({ headers }) => {
    try {
      headers.set("x-a", "1");
      return "changed";
    } catch (error) {
      return (error as Error).name;
    }
  }),
  "the answer to a HEAD": {
    scripts: { "/": (talk) => talk.answer("200 OK", "text") },
    run: async ({ fetch, server }) => {
      const response = await fetch(`${server.origin}/`, { method: "HEAD" });
      const { headers, body } = response;
      return [
        headers.get("content-length"),
        body === null ? "no body" : "a body",
        await text(response),
      ];
    },
  },
  "an answer of 204": without("204 No Content"),
  "an answer of 304": without("304 Not Modified"),
  "an early hint before an answer": raw(
    "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext",
  ),
  "a change of protocol": raw(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
  ),
  "an answer in chunks, with a trailer": raw(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nte\r\n2\r\nxt\r\n0\r\nX-A: 1\r\n\r\n",
  ),
  "an answer without a length": raw("HTTP/1.0 200 OK\r\n\r\ntext"),
  "an answer that ends before its length": raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntext"),
  "an answer that ends before its last chunk": raw(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n",
  ),
  "an answer with a length and chunks": raw(
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n0\r\n\r\n",
  ),
  "no answer": raw(""),
  "half a head": raw("HTTP/1.1 200 OK\r\nContent-"),
  "what is no HTTP": raw("220 mail.example.com ESMTP\r\n"),
  "a body in gzip": coded("gzip", zlib.gzipSync(PAGE)),
  "a body in deflate": coded("deflate", zlib.deflateSync(PAGE)),
  "a body in deflate, without its header": coded("deflate", zlib.deflateRawSync(PAGE)),
  "a body in br": coded("br", zlib.brotliCompressSync(PAGE)),
  "a body in zstd": coded("zstd", zlib.zstdCompressSync(PAGE)),
  "a body in gzip, then br": coded("gzip, br", zlib.brotliCompressSync(zlib.gzipSync(PAGE))),
  "a body in GZIP": coded("GZIP", zlib.gzipSync(PAGE)),
  "a body in a coding that nobody knows": answered(
    (talk) => talk.answer("200 OK", "text", "content-encoding: other"),
    text,
  ),
  "a body that is not in gzip, as it says": coded("gzip", PAGE),
  "a body in gzip that was cut": coded("gzip", zlib.gzipSync(PAGE).subarray(0, 20)),
  "an empty body in gzip": coded("gzip", new Uint8Array()),
  "headers of a body in gzip": answered(
    (talk) => talk.answer("200 OK", zlib.gzipSync(PAGE), "content-encoding: gzip"),
    ({ headers }) => [headers.has("content-encoding"), headers.has("content-length")],
  ),
  "a body in JSON": answered(
    (talk) => talk.answer("200 OK", '{"a":1}'),
    (response) => response.json(),
  ),
  "a body that is no JSON": answered(
    (talk) => talk.answer("200 OK", "{"),
    (response) => outcome(response.json()),
  ),
  "a body read twice": answered((talk) => talk.answer("200 OK", "text"), async (response) => {
    await response.text();
    return [response.bodyUsed, await outcome(response.text())];
  }),
  "a body into a buffer of the reader's": answered(
    (talk) => talk.answer("200 OK", "text"),
    (response) =>
      outcome((async () => {
        const reader = response.body!.getReader({ mode: "byob" });
        return (await reader.read(new Uint8Array(9))).value?.length;
      })()),
  ),
  "a clone": answered((talk) => talk.answer("200 OK", "text"), async (response) => {
    const clone = response.clone();
    return [clone.url === response.url, await clone.text(), await response.text()];
  }),
};
