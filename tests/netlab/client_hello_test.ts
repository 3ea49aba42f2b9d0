import assert from "node:assert/strict";
import { test } from "node:test";
import { readHello, recordLength } from "./client_hello.ts";
import { makeHello, REAL_HELLO, realFlight } from "./fixtures/client_hellos.ts";

test("a real client's hello is read as the client meant it", () => {
  assert.equal(recordLength(realFlight), REAL_HELLO);
  const hello = readHello(realFlight);
  assert.ok(hello?.whole);
  assert.equal(hello.sessionId, 32);
  assert.deepEqual(hello.extensions, [0, 11, 10, 35, 22, 23, 13, 43, 45, 51, 42, 41]);
});

test("a part of a hello tells nothing that the whole takes back", () => {
  const whole = readHello(realFlight)!;
  let known = 0;
  for (let length = 0; length <= realFlight.length; length++) {
    const part = readHello(realFlight.subarray(0, length));
    assert.ok(part);
    assert.equal(part.length, length < 5 ? undefined : REAL_HELLO);
    assert.equal(part.sessionId, length <= 43 ? undefined : 32);
    assert.deepEqual(part.extensions, whole.extensions.slice(0, part.extensions.length));
    assert.ok(part.extensions.length >= known);
    assert.equal(part.whole, length >= REAL_HELLO);
    known = part.extensions.length;
  }
  assert.equal(known, whole.extensions.length);
});

test("what is no hello is told by its first bytes", () => {
  assert.equal(readHello(new TextEncoder().encode("GET / HTTP/1.1\r\n")), undefined);
  const serverHello = makeHello();
  serverHello[5] = 2;
  assert.equal(readHello(serverHello), undefined);
});

test("hellos made by hand are what they say", () => {
  for (const length of [undefined, 200, 1448, 2000]) {
    const made = makeHello({ sessionId: 0, extensions: [42, 41], ...length && { length } });
    const hello = readHello(made)!;
    assert.equal(hello.length, made.length);
    assert.equal(made.length, length ?? made.length);
    assert.equal(hello.sessionId, 0);
    assert.deepEqual(hello.extensions, length ? [21, 42, 41] : [42, 41]);
  }
});
