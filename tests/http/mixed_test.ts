/**
 * Requests that may ride and requests that may not, one after another, cut anywhere: exactly what may ride
 * does, and never a byte of the others.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { Field } from "../../http/field.ts";
import { safe } from "../../http/safe.ts";
import { mulberry32 } from "../netlab/middlebox.ts";
import { bytes, frame, http1, preface, requestFields, settings, windowUpdate } from "./flights.ts";
import { type Choice, HpackWriter } from "./hpack_writer.ts";

const SEQUENCES = 5000; // of each version

const random = mulberry32(8470);

function below(most: number): number {
  return Math.floor(most * random());
}

function pick<T>(...choices: readonly [T, ...T[]]): T {
  return choices[below(choices.length)] ?? choices[0];
}

/** A part of a first flight, and whether it may ride if all before it does. */
interface Part {
  readonly bytes: Uint8Array;
  readonly mayRide: boolean;
}

const UNSAFE_METHODS = ["POST", "PUT", "PATCH", "DELETE", "CONNECT"] as const;
const OVERRIDES = [
  "X-HTTP-Method-Override",
  "X-Method-Override",
  "X-HTTP-Method",
  "x_http_method_override",
] as const;

function pathOf(): string {
  return pick("/", "/a", "/a?b=c", `/${"d".repeat(below(200))}`);
}

function http1Request(isSafe: boolean): Buffer {
  const lines = ["Host: a.test", `User-Agent: ${"x".repeat(below(50))}`, "Accept: */*"];
  const safeLine = `${pick("GET", "HEAD", "OPTIONS")} ${pathOf()} HTTP/1.1`;
  if (isSafe) return http1(safeLine, ...lines.slice(0, 1 + below(3)));
  const body = pick("", "x", "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  const head = pick(
    http1(
      `${pick(...UNSAFE_METHODS)} ${pathOf()} HTTP/1.1`,
      ...lines,
      `Content-Length: ${body.length}`,
    ),
    http1(safeLine, ...lines, `Content-Length: ${1 + body.length}`),
    http1(safeLine, pick("Transfer-Encoding: chunked", "Transfer_Encoding: chunked"), ...lines),
    http1(
      safeLine,
      ...lines,
      pick("Upgrade: websocket", "Expect: 100-continue", "Connection: upgrade"),
    ),
    http1(safeLine, ...lines, `${pick(...OVERRIDES)}: ${pick(...UNSAFE_METHODS)}`),
    http1(`GET /?_method=${pick(...UNSAFE_METHODS)} HTTP/1.1`, ...lines),
  );
  return Buffer.concat([head, bytes(body)]);
}

/** Alters a byte of a request, of which it is not known any more whether it may ride. */
function altered(request: Buffer): Buffer {
  const copy = Buffer.from(request);
  copy[below(copy.length)] = below(256);
  return copy;
}

test(`${SEQUENCES} sequences of HTTP/1.1: one whole safe request rides, and nothing else`, () => {
  let rode = 0;
  for (let sequence = 0; sequence < SEQUENCES; sequence++) {
    const isSafe = random() < 0.5;
    const first = http1Request(isSafe);
    const rest = Array.from({ length: below(3) }, () => http1Request(random() < 0.5));
    const all = Buffer.concat([first, ...rest]);
    const length = pick(first.length, all.length, below(all.length + 1));
    const expected = isSafe && length === first.length ? length : 0;
    const cut = all.subarray(0, length);
    assert.equal(safe.http1.mayRide(cut), expected, cut.toString("latin1"));
    assert.equal(safe.http.mayRide(cut), expected);
    rode += Math.min(expected, 1);
    const strange = altered(all); // All of it or nothing, whatever it is now.
    assert.ok([0, strange.length].includes(safe.http1.mayRide(strange)));
  }
  assert.ok(rode > SEQUENCES / 10, `only ${rode} rode`);
});

