/** What of HTTP/1.1 may ride as early data, and which answers ask for a request again. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "../../http/safe.ts";
import { bytes, http1 } from "./flights.ts";

const HOST = "Host: a.test";

function rides(...[requestLine, ...lines]: readonly [string, ...string[]]): boolean {
  const request = http1(requestLine, ...lines);
  const count = safe.http1.mayRide(request);
  assert.ok(count === 0 || count === request.length, `${count} of ${request.length}`);
  return count > 0;
}

test("RFC 9110, 9.2.1: the methods that are safe ride, and no other", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "TRACE"]) {
    assert.ok(rides(`${method} / HTTP/1.1`, HOST), method);
    assert.ok(rides(`${method} /a/b?c=d&e=f HTTP/1.0`), method);
  }
  const others = [
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "CONNECT",
    "PROPFIND",
    "QUERY",
    "PURGE",
    "get",
    "Get",
  ];
  for (const method of [...others, "GETS", "GE", ""]) {
    assert.ok(!rides(`${method} / HTTP/1.1`, HOST), method);
    assert.ok(!rides(`${method} / HTTP/1.1`, HOST, "Content-Length: 0"), method);
  }
});

test("RFC 9112, 2.1: a head that is not whole does not ride, and nothing rides with more after it", () => {
  const request = http1("GET / HTTP/1.1", HOST, "Accept: */*");
  for (let length = 0; length < request.length; length++) {
    assert.equal(safe.http1.mayRide(request.subarray(0, length)), 0, `${length}`);
  }
  for (const more of ["\r\n", "\n", "x", "\0", request.toString(), "POST / HTTP/1.1\r\n\r\n"]) {
    assert.equal(safe.http1.mayRide(bytes(request.toString() + more)), 0, more);
  }
  assert.equal(safe.http1.mayRide(bytes(`\r\n${request}`)), 0);
  assert.equal(safe.http1.mayRide(bytes("\r\n\r\n")), 0);
});

test("RFC 9112, 3: a request line has one form", () => {
  for (
    const line of [
      "GET  / HTTP/1.1",
      "GET /  HTTP/1.1",
      " GET / HTTP/1.1",
      "GET / HTTP/1.1 ",
      "GET\t/ HTTP/1.1",
      "GET / HTTP/1.2",
      "GET / HTTP/2.0",
      "GET / http/1.1",
      "GET / RTSP/1.0",
      "GET /",
      "GET / HTTP/1.1\r",
      "GET /a b HTTP/1.1",
      "GET /\0 HTTP/1.1",
      "GET /\x7f HTTP/1.1",
      "GET /é HTTP/1.1",
      "PRI * HTTP/2.0",
    ]
  ) assert.ok(!rides(line, HOST), JSON.stringify(line));
});

test("RFC 9112, 3.2: a target is a path, or all of a server for OPTIONS; the others are for proxies", () => {
  assert.ok(rides("OPTIONS * HTTP/1.1", HOST));
  assert.ok(rides("GET //a/%20/?b[c]={d}|e HTTP/1.1", HOST));
  for (const target of ["*", "http://a.test/", "a.test:443", "a", "?b", "/a#b", "*/"]) {
    assert.ok(!rides(`GET ${target} HTTP/1.1`, HOST), target);
  }
  assert.ok(!rides("OPTIONS ** HTTP/1.1", HOST));
});

test("RFC 9112, 3.2: there is one host", () => {
  assert.ok(rides("GET / HTTP/1.1", "host:[::1]:8443\t"));
  assert.ok(rides("GET / HTTP/1.1", "Host:"));
  assert.ok(!rides("GET / HTTP/1.1"));
  assert.ok(!rides("GET / HTTP/1.1", HOST, HOST));
  assert.ok(!rides("GET / HTTP/1.0", HOST, "HOST: b.test"));
  for (const host of ["a.test, b.test", "a b", "u@a.test", "a/b", "a?b", "a\\b"]) {
    assert.ok(!rides("GET / HTTP/1.1", `Host: ${host}`), host);
  }
});

