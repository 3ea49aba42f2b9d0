/** What of HTTP/2 may ride as early data, and which answers ask for requests again. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { Field } from "../../http/field.ts";
import { safe } from "../../http/safe.ts";
import {
  bytes,
  flight,
  frame,
  headers,
  http1,
  preface,
  priority,
  requestFields,
  settings,
  WHOLE,
  windowUpdate,
} from "./flights.ts";
import { HpackWriter, integer } from "./hpack_writer.ts";

const GET = headers(requestFields("GET"));
const BLOCK = new HpackWriter().write(requestFields("GET"));

/** Asserts that all rides, or what comes before `rest`. */
function assertRides(before: Uint8Array, ...rest: readonly Uint8Array[]): void {
  const all = Buffer.concat([before, ...rest]);
  assert.equal(safe.http2.mayRide(all), before.length, all.toString("hex"));
}

/** Asserts that a frame may not ride: neither before a request, nor after one. */
function assertStops(wrong: Uint8Array, why: string): void {
  assert.equal(safe.http2.mayRide(flight(wrong, GET)), 0, why);
  const before = flight(GET);
  assert.equal(safe.http2.mayRide(Buffer.concat([before, wrong])), before.length, why);
}

test("RFC 9110, 9.2.1: requests of safe methods ride, up to one of another", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "TRACE"]) {
    assertRides(flight(headers(requestFields(method))));
  }
  const others = ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "QUERY", "get", "GET ", ""];
  for (const method of others) {
    assertStops(headers(requestFields(method), 3), method);
    const [first, third] = [1, 3].map((stream) => headers(requestFields("GET"), stream));
    assertRides(flight(first!, third!), headers(requestFields(method), 5), GET);
  }
});

test("RFC 9113, 3.4: the preface is whole, and SETTINGS are a part of it", () => {
  const whole = flight(GET);
  for (let length = 0; length < whole.length; length++) {
    assert.equal(safe.http2.mayRide(whole.subarray(0, length)), 0, `${length}`);
  }
  for (let at = 0; at < preface.length; at++) {
    const other = Buffer.from(whole);
    other[at]! ^= 0x20;
    assert.equal(safe.http2.mayRide(other), 0, `${at}`);
  }
  assert.equal(safe.http2.mayRide(Buffer.concat([preface, GET])), 0);
  assert.equal(safe.http2.mayRide(Buffer.concat([preface, windowUpdate(0, 1), GET])), 0);
  assert.equal(safe.http2.mayRide(whole.subarray(1)), 0);
  assert.equal(safe.http2.mayRide(bytes(`x${whole.toString("latin1")}`)), 0);
  assert.equal(safe.http2.mayRide(http1("GET / HTTP/1.1", "Host: a.test")), 0);
});

test("RFC 9113, 3.4: nothing rides without a request", () => {
  assert.equal(safe.http2.mayRide(flight()), 0);
  assert.equal(safe.http2.mayRide(flight(windowUpdate(0, 9), frame(6, 0, 0, Buffer.alloc(8)))), 0);
});

test("RFC 9113, 6: frames about the connection ride, before requests and after them", () => {
  const limits = settings([1, 0], [2, 0], [3, 100], [4, 2 ** 31 - 1], [5, 16_384], [6, 9], [8, 1], [
    99,
    9,
  ]);
  const ping = frame(6, 0, 0, bytes("12345678"));
  const about = [limits, windowUpdate(0, 15_663_105), ping, frame(2, 0, 3, priority(0))];
  assertRides(
    flight(...about, GET, ...about, windowUpdate(1, 1), headers(requestFields("HEAD"), 3)),
  );
});

