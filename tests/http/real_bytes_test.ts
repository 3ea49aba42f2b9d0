/** What this runtime's own clients and servers of HTTP write, read by the rules. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, request, type RequestOptions } from "node:http";
import * as http2 from "node:http2";
import { Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { type HttpEarlyDataRule, safe } from "../../http/safe.ts";
import { HpackReader } from "../../http/hpack/reader.ts";
import { blockAt, FRAME, type Frame, wholeFrameAt } from "../../http/http2/frames.ts";
import type { Field } from "../../http/field.ts";
import { flight, headers, http1, preface, requestFields } from "./flights.ts";

/** A connection to a peer that never answers, which keeps what is written to it. */
class Kept extends Duplex {
  #written: Buffer[] = [];
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#written.push(Buffer.from(chunk));
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#written);
  }

  /** All that was written, once it has what is waited for. */
  async until(isThere: (bytes: Buffer) => boolean): Promise<Buffer> {
    while (!isThere(this.bytes)) await this.#changed.promise;
    return this.bytes;
  }
}

/** What node:http writes for a request. */
async function http1Bytes(options: RequestOptions, body?: string): Promise<Buffer> {
  const kept = new Kept();
  const sent = request({
    host: "a.test",
    path: "/a?b=c",
    createConnection: () => kept,
    ...options,
  });
  sent.on("error", () => {}); // It is given up.
  sent.end(body);
  const bytes = await kept.until((each) => each.includes("\r\n\r\n"));
  sent.destroy();
  kept.destroy();
  return bytes;
}

test("node:http: a GET, HEAD or OPTIONS rides as it is written, and no other request does", async () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    for (const headers of [{}, { Connection: "keep-alive" }, { cookie: "a=b", "x-name": "\xfc" }]) {
      const bytes = await http1Bytes({ method, headers });
      assert.equal(safe.http1.mayRide(bytes), bytes.length, bytes.toString("latin1"));
      assert.equal(safe.http.mayRide(bytes), bytes.length);
    }
  }
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    for (const body of [undefined, "body"]) {
      assert.equal(safe.http1.mayRide(await http1Bytes({ method }, body)), 0, method);
    }
  }
  const unsafe: readonly Record<string, string>[] = [
    {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    },
    { "Content-Length": "4" },
    { "Transfer-Encoding": "chunked" },
    { "X-HTTP-Method-Override": "DELETE" },
  ];
  for (const headers of unsafe) {
    const bytes = await http1Bytes({ method: "GET", headers }, "body");
    assert.equal(safe.http1.mayRide(bytes), 0, bytes.toString("latin1"));
  }
});

/** Calls `use` with a client of node:http2; returns what it has written once `isThere` finds it there. */
async function http2Bytes(
  use: (session: http2.ClientHttp2Session) => void,
  isThere: (bytes: Buffer) => boolean,
): Promise<Buffer> {
  const kept = new Kept();
  const session = http2.connect("https://a.test", { createConnection: () => kept });
  session.on("error", () => {}); // It is given up.
  use(session);
  const bytes = await kept.until(isThere);
  session.destroy();
  kept.destroy();
  return bytes;
}

function ask(
  session: http2.ClientHttp2Session,
  fields: http2.OutgoingHttpHeaders,
  body?: string,
): void {
  const stream = session.request({ ":path": "/", ...fields }, { endStream: body === undefined });
  stream.on("error", () => {});
  if (body !== undefined) stream.end(body);
}

/** The frames behind a preface, as far as they are whole. */
function framesIn(bytes: Uint8Array, start = preface.length): Frame[] {
  const frames: Frame[] = [];
  for (let at = start, frame; (frame = wholeFrameAt(bytes, at)); at = frame.end) frames.push(frame);
  return frames;
}

/** Whether the bytes have this many whole HEADERS. */
function hasRequests(count: number): (bytes: Uint8Array) => boolean {
  return (bytes) => framesIn(bytes).filter(({ type }) => type === FRAME.HEADERS).length >= count;
}