test("RFC 9112, 5: fields have one form", () => {
  const fine = ["A:", "a: b", "x-y_z!:  b c\td  ", 'Cookie: a=b; c="d"', "X: é\xff", "A: :"];
  for (const line of fine) assert.ok(rides("GET / HTTP/1.1", HOST, line), JSON.stringify(line));
  for (
    const line of [
      "A : b",
      " A: b",
      "\tfolded",
      " folded: line",
      ": b",
      "no colon",
      "A\0: b",
      "Ä: b",
      "A(: b",
      "A: b\0c",
      "A: b\nc",
      "A: b\nContent-Length: 5",
      "A: b\rc",
      "A: b\r",
      "A: b\x7f",
      "A: b\x0b",
    ]
  ) assert.ok(!rides("GET / HTTP/1.1", HOST, line), JSON.stringify(line));
  // Lines that end in a bare LF.
  assert.equal(safe.http1.mayRide(bytes("GET / HTTP/1.1\nHost: a.test\n\n")), 0);
  assert.equal(safe.http1.mayRide(bytes("GET / HTTP/1.1\nHost: a.test\r\n\r\n")), 0);
  assert.equal(safe.http1.mayRide(bytes("GET / HTTP/1.1\r\nHost: a.test\n\r\n")), 0);
});

test("RFC 9112, 6: what announces a body, in one way or another, does not ride", () => {
  assert.ok(rides("GET / HTTP/1.1", HOST, "Content-Length: 0"));
  for (
    const lines of [
      ["Content-Length: 5"],
      ["content-length: 1"],
      ["Content-Length:"],
      ["Content-Length: -0"],
      ["Content-Length: +0"],
      ["Content-Length: 00"],
      ["Content-Length: 0x5"],
      ["Content-Length: 0, 0"],
      ["Content-Length: 0", "Content-Length: 0"],
      ["Content-Length: 0", "Content-Length: 5"],
      ["Content-Length: 0\xa0"],
      ["Content_Length: 5"],
      ["Content-Length: 0", "Content_Length: 5"],
      ["Transfer-Encoding: chunked"],
      ["Transfer-Encoding: identity"],
      ["Transfer-Encoding:"],
      ["transfer_encoding: chunked"],
      ["Transfer.Encoding: chunked"],
      ["Content-Length: 0", "Transfer-Encoding: chunked"],
      ["Trailer: Digest"],
    ]
  ) {
    assert.ok(!rides("GET / HTTP/1.1", HOST, ...lines), String(lines));
    assert.ok(!rides("GET / HTTP/1.0", HOST, ...lines), String(lines));
  }
});

test("RFC 9110, 7.6, 7.8, 10.1.1: what waits, or asks for another protocol, does not ride", () => {
  const fine = [
    "Connection: close",
    "connection: Keep-Alive",
    "Connection: keep-alive, TE",
    "TE: trailers",
  ];
  const more = ["Keep-Alive: 300", "Proxy-Connection: keep-alive", "Upgrade-Insecure-Requests: 1"];
  for (const line of [...fine, ...more]) assert.ok(rides("GET / HTTP/1.1", HOST, line), line);
  const wrong = [
    "Expect: 100-continue",
    "Expect:",
    "Upgrade: websocket",
    "Upgrade: h2c",
    "upgrade: TLS/1.2",
    "Connection: upgrade",
    "Connection: keep-alive, Upgrade",
    "Connection: content-length",
    "Connection: host",
    "Connection:",
    "HTTP2-Settings: AAMAAABk",
  ];
  for (const line of wrong) assert.ok(!rides("GET / HTTP/1.1", HOST, line), line);
});

test("RFC 8470, 4: a GET that says it is something else does not ride", () => {
  for (
    const name of [
      "X-HTTP-Method-Override",
      "x-http-method-override",
      "X-Method-Override",
      "X-HTTP-Method",
      "X_HTTP_Method_Override",
      "X.HTTP.Method",
      "HTTP-Method-Override",
      "_method",
      "Method",
      "X-Forwarded-Method",
      "X-Original-Method",
    ]
  ) {
    assert.ok(!rides("GET / HTTP/1.1", HOST, `${name}: DELETE`), name);
    assert.ok(!rides("GET / HTTP/1.1", HOST, `${name}:`), name);
  }
  for (
    const target of [
      "/?_method=DELETE",
      "/?a=b&_method=PUT",
      "/?a=b;_METHOD=PUT",
      "/a;_method=PUT",
      "/?%5fm%65thod=PUT",
      "/?%24httpMethod=PATCH",
      "/?X-HTTP-Method-Override=PUT",
      "/?_method",
      "/?a[_method]=PUT",
    ]
  ) assert.ok(!rides(`GET ${target} HTTP/1.1`, HOST), target);
  for (const target of ["/methods/_method", "/?a=method", "/?q=_method%3DPUT", "/?%", "/?%zz%6"]) {
    assert.ok(rides(`GET ${target} HTTP/1.1`, HOST), target);
  }
});