/** Frames that may not ride, and why (sections of RFC 9113). */
const wrong: Readonly<Record<string, Uint8Array>> = {
  "DATA (6.1)": frame(0, 1, 1, bytes("body")),
  "DATA of nothing (6.1)": frame(0, 1, 1, Buffer.alloc(0)),
  "RST_STREAM (6.4)": frame(3, 0, 1, Buffer.alloc(4)),
  "PUSH_PROMISE (6.6)": frame(5, 4, 1, Buffer.concat([Buffer.alloc(4), BLOCK])),
  "GOAWAY (6.8)": frame(7, 0, 0, Buffer.alloc(8)),
  "CONTINUATION of nothing (6.10)": frame(9, 4, 3, BLOCK),
  "a type that is not known (5.5)": frame(0x10, 0, 0, bytes("\0\0\0\x01u=1")),
  "SETTINGS of a stream (6.5)": frame(4, 0, 3, Buffer.alloc(0)),
  "SETTINGS that acknowledge (6.5)": frame(4, 1, 0, Buffer.alloc(0)),
  "SETTINGS of a wrong length (6.5)": frame(4, 0, 0, Buffer.alloc(7)),
  "SETTINGS_ENABLE_PUSH of 2 (6.5.2)": settings([2, 2]),
  "SETTINGS_INITIAL_WINDOW_SIZE that is too large (6.5.2)": settings([1, 1], [4, 2 ** 31]),
  "SETTINGS_MAX_FRAME_SIZE that is too small (6.5.2)": settings([5, 16_383]),
  "SETTINGS_MAX_FRAME_SIZE that is too large (6.5.2)": settings([5, 2 ** 24]),
  "SETTINGS with a reserved bit (4.1)": frame(4, 0, 0x8000_0000, Buffer.alloc(0)),
  "PING of a stream (6.7)": frame(6, 0, 3, Buffer.alloc(8)),
  "PING that answers (6.7)": frame(6, 1, 0, Buffer.alloc(8)),
  "PING of a wrong length (6.7)": frame(6, 0, 0, Buffer.alloc(9)),
  "WINDOW_UPDATE by 0 (6.9)": windowUpdate(0, 0),
  "WINDOW_UPDATE by too much (6.9)": windowUpdate(0, 2 ** 31),
  "WINDOW_UPDATE of an idle stream (6.9)": windowUpdate(3, 1),
  "WINDOW_UPDATE of a wrong length (6.9)": frame(8, 0, 0, Buffer.from([0, 0, 0, 1, 0])),
  "PRIORITY of no stream (6.3)": frame(2, 0, 0, priority(0)),
  "PRIORITY of a server's stream (6.3)": frame(2, 0, 2, priority(0)),
  "PRIORITY of a stream over itself (5.3.1)": frame(2, 0, 3, priority(3)),
  "PRIORITY of a wrong length (6.3)": frame(2, 0, 3, Buffer.alloc(4)),
  "HEADERS of no stream (6.2)": headers(requestFields("GET"), 0),
  "HEADERS of a server's stream (5.1.1)": headers(requestFields("GET"), 2),
  "HEADERS with a body to come (8.1)": headers(requestFields("GET"), 3, 0x04),
  "HEADERS that go on, and don't (6.2)": headers(requestFields("GET"), 3, 0x01),
  "HEADERS with a flag that is not known (4.1)": headers(requestFields("GET"), 3, 0x47),
  "HEADERS with a reserved bit (4.1)": headers(requestFields("GET"), 0x8000_0003),
  "HEADERS that depend on themselves (5.3.1)": frame(
    1,
    0x25,
    3,
    Buffer.concat([priority(3), BLOCK]),
  ),
  "HEADERS without room for their priority (6.2)": frame(1, 0x25, 3, Buffer.alloc(4)),
  "HEADERS without a length of their padding (6.2)": frame(1, 0x0d, 3, Buffer.alloc(0)),
  "HEADERS with more padding than payload (6.2)": frame(
    1,
    0x0d,
    3,
    Buffer.concat([bytes("\xff"), BLOCK]),
  ),
  "HEADERS with padding that has a secret (6.1)": //
    frame(1, 0x0d, 3, Buffer.concat([bytes("\x02"), BLOCK, bytes("\0x")])),
  "HEADERS that are larger than is allowed (4.2)": //
    headers(requestFields("GET", ["a", "b".repeat(16_384)]), 3),
  "HEADERS of nothing (8.3)": frame(1, WHOLE, 3, Buffer.alloc(0)),
  "HEADERS that no HPACK is (4.3)": frame(1, WHOLE, 3, Buffer.concat([BLOCK, bytes("\x80")])),
  "HEADERS whose table is larger than is allowed (4.3.1)": //
    frame(1, WHOLE, 3, Buffer.concat([integer(0x20, 5, 4097), BLOCK])),
};

for (const [name, bad] of Object.entries(wrong)) {
  test(`RFC 9113: nothing rides from a frame on that is wrong: ${name}`, () => {
    assertStops(bad, name);
  });
}