test("node:http2: GETs and HEADs ride as they are written, up to the first other request", async () => {
  const safely = ["GET", "HEAD", "GET"];
  const all = await http2Bytes((session) => {
    for (const method of safely) {
      ask(session, { ":method": method, "user-agent": "x", cookie: "a=b" });
    }
  }, hasRequests(3));
  assert.equal(safe.http2.mayRide(all), all.length);
  assert.equal(safe.http.mayRide(all), all.length);
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    for (const body of [undefined, "body"]) {
      const mixed = await http2Bytes((session) => {
        ask(session, { ":method": "GET" });
        ask(session, { ":method": method }, body);
        ask(session, { ":method": "GET" });
      }, hasRequests(3));
      const unsafe = framesIn(mixed).find(({ type, stream }) =>
        type === FRAME.HEADERS && stream === 3
      );
      assert.ok(unsafe);
      assert.equal(safe.http2.mayRide(mixed), unsafe.end - 9 - unsafe.length, method);
      const alone = await http2Bytes(
        (session) => ask(session, { ":method": method }, body),
        hasRequests(1),
      );
      assert.equal(safe.http2.mayRide(alone), 0, method);
    }
  }
});

/** The fields of all header blocks, by one reader. */
function fieldsIn(bytes: Uint8Array, start: number, reader: HpackReader): Field[][] {
  return framesIn(bytes, start).filter(({ type }) => type === FRAME.HEADERS).map((frame) => {
    const block = blockAt(bytes, frame);
    assert.ok(block);
    return reader.read(block.fragments);
  });
}

test("node:http2's HPACK: every character of a value, again and again, is read as it was said", async () => {
  const characters = Array.from(
    { length: 0x7f - 0x20 },
    (_, index) => String.fromCharCode(0x20 + index),
  );
  // Short codes around each character make the encoder compress it, however long its own is.
  const values = characters.map((character) => `000000000000${character}aeiost000000`);
  const asked = [values, values, values.toReversed()].map((list) =>
    list.map((value, index): Field => [`x-${index % 40}-${index}`, value])
  );
  const bytes = await http2Bytes((session) => {
    for (const fields of asked) ask(session, { ":method": "GET", ...Object.fromEntries(fields) });
  }, hasRequests(asked.length));
  const read = fieldsIn(bytes, preface.length, new HpackReader());
  assert.deepEqual(read.map((fields) => fields.filter(([name]) => name.startsWith("x-"))), asked);
  assert.ok(
    read.every((fields) => fields.some(([name, value]) => name === ":method" && value === "GET")),
  );
  assert.equal(safe.http2.mayRide(bytes), bytes.length);
});

/** A rule's verdict about what a server writes to a client's bytes. */
async function answerTo(
  emit: (far: Duplex) => void,
  bytes: Uint8Array,
  rule: HttpEarlyDataRule,
): Promise<boolean> {
  const [near, far] = duplexPair();
  far.on("error", () => {});
  emit(far);
  near.write(bytes);
  let answer: Buffer = Buffer.alloc(0);
  for await (const chunk of near) {
    for (const byte of chunk as Buffer) { // As if each came alone.
      answer = Buffer.concat([answer, Buffer.of(byte)]);
      const verdict = rule.asksAgain(answer);
      if (verdict !== undefined) return verdict;
    }
  }
  throw new Error(`No verdict after ${answer.toString("latin1")}`);
}

test("node:http's answers: 425 asks again, also after hints", async () => {
  for (const status of [200, 204, 404, 425, 503]) {
    const server = createServer((_, response) => {
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      response.writeHead(status).end();
    });
    const get = http1("GET / HTTP/1.1", "Host: a.test");
    for (const rule of [safe.http1, safe.http]) {
      const asks = await answerTo((far) => server.emit("connection", far), get, rule);
      assert.equal(asks, status === 425, `${status}`);
    }
  }
});

test("node:http2's answers: 425 asks again, also after hints", async () => {
  for (const status of [200, 204, 404, 425, 503]) {
    const server = http2.createServer();
    server.on("stream", (stream: http2.ServerHttp2Stream) => {
      stream.additionalHeaders({ ":status": 103, link: "</a.css>; rel=preload" });
      stream.respond({ ":status": status }, { endStream: true });
    });
    const get = flight(headers(requestFields("GET")));
    for (const rule of [safe.http2, safe.http]) {
      const asks = await answerTo((far) => server.emit("connection", far), get, rule);
      assert.equal(asks, status === 425, `${status}`);
    }
  }
});