test("large heads ride up to 64 KiB, and what is larger costs no time", () => {
  const pad = (length: number) => http1("GET / HTTP/1.1", HOST, `A: ${"b".repeat(length)}`);
  assert.ok(safe.http1.mayRide(pad(60_000)) > 0);
  assert.equal(safe.http1.mayRide(pad(65_536)), 0);
  // None of these takes more than its length to read.
  const hard = [
    " ".repeat(60_000),
    "\t \t".repeat(20_000),
    "a: ".repeat(20_000),
    ";".repeat(60_000),
  ];
  for (const text of hard) {
    safe.http1.mayRide(http1(`GET /?${text.trim()} HTTP/1.1`, `A: ${text}`, text));
  }
  assert.ok(rides(`GET /?${";m".repeat(30_000)} HTTP/1.1`, HOST));
});

/** The verdict about each beginning of an answer, as `undefined` for how long, and what then. */
function verdict(answer: string): [undecided: number, boolean | undefined] {
  const all = bytes(answer);
  const verdicts = Array.from(
    { length: all.length + 1 },
    (_, length) => safe.http1.asksAgain(all.subarray(0, length)),
  );
  const decided = verdicts.findIndex((each) => each !== undefined);
  if (decided < 0) return [all.length, undefined];
  assert.deepEqual(new Set(verdicts.slice(decided)).size, 1, `${answer}: ${verdicts}`);
  return [decided, verdicts[decided]];
}

test("RFC 8470, 5.2: 425 asks for the request again, as soon as its status is read", () => {
  for (const end of [" Too Early\r\n\r\n", " \r\n", "\r\n", "\n"]) {
    assert.deepEqual(verdict(`HTTP/1.1 425${end}`), [13, true]);
    assert.deepEqual(verdict(`HTTP/1.0 425${end}`), [13, true]);
  }
});

test("RFC 9112, 4: any other status does not, from the first byte that can't be one of 425", () => {
  assert.deepEqual(verdict("HTTP/1.1 200 OK\r\n\r\n"), [10, false]);
  assert.deepEqual(verdict("HTTP/1.1 404 Not Found\r\n\r\n"), [11, false]);
  assert.deepEqual(verdict("HTTP/1.1 421 Misdirected Request\r\n\r\n"), [12, false]);
  assert.deepEqual(verdict("HTTP/1.1 4250 \r\n"), [13, false]);
  assert.deepEqual(verdict("HTTP/2.0 425 Too Early\r\n"), [6, false]);
  assert.deepEqual(verdict("HTTP/1.11 425 Too Early\r\n"), [9, false]);
  assert.deepEqual(verdict("http/1.1 425 Too Early\r\n"), [1, false]);
  assert.deepEqual(verdict("\r\nHTTP/1.1 425 Too Early\r\n"), [1, false]);
  assert.deepEqual(verdict("ICY 425 Too Early\r\n"), [1, false]);
  assert.deepEqual(verdict("HTTP/1.1  425\r\n"), [10, false]);
  assert.deepEqual(verdict(""), [0, undefined]);
});

test("RFC 9110, 15.2: hints come before the status; another protocol ends the search", () => {
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
  const wait = "HTTP/1.1 100 Continue\r\n\r\n";
  assert.deepEqual(verdict(hints), [hints.length, undefined]);
  const before = hints.length + wait.length;
  assert.deepEqual(verdict(`${hints}${wait}HTTP/1.1 425 Too Early\r\n\r\n`), [before + 13, true]);
  assert.deepEqual(verdict(`${hints}${wait}HTTP/1.1 200 OK\r\n\r\n`), [before + 10, false]);
  assert.deepEqual(verdict("HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 425 "), [13, false]);
  assert.deepEqual(verdict("HTTP/1.1 100 Continue\n\nHTTP/1.1 425 Too Early\n"), [22, false]);
});

test("an answer of hints alone is not read for ever", () => {
  const hints = bytes("HTTP/1.1 102 Processing\r\n\r\n".repeat(700));
  assert.equal(safe.http1.asksAgain(hints.subarray(0, 16_383)), undefined);
  assert.equal(safe.http1.asksAgain(hints.subarray(0, 16_384)), false);
  assert.equal(safe.http1.asksAgain(hints), false);
  const endless = bytes(`HTTP/1.1 103 Early Hints\r\nA: ${"b".repeat(70_000)}`);
  assert.equal(safe.http1.asksAgain(endless), false);
});