test("RFC 9113, 5.1.1: streams count up", () => {
  const [first, third] = [1, 3].map((stream) => headers(requestFields("GET"), stream));
  assertRides(flight(third!), first!);
  assertRides(flight(first!), first!);
});

test("RFC 9113, 6.2: padding and priority are no part of a block", () => {
  const pad = (length: number, payload: Uint8Array) =>
    Buffer.concat([Buffer.from([length]), payload, Buffer.alloc(length)]);
  assertRides(flight(frame(1, 0x0d, 1, pad(0, BLOCK))));
  assertRides(flight(frame(1, 0x0d, 1, pad(255, BLOCK))));
  assertRides(flight(frame(1, 0x25, 1, Buffer.concat([priority(0), BLOCK]))));
  assertRides(flight(frame(1, 0x2d, 1, pad(7, Buffer.concat([priority(0x8000_0000), BLOCK])))));
});

test("RFC 9113, 6.10: a block may go on, in frames that follow each other", () => {
  const [a, b, c] = [BLOCK.subarray(0, 2), BLOCK.subarray(2, 9), BLOCK.subarray(9)];
  const first = frame(1, 0x01, 1, a);
  const [second, third] = [frame(9, 0, 1, b), frame(9, 4, 1, c)];
  assertRides(flight(first, second, third));
  const before = flight(headers(requestFields("GET"), 1));
  const [start, next] = [frame(1, 0x01, 3, a), frame(9, 0, 3, b)];
  assertRides(before, start);
  assertRides(before, start, next);
  assertRides(before, start, next, third); // Of another stream.
  assertRides(before, start, windowUpdate(0, 1), next, frame(9, 4, 3, c));
  assertRides(before, start, next, frame(9, 0x0c, 3, c));
  assertRides(before, start, next, frame(9, 4, 3, c).subarray(0, -1));
  assertRides(before, start, next, frame(9, 4, 0x8000_0003, c));
  const large = frame(
    9,
    4,
    3,
    Buffer.concat([b, c, new HpackWriter().write([["a", "b".repeat(16_384)]])]),
  );
  assertRides(before, start, large);
  assertRides(
    before,
    start,
    ...Array.from({ length: 1000 }, () => frame(9, 0, 3, Buffer.alloc(0))),
  );
});

test("RFC 9113, 4.2: a frame may be as large as a server has to take it", () => {
  const filled = (length: number) => requestFields("GET", ["a", "b".repeat(length)]);
  const spare = 16_384 - new HpackWriter().write(filled(16_000)).length;
  const largest = headers(filled(16_000 + spare));
  assert.equal(largest.length, 9 + 16_384);
  assertRides(flight(largest));
  assert.equal(safe.http2.mayRide(flight(headers(filled(16_001 + spare)))), 0);
});

test("RFC 7541, 2.3.2: a request may refer to what one before it has said, and to no more", () => {
  const kept = () => ({ kind: "kept", isNameIndexed: true, isHuffman: true } as const);
  const first = frame(1, WHOLE, 1, new HpackWriter().write(requestFields("GET"), kept));
  const byIndex = (stream: number, ...indexes: readonly number[]) =>
    frame(1, WHOLE, stream, Buffer.concat(indexes.map((index) => integer(0x80, 7, index))));
  // The newest is 62: :authority, then :path, :scheme and :method.
  const second = byIndex(3, 65, 64, 63, 62);
  assertRides(flight(first, second), byIndex(5, 66, 64, 63, 62));
  assertRides(flight(first, second), byIndex(5, 3, 64, 63, 62)); // 3 is :method: POST.
  assert.equal(safe.http2.mayRide(flight(second)), 0);
});

test("a flight rides up to 64 KiB, and a small one does not become a large one by its references", () => {
  const many = Array.from(
    { length: 4000 },
    (_, index) => headers(requestFields("GET"), 2 * index + 1),
  );
  const all = flight(...many);
  const [each] = many;
  const ahead = flight().length;
  const fitting = ahead + Math.floor((65_536 - ahead) / each!.length) * each!.length;
  assert.ok(all.length > 65_536, `only ${all.length} bytes`);
  assert.equal(safe.http2.mayRide(all), fitting);
  const kept = () => ({ kind: "kept", isNameIndexed: true, isHuffman: true } as const);
  const first = new HpackWriter().write(requestFields("GET", ["a", "b".repeat(3000)]), kept);
  const bomb = Buffer.concat([first, Buffer.alloc(16_000 - first.length, integer(0x80, 7, 62))]);
  assert.equal(safe.http2.mayRide(flight(frame(1, WHOLE, 1, bomb))), 0);
});

