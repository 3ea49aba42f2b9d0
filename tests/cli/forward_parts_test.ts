/** What `firstflight forward` reads: places, lists, requests, files. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { AllowList } from "../../cli/forward/allow_list.ts";
import { readConnectRequest, Refusal } from "../../cli/forward/connect_request.ts";
import { helloBytesIn } from "../../cli/forward/hello_bytes.ts";
import { readJson } from "../../cli/forward/json.ts";
import { formatPlace, isOfThisMachine, readPlace } from "../../cli/forward/place.ts";
import { readTargetsFile } from "../../cli/forward/targets_file.ts";
import { forwardCommand } from "../../cli/forward.ts";
import { UsageError } from "../../cli/usage.ts";
import { certificates } from "../peers/certificates.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { requirePeer } from "../peers/peer.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("places to listen at", () => {
  const places: [text: string, place: string, isOfThisMachine: boolean][] = [
    ["8080", "127.0.0.1:8080", true],
    [":0", "127.0.0.1:0", true],
    ["localhost:80", "localhost:80", true],
    ["127.9.9.9:80", "127.9.9.9:80", true],
    ["[::1]:80", "[::1]:80", true],
    ["[0:0:0:0:0:0:0:1]:80", "[0:0:0:0:0:0:0:1]:80", true],
    ["unix:/run/api.sock", "unix:/run/api.sock", true],
    ["unix:api.sock", "unix:api.sock", true],
    ["0.0.0.0:80", "0.0.0.0:80", false],
    ["[::]:80", "[::]:80", false],
    ["[fe80::1%eth0]:80", "[fe80::1%eth0]:80", false],
    ["192.0.2.1:80", "192.0.2.1:80", false],
  ];
  for (const [text, place, ours] of places) {
    assert.deepEqual([formatPlace(readPlace(text)), isOfThisMachine(readPlace(text))], [
      place,
      ours,
    ]);
  }
  const wrong = [
    "",
    "x",
    "example.com:80",
    "127.0.0.1",
    "127.0.0.1:65536",
    "::1:80",
    "[x]:1",
    "unix:",
  ];
  for (const text of wrong) assert.throws(() => readPlace(text), UsageError, text);
  assert.throws(() => readPlace("/run/api.sock"), /did you mean unix:\/run\/api\.sock\?/);
});

test("targets that a proxy may open", () => {
  const list = new AllowList(["example.com", "*.Example.org:8443", "192.0.2.1", "[::1]:80"]);
  const allows = (hostname: string, port = 443) => list.allows({ hostname, port });
  assert.ok(allows("example.com") && allows("EXAMPLE.com."));
  assert.ok(!allows("example.com", 80) && !allows("www.example.com") && !allows("notexample.com"));
  assert.ok(allows("a.b.example.org", 8443) && !allows("example.org", 8443));
  assert.ok(!allows("badexample.org", 8443) && !allows("a.example.org", 443));
  assert.ok(allows("192.0.2.1") && allows("::1", 80) && !allows("::1"));
  assert.ok(!allows("1.192.0.2.1") && !allows("exa mple.com"));
  assert.throws(() => new AllowList(["*"]), /a proxy to everywhere is an open one/);
  for (const text of ["*.", "a*.com", "*.192.0.2.1", ""]) {
    assert.throws(() => new AllowList([text]), UsageError, text);
  }
});

test("requests for a tunnel", () => {
  const read = (text: string) => readConnectRequest(bytes(text));
  assert.equal(read("CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n"), undefined);
  const { target, rest } = read("CONNECT [::1]:8443 HTTP/1.0\r\nHost: x\r\n\r\n\x16\x03")!;
  assert.deepEqual([target, [...rest]], [{ hostname: "::1", port: 8443 }, [0x16, 3]]);
  assert.equal(read("CONNECT example.com:1 HTTP/1.1\n\n")?.target.port, 1);
  const wrong: [string, number][] = [
    ["CONNECT example.com HTTP/1.1\r\n\r\n", 400],
    ["CONNECT example.com:0 HTTP/1.1\r\n\r\n", 400],
    ["CONNECT https://example.com:443 HTTP/1.1\r\n\r\n", 400],
    ["CONNECT example.com:443\r\n\r\n", 400],
    ["\x16\x03\x01\r\n\r\n", 400],
    ["GET https://example.com/ HTTP/1.1\r\n\r\n", 405],
    [`CONNECT example.com:443 HTTP/1.1\r\nX: ${"x".repeat(17_000)}`, 431],
  ];
  for (const [text, status] of wrong) {
    assert.throws(() => read(text), (error: unknown) => {
      return error instanceof Refusal && error.status === status;
    }, text.slice(0, 60));
  }
});

test("of the first bytes only a ClientHello may ride", () => {
  const hello = (size: number, type = 1) => Uint8Array.of(22, 3, 1, size >> 8, size & 255, type);
  const first = (head: Uint8Array, length: number) => {
    const whole = new Uint8Array(length);
    whole.set(head);
    return helloBytesIn(whole);
  };
  assert.equal(first(hello(300), 305), 305);
  assert.equal(first(hello(300), 400), 305); // What follows may be anything.
  assert.equal(first(hello(300), 100), 100); // The rest is still to come.
  assert.equal(first(hello(300, 2), 305), 0);
  assert.equal(helloBytesIn(bytes("GET / HTTP/1.1\r\n\r\n")), 0);
  assert.equal(helloBytesIn(hello(300).subarray(0, 5)), 0);
});

test("JSON is read as JSON.parse reads it, and knows its lines", () => {
  const plain = ({ value }: ReturnType<typeof readJson>): unknown =>
    value instanceof Map
      ? Object.fromEntries([...value].map(([name, each]) => [name, plain(each)]))
      : Array.isArray(value)
      ? value.map(plain)
      : value;
  const texts = [
    "[]",
    " { } ",
    '{"a":[1,-2.5e3,true,false,null,"\\u00e9\\n\\""],"b":{"c":""}}',
    "[[],[{}]]",
    '"x"',
  ];
  for (const text of texts) assert.deepEqual(plain(readJson(text)), JSON.parse(text), text);
  assert.deepEqual(plain(readJson("\ufeff[1]")), [1]);
  const wrong: [string, RegExp][] = [
    ["", /^line 1: expected a value, got the end of the file$/],
    ["[\n1,\n]", /^line 3: expected a value, got "\]"$/],
    ["[\n1\n2]", /^line 3: expected a comma or \], got "2"$/],
    ["{\"a\": 1,\n'b': 2}", /^line 2: expected a name in double quotes, got "'"$/],
    ['{"a": 1,\n"a": 2}', /^line 2: "a" stands in line 1 already$/],
    ['{"a"\n1}', /^line 2: expected a colon after "a", got "1"$/],
    ['["x\n"]', /^line 1: this string does not end in its line$/],
    ["[\nyes]", /^line 2: yes is no value of JSON$/],
    ["[01]", /^line 1: 01 is no value of JSON$/],
    ['["\\x"]', /^line 1: "\\x" is no value of JSON$/],
    ["[1] 2", /^line 1: expected the end of the file, got "2"$/],
    ["[1", /^line 1: expected a comma or \], got the end of the file$/],
  ];
  for (const [text, message] of wrong) assert.throws(() => readJson(text), { message }, text);
});

test("a file of targets says where it is wrong, and what was meant", {
  skip: requirePeer("openssl"),
}, async () => {
  using folder = temporaryFolder();
  const file = folder.path("targets.json");
  const read = (text: string) => {
    writeFileSync(file, text);
    return readTargetsFile(file);
  };
  const { caPath, client } = certificates();
  const [route, proxy] = await read(`[
    { "listen": "unix:/run/api.sock", "target": "api.example.com", "serverName": "example.com",
      "ca": ["${caPath}"], "cert": "${client.certPath}", "key": "${client.keyPath}",
      "alpn": ["h2", "http/1.1"], "earlyData": "http", "timeout": 5000, "noFastOpen": true },
    { "listen": "127.0.0.1:0", "connect": true, "allow": ["*.example.com"], "plain": false }
  ]`);
  assert.deepEqual(route?.target, { hostname: "api.example.com", port: 443 });
  assert.deepEqual(route?.dial, { fastOpen: false, connectTimeout: 5000 });
  assert.deepEqual(route?.tls?.alpnProtocols, ["h2", "http/1.1"]);
  assert.equal(route?.tls?.serverName, "example.com");
  assert.ok(proxy?.target instanceof AllowList && proxy.tls === undefined);

  const entry = (more: string) => `[\n{"listen": "1", "target": "a"},\n{"listen": "2",\n${more}}]`;
  const wrong: [string, RegExp][] = [
    ["[", /targets\.json, line 1: expected a value, got the end of the file/],
    ["{}", /targets\.json, line 1: expected a list of targets, got an object/],
    ["[]", /the list has no target/],
    ["[1]", /entry 1 \(line 1\): expected an object with "listen" and "target", got 1/],
    ['[{"target": "a"}]', /entry 1 \(line 1\): "listen" is missing/],
    [entry(""), /line 4: expected a name in double quotes, got "}"/],
    [
      entry('"x": 1'),
      /entry 2 \(line 3\): "x" in line 4 is no option of a target; there are listen, /,
    ],
    [
      entry('"tarhet": "a"'),
      /"tarhet" in line 4 is no option of a target; did you mean "target"\?/,
    ],
    [entry('"connect": true'), /entry 2 \(line 3\): "connect" needs "allow"/],
    [entry('"target": 7'), /"target" in line 4 must be a text, got 7/],
    [entry('"target": "a", "plain": "yes"'), /"plain" in line 4 must be true or false, got "yes"/],
    [entry('"target": "https://a/"'), /Expected HOST or HOST:PORT, .*; did you mean a\?/],
    [
      entry('"target": "a", "ca": "no.pem"'),
      /"ca" can't read ".*\/no\.pem": there is no such file/,
    ],
    [entry('"target": "a", "cert": "x"'), /"cert" and "key" go together/],
    [
      entry('"target": "a", "earlyData": "http3"'),
      /"earlyData" must be one of .*, got "http3"; did/,
    ],
    [
      entry('"target": "a", "plain": true, "earlyData": "http"'),
      /"earlyData" and "plain" contradict/,
    ],
    [entry('"target": "a", "timeout": 0'), /"timeout" must be a whole number from 1/],
    [
      '[{"listen": "1", "target": "a"}, {"listen": "127.0.0.1:1", "target": "b"}]',
      /entry 2 \(line 1\): "listen": entry 1 \(line 1\) listens at 127\.0\.0\.1:1, too/,
    ],
  ];
  for (const [text, message] of wrong) await assert.rejects(read(text), { message }, text);
});

test("a command line of forward that makes no sense", async () => {
  const wrong: [string[], RegExp][] = [
    [[], /LISTEN is missing/],
    [["1"], /TARGET is missing/],
    [["1", "a", "b"], /Expected nothing after TARGET, got "b"/],
    [
      ["0.0.0.0:1", "a"],
      /Other machines could connect to 0\.0\.0\.0:1; .*--unsafely-listen-anywhere/,
    ],
    [["--connect", "1"], /--connect needs option --allow/],
    [["--connect", "--allow", "a", "1", "b"], /the client names the target, got "b"/],
    [["--connect", "--allow", "a", "--ca", "x", "1"], /--ca and --connect contradict each other/],
    [["--allow", "a", "1", "b"], /--allow belongs to option --connect/],
    [
      ["--plain", "--early-data", "http", "1", "a"],
      /--early-data and --plain contradict each other/,
    ],
    [["--early-data", "htp1", "1", "a"], /http1, http2, http, got "htp1"; did you mean http1\?/],
    [["--early-data", "http", "--dangerous-early-data", "1", "a"], /contradict each other/],
    [["--targets", "/nowhere", "1"], /With option --targets the file names everything, got "1"/],
    [["--targets", "/nowhere", "--plain"], /--plain belongs into the file that --targets names/],
    [["--targets", "/nowhere"], /--targets can't read "\/nowhere": there is no such file/],
    [["--grace", "x", "1", "a"], /--grace must be a whole number from 0 to 86400, got "x"/],
    [["--max-connections", "0", "1", "a"], /--max-connections must be a whole number from 1/],
  ];
  for (const [args, message] of wrong) {
    await assert.rejects(forwardCommand.run(args), (error: Error) => {
      return error instanceof UsageError && message.test(error.message);
    }, args.join(" "));
  }
});