/** The frames of HEADERS, and of CONTINUATION where the block is cut. */
function headerFrames(stream: number, block: Uint8Array, endStream: 0 | 1): Buffer {
  if (random() < 0.8) return frame(1, 4 | endStream, stream, block);
  const at = below(block.length);
  return Buffer.concat([
    frame(1, endStream, stream, block.subarray(0, at)),
    frame(9, 4, stream, block.subarray(at)),
  ]);
}

function choose(): Choice {
  return {
    kind: pick("indexed", "kept", "not kept", "never kept"),
    isNameIndexed: random() < 0.8,
    isHuffman: random() < 0.5,
  };
}

function http2Request(isSafe: boolean, stream: number, writer: HpackWriter): Part[] {
  const ua: Field[] = [["user-agent", "x".repeat(below(30))], ["accept", "*/*"]];
  const write = (fields: readonly Field[], endStream: 0 | 1 = 1, mayRide = false): Part => ({
    bytes: headerFrames(stream, writer.write(fields, choose), endStream),
    mayRide,
  });
  const method = pick("GET", "HEAD", "OPTIONS");
  const fields = requestFields(method, ...ua.slice(below(3))).with(2, [":path", pathOf()]);
  if (isSafe) return [write(fields, 1, true)];
  const data = { bytes: frame(0, 1, stream, bytes(pick("", "body"))), mayRide: false };
  switch (below(6)) {
    case 0:
      return [write(requestFields(pick(...UNSAFE_METHODS)))];
    case 1:
      return [write(requestFields(pick(...UNSAFE_METHODS)), 0), data];
    case 2:
      return [write(fields, 0), data];
    case 3:
      return [write([...fields, [pick(...OVERRIDES).toLowerCase(), pick(...UNSAFE_METHODS)]])];
    case 4:
      return [write([...fields, ["content-length", "4"]], 0), data];
    default:
      return [write([[":protocol", "websocket"], ...requestFields("CONNECT")], 0), data];
  }
}

test(`${SEQUENCES} sequences of HTTP/2: what rides ends before the first unsafe frame`, () => {
  let rode = 0;
  for (let sequence = 0; sequence < SEQUENCES; sequence++) {
    const writer = new HpackWriter();
    const parts: Part[] = [{ bytes: Buffer.concat([preface, settings([3, 100])]), mayRide: true }];
    const requests = new Set<Part>();
    for (let stream = 1; stream < 2 * (1 + below(5)); stream += 2) {
      if (random() < 0.3) parts.push({ bytes: windowUpdate(0, 1 + below(1e6)), mayRide: true });
      const [request, ...more] = http2Request(random() < 0.7, stream, writer);
      requests.add(request!);
      parts.push(request!, ...more);
    }
    const all = Buffer.concat(parts.map((each) => each.bytes));
    const length = pick(all.length, below(all.length + 1));
    let expected = 0, before = 0, hasRequest = false;
    for (const part of parts) {
      before += part.bytes.length;
      if (!part.mayRide || before > length) break;
      hasRequest ||= requests.has(part);
      if (hasRequest) expected = before;
    }
    const cut = all.subarray(0, length);
    assert.equal(safe.http2.mayRide(cut), expected, cut.toString("hex"));
    assert.equal(safe.http.mayRide(cut), expected);
    rode += Math.min(expected, 1);
    const strange = altered(all);
    assert.ok(safe.http2.mayRide(strange) <= strange.length);
  }
  assert.ok(rode > SEQUENCES / 4, `only ${rode} rode`);
});

test("noise does not ride, and no answer of noise asks again or throws", () => {
  const settingsFirst = Buffer.concat([settings(), settings()]);
  for (let times = 0; times < 3000; times++) {
    const noise = Buffer.from(
      Array.from({ length: below(60) }, () => pick(0, 1, 4, 9, below(256))),
    );
    for (const rule of [safe.http1, safe.http2, safe.http]) {
      assert.equal(rule.mayRide(noise), 0);
      assert.notEqual(rule.asksAgain(noise), true);
      rule.asksAgain(Buffer.concat([settingsFirst, noise]));
      rule.mayRide(Buffer.concat([preface, settings(), noise]));
    }
  }
});