/** Blocks that are no request, or none that may be repeated (sections of RFC 9113). */
const unsafe: Readonly<Record<string, readonly Field[]>> = {
  "no method (8.3.1)": requestFields("GET").slice(1),
  "no scheme (8.3.1)": requestFields("GET").toSpliced(1, 1),
  "no path (8.3.1)": requestFields("GET").toSpliced(2, 1),
  "no host (8.3.1)": requestFields("GET").slice(0, 3),
  "an empty host (8.3.1)": [...requestFields("GET").slice(0, 3), [":authority", ""]],
  "two methods (8.3)": [[":method", "GET"], ...requestFields("POST")],
  "two methods, the safe one last (8.3)": [...requestFields("POST"), [":method", "GET"]],
  "two paths (8.3)": [[":path", "/"], ...requestFields("GET")],
  "a pseudo-field behind a field (8.3)": [["a", "b"], ...requestFields("GET")],
  "a pseudo-field that is not known (8.3)": [[":a", "b"], ...requestFields("GET")],
  "a pseudo-field of responses (8.3)": [[":status", "200"], ...requestFields("GET")],
  "another protocol (RFC 8441)": [[":protocol", "websocket"], ...requestFields("CONNECT")],
  "another protocol, for GET (RFC 8441)": [[":protocol", "websocket"], ...requestFields("GET")],
  "CONNECT (8.5)": [[":method", "CONNECT"], [":authority", "a.test:443"]],
  "another scheme (8.3.1)": requestFields("GET").with(1, [":scheme", "ftp"]),
  "an empty path (8.3.1)": requestFields("GET").with(2, [":path", ""]),
  "a whole URL as path (8.3.1)": requestFields("GET").with(2, [":path", "https://a.test/"]),
  "a path for OPTIONS alone (8.3.1)": requestFields("GET").with(2, [":path", "*"]),
  "a path that names a method": requestFields("GET").with(2, [":path", "/?_method=DELETE"]),
  "a user's name before the host (8.3.1)": requestFields("GET").with(3, [":authority", "u@a.test"]),
  "another host (8.3.1)": requestFields("GET", ["host", "b.test"]),
  "two hosts (8.3.1)": requestFields("GET", ["host", "a.test"], ["host", "a.test"]),
  "capital letters (8.2)": requestFields("GET", ["Accept", "*/*"]),
  "a name of nothing (8.2.1)": requestFields("GET", ["", "a"]),
  "a name with a space (8.2.1)": requestFields("GET", ["a b", "c"]),
  "a name with a colon (8.2.1)": requestFields("GET", ["a:b", "c"]),
  "a value with NUL (8.2.1)": requestFields("GET", ["a", "b\0"]),
  "a value with CR and LF (8.2.1)": requestFields("GET", ["a", "b\r\nc: d"]),
  "a value that begins with a space (8.2.1)": requestFields("GET", ["a", " b"]),
  "a value that ends with a tab (8.2.1)": requestFields("GET", ["a", "b\t"]),
  "connection (8.2.2)": requestFields("GET", ["connection", "close"]),
  "keep-alive (8.2.2)": requestFields("GET", ["keep-alive", "300"]),
  "proxy-connection (8.2.2)": requestFields("GET", ["proxy-connection", "close"]),
  "transfer-encoding (8.2.2)": requestFields("GET", ["transfer-encoding", "chunked"]),
  "upgrade (8.2.2)": requestFields("GET", ["upgrade", "websocket"]),
  "te that is not trailers (8.2.2)": requestFields("GET", ["te", "gzip"]),
  "a body's length (8.1.1)": requestFields("GET", ["content-length", "5"]),
  "two lengths (8.1.1)": requestFields("GET", ["content-length", "0"], ["content-length", "0"]),
  "trailer": requestFields("GET", ["trailer", "digest"]),
  "expect (RFC 9110, 10.1.1)": requestFields("GET", ["expect", "100-continue"]),
  "x-http-method-override": requestFields("GET", ["x-http-method-override", "DELETE"]),
  "x-method-override": requestFields("GET", ["x-method-override", "PUT"]),
  "x_http_method": requestFields("GET", ["x_http_method", "PATCH"]),
};

for (const [name, fields] of Object.entries(unsafe)) {
  test(`RFC 9113: a request with ${name} does not ride`, () => {
    assertStops(headers(fields, 3), name);
  });
}

test("RFC 9113, 8.3.1: what requests may look like", () => {
  const fields: Record<string, readonly Field[]> = {
    "for http over TLS (RFC 8164)": requestFields("GET").with(1, [":scheme", "http"]),
    "host for :authority": [...requestFields("GET").slice(0, 3), ["host", "a.test:8443"]],
    "host beside :authority": requestFields("GET", ["host", "a.test"]),
    "cookies apart (8.2.3)": requestFields("GET", ["cookie", "a=b"], ["cookie", "c=d"]),
    "in another order": requestFields("GET", ["te", "trailers"], ["content-length", "0"]).with(0, [
      ":path",
      "/a?b",
    ]).with(2, [":method", "HEAD"]),
    "of all of a server": requestFields("OPTIONS").with(2, [":path", "*"]),
  };
  for (const [name, each] of Object.entries(fields)) {
    const whole = flight(headers(each));
    assert.equal(safe.http2.mayRide(whole), whole.length, name);
  }
});

/** A response's HEADERS. */
function response(status: string, stream = 1, flags = 0x04): Buffer {
  return headers([[":status", status], ["server", "x"]], stream, flags);
}

/** The verdict about each beginning of an answer: for how long there is none, and what it is then. */
function verdict(...frames: readonly Uint8Array[]): [undecided: number, boolean | undefined] {
  const all = Buffer.concat(frames);
  const verdicts = Array.from(
    { length: all.length + 1 },
    (_, length) => safe.http2.asksAgain(all.subarray(0, length)),
  );
  const decided = verdicts.findIndex((each) => each !== undefined);
  if (decided < 0) return [all.length, undefined];
  assert.equal(new Set(verdicts.slice(decided)).size, 1);
  return [decided, verdicts[decided]];
}

const ack = frame(4, 1, 0, Buffer.alloc(0));
const data = frame(0, 1, 1, bytes("body"));

test("RFC 8470, 5.2: in HTTP/2, too, a first response of 425 asks again, and no other does", () => {
  const length = (...frames: readonly Uint8Array[]) => Buffer.concat(frames).length;
  const begun = [settings([3, 100]), ack, windowUpdate(0, 9), frame(6, 0, 0, Buffer.alloc(8))];
  const unknown = frame(0x10, 0xff, 0x8000_0000, bytes("what?"));
  const before = [...begun, unknown, frame(2, 0, 3, priority(0))];
  assert.deepEqual(verdict(...before), [length(...before), undefined]);
  for (const flags of [0x04, 0x05]) {
    const early = [...before, response("425", 1, flags)];
    assert.deepEqual(verdict(...early, data), [length(...early), true]);
    for (const status of ["200", "404", "421", "503", "4250", "42", ""]) {
      const other = [...before, response(status, 3, flags)];
      assert.deepEqual(verdict(...other, response("425")), [length(...other), false], status);
    }
  }
});

test("RFC 9110, 15.2: in HTTP/2, too, hints come before the status", () => {
  const hints = [settings(), response("103"), response("100", 3)];
  const { length } = Buffer.concat(hints);
  assert.deepEqual(verdict(...hints), [length, undefined]);
  assert.equal(verdict(...hints, response("425"))[1], true);
  assert.equal(verdict(...hints, response("200"))[1], false);
  assert.equal(verdict(settings(), response("103", 1, 0x05))[1], false); // A hint ends nothing.
});

test("RFC 9113, 8.4: what is pushed is no response, but is in the same table", () => {
  const writer = new HpackWriter();
  const kept = () => ({ kind: "kept", isNameIndexed: true, isHuffman: true } as const);
  const promise = Buffer.concat([
    Buffer.from([0, 0, 0, 2]),
    writer.write([...requestFields("GET"), ["x-status", "425"]], kept),
  ]);
  const pushed = frame(1, 0x04, 2, writer.write([[":status", "425"]], kept));
  const answer = (status: string) => frame(1, 0x04, 1, writer.write([[":status", status]]));
  const before = [settings(), frame(5, 0x04, 1, promise), pushed, frame(0, 1, 2, bytes("pushed"))];
  assert.equal(verdict(...before)[1], undefined);
  assert.equal(verdict(...before, answer("200"))[1], false);
  assert.equal(verdict(...before, answer("425"))[1], true); // By its index in the table.
});

test("RFC 9113: what ends a stream, or is no answer, does not ask again", () => {
  const answers: Record<string, readonly Uint8Array[]> = {
    "GOAWAY": [settings(), frame(7, 0, 0, Buffer.alloc(8))],
    "RST_STREAM": [settings(), frame(3, 0, 1, Buffer.alloc(4))],
    "no SETTINGS": [response("425")],
    "SETTINGS of a stream": [frame(4, 0, 1, Buffer.alloc(0)), response("425")],
    "an answer of HTTP/1.1": [bytes("HTTP/1.1 425 Too Early\r\n\r\n")],
    "an alert, or noise": [bytes("\x15\x03\x03\x00\x02\x02\x28\x00\x00\x00")],
    "DATA first": [settings(), data],
    "CONTINUATION first": [settings(), frame(9, 4, 1, BLOCK)],
    "a block that is interrupted": [settings(), frame(1, 0, 1, bytes("\x88")), ack],
    "no status": [settings(), headers([["server", "x"]])],
    "no status first": [settings(), headers([["server", "x"], [":status", "425"]])],
    "nothing": [settings(), frame(1, 4, 1, Buffer.alloc(0))],
    "no HPACK": [settings(), frame(1, 4, 1, bytes("\x80"))],
    "a promise of no stream": [settings(), frame(5, 4, 1, Buffer.alloc(3)), response("425")],
    "bad padding": [settings(), frame(1, 0x0c, 1, bytes("\x05\x88"))],
  };
  for (const [name, frames] of Object.entries(answers)) {
    assert.equal(verdict(...frames)[1], false, name);
  }
});

test("RFC 9113, 6.10: a response's block may go on", () => {
  const block = new HpackWriter().write([[":status", "425"], ["server", "x"]]);
  const parts = [frame(1, 0, 1, block.subarray(0, 1)), frame(9, 4, 1, block.subarray(1))];
  const { length } = Buffer.concat([settings(), ...parts]);
  assert.deepEqual(verdict(settings(), ...parts), [length, true]);
});

test("RFC 7541, 4.2: a server may use a larger table, if its client has allowed one", () => {
  const block = Buffer.concat([
    integer(0x20, 5, 65_536),
    new HpackWriter().write([[":status", "425"]]),
  ]);
  assert.equal(safe.http2.asksAgain(Buffer.concat([settings(), frame(1, 4, 1, block)])), true);
});

test("an answer that never comes to the point is not read for ever", () => {
  const idle = Buffer.concat([settings(), ...Array.from({ length: 2000 }, () => ack)]);
  assert.equal(safe.http2.asksAgain(idle.subarray(0, 16_383)), undefined);
  assert.equal(safe.http2.asksAgain(idle), false);
  assert.equal(
    safe.http2.asksAgain(Buffer.concat([settings(), frame(0x10, 0, 0, Buffer.alloc(70_000))])),
    false,
  );
});

test("safe.http picks the version by the first bytes", () => {
  const [one, two] = [http1("GET / HTTP/1.1", "Host: a.test"), flight(GET)];
  assert.equal(safe.http.mayRide(one), one.length);
  assert.equal(safe.http.mayRide(two), two.length);
  assert.equal(safe.http.mayRide(http1("POST / HTTP/1.1", "Host: a.test")), 0);
  assert.equal(safe.http.mayRide(flight(headers(requestFields("POST")))), 0);
  assert.equal(safe.http.mayRide(Buffer.alloc(0)), 0);
  assert.equal(safe.http.asksAgain(bytes("HTTP/1.1 425 Too Early\r\n")), true);
  assert.equal(safe.http.asksAgain(bytes("HTTP/1.1 200 OK\r\n")), false);
  assert.equal(safe.http.asksAgain(bytes("H")), undefined);
  assert.equal(safe.http.asksAgain(Buffer.concat([settings(), response("425")])), true);
  assert.equal(safe.http.asksAgain(Buffer.concat([settings(), response("200")])), false);
  assert.equal(safe.http.asksAgain(Buffer.alloc(0)), undefined);
});

test("nobody can loosen the rules", () => {
  assert.ok([safe, ...Object.values(safe)].every((each) => Object.isFrozen(each)));
});
