import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { getCommand } from "../../cli/get.ts";
import { type OptionValues, UsageError } from "../../cli/usage.ts";
import type { AgentOptions } from "../../adapters/agent.ts";
import { Agents } from "../../cli/get/agents.ts";
import type { GetFacts } from "../../cli/get/facts.ts";
import { follow as followAll } from "../../cli/get/follow.ts";
import { readRequest, type requestOptions } from "../../cli/get/request.ts";
import { listenTls, type TlsConn } from "../../mod.ts";
import { AnsweringServer } from "../fixtures/answering_server.ts";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { bytesOfSize } from "../peers/http_server.ts";
import { type NginxFacts, startNginx } from "../peers/nginx.ts";
import { startOpensslServer } from "../peers/openssl_server.ts";
import { here, requirePeer, run as runPeer } from "../peers/peer.ts";
import { firstflight, type Run, start } from "./firstflight.ts";

const needsOpenssl = requirePeer("openssl");
const needsNginx = needsOpenssl || requirePeer("nginx");
const needsCurl = needsNginx || requirePeer("curl");
const needsLab = needsNginx || netlabSkip();

const encoder = new TextEncoder();

/** A server that answers each path as it is told, and remembers the requests. */
class Scripted extends AnsweringServer {
  readonly requests: string[] = [];
  #answers: Readonly<Record<string, string | Uint8Array>>;

  constructor(answers: Readonly<Record<string, string | Uint8Array>>, more: object = {}) {
    const { server: { cert, key } } = certificates();
    super(listenTls({ hostname: "127.0.0.1", port: 0, cert, key, ...more }));
    this.#answers = answers;
  }

  url(path: string): string {
    return `https://localhost:${this.port}${path}`;
  }

  protected async answer(conn: TlsConn): Promise<void> {
    const request = await receive(conn);
    this.requests.push(request);
    const path = request.split(" ", 2)[1] ?? "";
    const answer = this.#answers[path] ?? ok("nothing is known of this path");
    await conn.write(typeof answer === "string" ? encoder.encode(answer) : answer);
  }
}

/** The head of a request and its body, which has a Content-Length. */
async function receive(conn: TlsConn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
    if (end >= 0 && text.length >= end + 4 + length) return text;
    const count = await conn.read(buffer);
    if (count === null) return text;
    text += String.fromCharCode(...buffer.subarray(0, count));
  }
}

function ok(body: string | Uint8Array, ...fields: string[]): Uint8Array {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const lines = ["HTTP/1.1 200 OK", `Content-Length: ${bytes.length}`, "Connection: close"];
  const head = encoder.encode([...lines, ...fields, "\r\n"].join("\r\n"));
  return Uint8Array.from([...head, ...bytes]);
}

function redirect(status: number, location: string): string {
  return `HTTP/1.1 ${status} Elsewhere\r\nContent-Length: 0\r\nLocation: ${location}\r\n` +
    "Connection: close\r\n\r\n";
}

function get(...args: string[]): Promise<Run> {
  return firstflight(["get", "--ca", certificates().caPath, ...args]);
}

/** What became of a request that was made within this process, which is quicker than a run. */
interface Followed {
  readonly facts: GetFacts | undefined;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The code of the failure. */
  readonly code: unknown;
  readonly message: string;
}

interface FollowedOptions extends OptionValues<typeof requestOptions> {
  readonly agents?: AgentOptions;
}

/** Asks, and follows redirects. */
async function follow(url: string, { agents: more, ...values }: FollowedOptions = {}) {
  const agents = new Agents({ ca: certificates().ca, ...more });
  const chunks: Uint8Array[] = [];
  const write = (chunk: Uint8Array | string) => {
    chunks.push(Buffer.from(chunk));
    return Promise.resolve(true);
  };
  let facts: GetFacts | undefined, failure: { code?: unknown; message?: string } = {};
  try {
    facts = await followAll(await readRequest(new URL(url), values), {
      agents,
      sink: { write, close: () => Promise.resolve() },
      signal: AbortSignal.timeout(20_000),
      redirects: true,
      keepsAlive: false,
      heads: false,
      decodes: values.compressed ?? false,
      fails: false,
      onAnswer: () => Promise.resolve(),
    });
  } catch (error) {
    failure = error as Error;
  } finally {
    agents.destroy();
  }
  const bytes = Buffer.concat(chunks);
  const { code, message = "" } = failure;
  return { facts, bytes, text: bytes.toString(), code, message } satisfies Followed;
}

/** The lines of JSON on stderr. */
function linesOf({ stderr }: Run) {
  return stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("get: what can't be asked for is said, and no password is repeated", async () => {
  const wrong: [string[], RegExp][] = [
    [[], /^URL is missing$/],
    [["http://localhost/"], /begins with https:\/\/, got "http:\/\/localhost\/"/],
    [["http://me:secret@localhost/"], /begins with https:\/\/, got "http:\/\/localhost\/"/],
    [["https://me:secret@:1"], /Expected a URL, got "https:\/\/:1"/],
    [["--header", "secret", "localhost"], /--header must be .*; one without a colon is not/],
    [["--header", "A: secr\net", "localhost"], /--header must be .*; "A" is not/],
    [["--header", "Content-Length: 1", "localhost"], /--header can't be Content-Length/],
    [["--method", "a b", "localhost"], /--method must be the name of a method/],
    [["--method", "connect", "localhost"], /can't be CONNECT/],
    [["--head", "--data", "x", "localhost"], /--head and --data contradict each other/],
    [["--data", "@/nowhere", "localhost"], /--data can't read "\/nowhere": there is no such file/],
    [["--repeat", "0", "localhost"], /--repeat must be a whole number from 1/],
    [["--max-time", "0", "localhost"], /--max-time must be seconds/],
    [["--alpn", "h2", "localhost"], /Unknown option --alpn/],
    [["--groups", "X448,nonsense", "localhost:1"], /--groups/],
  ];
  for (const [args, message] of wrong) {
    await assert.rejects(getCommand.run(args), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secr/);
      return true;
    });
  }
});

test("get: bodies, statuses and heads are those that curl gets", { skip: needsCurl }, async () => {
  await using nginx = await startNginx({
    lines: [
      "location = /moved { return 302 /upload/bytes?a=b; }",
      "location = /gone { return 410 gone; }",
      "gzip on; gzip_types text/plain; gzip_min_length 1;",
    ],
  });
  const content = bytesOfSize(1_500_000);
  nginx.serve("bytes", content);
  const paths: [string, string[], string[]][] = [
    ["/upload/bytes", [], []],
    ["/upload/bytes", ["--compressed"], ["--compressed"]],
    ["/moved", [], []],
    ["/moved", ["--location"], ["--location"]],
    ["/gone", [], []],
    ["/upload/bytes?query#fragment", ["--header", "Range: bytes=7-99"], ["--range", "7-99"]],
  ];
  for (const [path, ours, theirs] of paths) {
    using folder = temporaryFolder();
    const url = `https://localhost:${nginx.port}${path}`;
    const [own, other] = [folder.path("own"), folder.path("other")];
    const [run, curl] = await Promise.all([
      get("--json", "--output", own, ...ours, url),
      runPeer(here, "curl", [
        ...["--silent", "--cacert", certificates().caPath, "--http1.1", "--output", other],
        ...["--write-out", "%{http_code}", ...theirs, url],
      ]),
    ]);
    assert.equal(run.code, 0, run.stderr);
    const body = existsSync(other) ? readFileSync(other) : new Uint8Array(); // curl makes no empty one.
    assert.equal(digest(readFileSync(own)), digest(body), path);
    assert.equal(String(linesOf(run).at(-1).status), curl.output);
  }
  const args = ["--include", `https://localhost:${nginx.port}/gone`];
  const [own, curl] = await Promise.all([
    get("--quiet", ...args),
    runPeer(here, "curl", ["--silent", "--http1.1", "--cacert", certificates().caPath, ...args]),
  ]);
  assert.equal(own.stderr, "");
  const withoutDate = (text: string) => text.replace(/^Date: .*$/m, "");
  assert.equal(withoutDate(own.stdout), withoutDate(curl.output));
});

test("get: the second run has its request in the first flight, and so has each later one", {
  skip: needsNginx,
}, async () => {
  await using nginx = await startNginx();
  const url = `https://localhost:${nginx.port}/facts`;
  const early: boolean[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const run = await get("--json", url);
    assert.equal(run.code, 0, run.stderr);
    const [{ earlyData, resumed }] = linesOf(run);
    early.push(JSON.parse(run.stdout).early);
    assert.deepEqual([earlyData === "accepted", resumed], [turn > 0, turn > 0]);
  }
  assert.deepEqual(early, [false, true, true, true]);
  const post = await get("--data", "an order", url);
  const { request, bodyBytes, early: isEarly } = JSON.parse(post.stdout);
  assert.deepEqual([request, bodyBytes, isEarly], ["POST /facts HTTP/1.1", 8, false]);
  const late = await get("--no-early-data", url);
  assert.equal(JSON.parse(late.stdout).early, false);
  assert.match(late.stderr, /; early data not sent; TLSv1\.3 resumed; /);
});

test("get: one round trip, and the request is in the SYN", { skip: needsLab }, async () => {
  await using lab = await startNetlab({ rtt: 40 });
  await using nginx = await startNginx({ place: lab.server });
  const url = `https://${lab.server.ipv4}:${nginx.port}/facts`;
  const args = ["get", "--ca", certificates().caPath, "--json"];
  const run = await firstflight([...args, "--repeat", "3", url], "", lab.client);
  assert.equal(run.code, 0, run.stderr);
  const [first, , third, { summary }] = linesOf(run);
  assert.deepEqual([first.resumed, first.fastOpen.outcome], [false, "cookie-requested"]);
  assert.deepEqual([third.earlyData, third.fastOpen.outcome], ["accepted", "accepted"]);
  const { requests, connections, fastOpenAccepted, resumed, earlyDataAccepted } = summary;
  assert.deepEqual([requests, connections], [3, 3]);
  assert.deepEqual([fastOpenAccepted, resumed, earlyDataAccepted], [2, 2, 2]);
  const packets = await lab.packets();
  const syn = packets.findLast(({ flags }) => flags === "S")!;
  const answered = packets.findIndex(({ from, payload, destinationPort }) =>
    from === "server" && payload > 0 && destinationPort === syn.sourcePort
  );
  const sent = packets.slice(0, answered).filter(({ sourcePort }) => sourcePort === syn.sourcePort);
  assert.ok(syn.payload > 300, `${syn.payload} bytes in the SYN`);
  assert.equal(sent.reduce((sum, { payload }) => sum + payload, 0), syn.payload);
  // A process of its own has the cookie from the kernel, and the ticket from the folder.
  const people = await firstflight(["get", ...args.slice(1, 3), url], "", lab.client);
  assert.equal(JSON.parse(people.stdout).early, true);
  assert.match(people.stderr, /^200 OK; first byte after [\d.]+ ms \(\d\.\d\d RTT\); /);
  assert.match(
    people.stderr,
    /; Fast Open accepted: the SYN carried (\d+) of \1 bytes; early data/,
  );
});

test("get: with --keep-alive all requests have one connection", { skip: needsNginx }, async () => {
  await using nginx = await startNginx();
  const run = await get(
    ...["--json", "--repeat", "3", "--keep-alive"],
    `https://localhost:${nginx.port}/facts`,
  );
  assert.equal(run.code, 0, run.stderr);
  const [first, second, , { summary }] = linesOf(run);
  assert.deepEqual([first.reused, second.reused, summary.connections], [false, true, 1]);
  assert.equal(JSON.parse(run.stdout).request, "GET /facts HTTP/1.1"); // The first body alone.
});

test("get: what a request says", { skip: needsOpenssl }, async () => {
  using server = new Scripted({}, { hostname: "::1" });
  using folder = temporaryFolder();
  const file = folder.path("body");
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  writeFileSync(file, bytes);
  const host = `[::1]:${server.port}`;
  const fields = ["--header", "X-Two: 1", "--header", "x-two:2", "--header", "Accept: text/html"];
  const run = await get(...fields, `https://m%65:se%3Acret@${host}/a%20b?q=1&r#fragment`);
  assert.equal(run.code, 0, run.stderr);
  assert.doesNotMatch(run.stderr, /cret/);
  const [request = ""] = server.requests;
  assert.match(request, /^GET \/a%20b\?q=1&r HTTP\/1\.1\r\n/);
  assert.match(request, new RegExp(`^host: \\[::1\\]:${server.port}\r$`, "im"));
  assert.match(request, /^authorization: Basic bWU6c2U6Y3JldA==\r$/im);
  assert.match(request, /^user-agent: firstflight\/\d/im);
  assert.match(request, /^accept: text\/html\r$/im);
  assert.equal(request.match(/^x-two: ?([12])\r$/gim)?.length, 2);

  await get("--data", `@${file}`, "--method", "put", `https://${host}/`);
  const [, put = ""] = server.requests;
  assert.match(put, /^PUT \/ HTTP\/1\.1\r\n/);
  assert.match(put, /^content-length: 256\r$/im);
  assert.equal(put.slice(put.indexOf("\r\n\r\n") + 4), String.fromCharCode(...bytes));

  const form = ["get", "--ca", certificates().caPath, "--data", "@-", `https://${host}/`];
  await start(form, "from a pipe").ended;
  assert.match(server.requests[2] ?? "", /^POST .*urlencoded\r\n.*from a pipe$/is);
});

test("get: redirects", { skip: needsOpenssl }, async () => {
  using other = new Scripted({ "/": ok("the other server") });
  using server = new Scripted({
    "/301": redirect(301, "/there"),
    "/307": redirect(307, "there"),
    "/303": redirect(303, "/there?x"),
    "/there": ok("there"),
    "/other": redirect(308, `https://not:mine@localhost:${other.port}/`),
    "/loop": redirect(302, "/loop2"),
    "/loop2": redirect(302, "/loop"),
    "/plain": redirect(302, "http://localhost/secrets"),
    ...Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`/n${index}`, redirect(302, `/n${index + 1}`)]),
    ),
  });
  const secrets = ["Cookie: a", "X-Api-Key: b", "Accept: c", "Authorization: d"];
  const [post, , , elsewhere, loop, plain, many, tenth] = await Promise.all([
    follow(server.url("/301"), { data: "x" }),
    follow(server.url("/307"), { data: "x" }),
    follow(server.url("/303"), { method: "DELETE" }),
    follow(server.url("/other"), { header: secrets }),
    follow(server.url("/loop")),
    follow(server.url("/plain")),
    follow(server.url("/n1")),
    follow(server.url("/n2")),
  ]);
  assert.equal(post.text, "there");
  const lines = server.requests.map((request) => request.split(" HTTP", 1)[0]);
  for (const line of ["GET /there", "POST /there", "GET /there?x"]) {
    assert.ok(lines.includes(line), `${line}: ${lines}`);
  }
  assert.ok(!server.requests.some((request) => /^GET [^]*^content-/im.test(request)));
  assert.equal(elsewhere.text, "the other server", elsewhere.message);
  assert.equal(elsewhere.facts?.url, `https://localhost:${other.port}/`);
  const [told = ""] = other.requests;
  assert.match(told, /^accept: c\r$/im);
  assert.doesNotMatch(told, /^(cookie|x-api-key|authorization):/im);
  assert.match(told, new RegExp(`^host: localhost:${other.port}\r$`, "im"));
  assert.deepEqual(
    [loop.code, plain.code, many.code, tenth.code],
    ["REDIRECT_LOOP", "REDIRECT_REFUSED", "TOO_MANY_REDIRECTS", undefined],
  );
  assert.match(loop.message, /lead back to https:\/\/localhost:\d+\/loop$/);
  assert.match(plain.message, /to http:\/\/localhost\/secrets, which has no TLS: that is not/);
});

test("get: certificate and name are for one server alone", { skip: needsNginx }, async () => {
  const lines = ["ssl_verify_client optional;"];
  await using there = await startNginx({ lines });
  const leads = `location = /away { return 302 https://localhost:${there.port}/facts; }`;
  await using nginx = await startNginx({ lines: [...lines, leads] });
  const { client } = certificates();
  const identity = ["--cert", client.certPath, "--key", client.keyPath];
  const args = ["--location", ...identity, "--servername", "firstflight.test"];
  const at = `https://localhost:${nginx.port}`;
  const [own, other] = await Promise.all([
    get(...args, `${at}/facts`),
    get(...args, `${at}/away`),
  ]);
  const told = ({ stdout, stderr }: Run) => {
    assert.notEqual(stdout, "", stderr);
    const { client, serverName } = JSON.parse(stdout) as NginxFacts;
    return [client, serverName];
  };
  assert.deepEqual(told(own), ["SUCCESS", "firstflight.test"]);
  assert.deepEqual(told(other), ["NONE", "localhost"]);
});

test("get: encodings are undone, and what is wrong with them is said", {
  skip: needsOpenssl,
}, async () => {
  const text = "the same again and again, ".repeat(2_000);
  const gzip = gzipSync(text);
  using server = new Scripted({
    "/gzip": ok(gzip, "Content-Encoding: gzip"),
    "/br": ok(brotliCompressSync(text), "Content-Encoding: br"),
    "/deflate": ok(deflateSync(text), "Content-Encoding: deflate"),
    "/zstd": ok(zstdCompressSync(text), "Content-Encoding: zstd"),
    "/both": ok(brotliCompressSync(gzip), "Content-Encoding: gzip, br"),
    "/cut": ok(gzip.subarray(0, gzip.length - 20), "Content-Encoding: gzip"),
    "/lie": ok("no gzip at all", "Content-Encoding: gzip"),
    "/unknown": ok(text, "Content-Encoding: rot13"),
  });
  for (const path of ["/gzip", "/br", "/deflate", "/zstd", "/both"]) {
    const { text: got, message } = await follow(server.url(path), { compressed: true });
    assert.ok(got === text, `${path}: ${message}`);
  }
  const failures: [string, string, RegExp][] = [
    ["/cut", "BAD_ENCODING", /^The body is not what gzip makes: /],
    ["/lie", "BAD_ENCODING", /^The body is not what gzip makes: /],
    ["/unknown", "UNKNOWN_ENCODING", /encoded as rot13; --compressed knows /],
  ];
  for (const [path, expected, words] of failures) {
    const { code, message } = await follow(server.url(path), { compressed: true });
    assert.equal(code, expected, message);
    assert.match(message, words);
  }
  const asked = server.requests.every((request) => /^accept-encoding: zstd, br/im.test(request));
  assert.ok(asked);
  const asItIs = await follow(server.url("/gzip"));
  assert.equal(digest(asItIs.bytes), digest(gzip));
});

test("get: a body that is cut off is a failure", { skip: needsOpenssl }, async () => {
  using server = new Scripted({
    "/length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
    "/chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "/until-close": "HTTP/1.1 200 OK\r\n\r\nhello",
    "/nothing": "",
    "/other": "SSH-2.0-OpenSSH_9.2\r\n",
  });
  const expected: [string, string | undefined, string, RegExp][] = [
    ["/length", "TRUNCATED", "hello", /^The body was cut off after 5 of 100 bytes$/],
    ["/chunked", "TRUNCATED", "hello", /^The body was cut off after 5 bytes$/],
    ["/until-close", undefined, "hello", /^$/],
    ["/nothing", "NO_ANSWER", "", /closed the connection without an answer$/],
    ["/other", "BAD_ANSWER", "", /^localhost:\d+ gave no answer of HTTP\/1\.1: /],
  ];
  for (const [path, code, text, words] of expected) {
    const got = await follow(server.url(path));
    assert.deepEqual([got.code, got.text], [code, text], path + got.message);
    assert.match(got.message, words);
  }
});

test("get: an end without close_notify is no end of a body", { skip: needsOpenssl }, async () => {
  const server = await startOpensslServer();
  const { child, ended } = start(
    ["get", "--ca", certificates().caPath, `https://localhost:${server.port}/`],
  );
  await server.saw(/^user-agent:[^]*\n\r?\n/im);
  server.type("HTTP/1.1 200 OK\r\n\r\nhello");
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  await server.stop(); // Killed: its kernel ends the connection.
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stdout], [1, "hello"]);
  assert.match(stderr, /The body was cut off after 5 bytes \[TRUNCATED\]\n$/);
});

test("get: --fail, --head and files", { skip: needsNginx }, async () => {
  await using nginx = await startNginx();
  nginx.serve("empty", new Uint8Array());
  using folder = temporaryFolder();
  const at = (path: string) => `https://localhost:${nginx.port}${path}`;
  const file = folder.path("file");
  const [fail, head, empty, nowhere] = await Promise.all([
    get("--fail", "--quiet", "--output", file, at("/nothing")),
    get("--head", at("/upload/empty")),
    get("--output", folder.path("empty"), at("/upload/empty")),
    get("--output", folder.path("no", "such"), at("/facts")),
  ]);
  assert.deepEqual([fail.code, fail.stdout, existsSync(file)], [1, "", false]);
  assert.match(fail.stderr, /\/nothing answered 404 Not Found \[HTTP_STATUS\]\n$/);
  assert.equal(head.code, 0, head.stderr);
  assert.match(head.stdout, /^HTTP\/1\.1 200 OK\r\n(.+\r\n)+\r\n$/);
  assert.equal(empty.code, 0, empty.stderr);
  assert.equal(readFileSync(folder.path("empty"), "utf8"), "");
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /The output can't be written: .* \[ENOENT\]\n$/);
});

/** A server whose answer has no end, and how much of it was taken. */
class Flood extends AnsweringServer {
  /** Resolves to the bytes that were taken, once no more are, or too many. */
  readonly stalled: Promise<number>;
  #stall: (bytes: number) => void;
  #most: number;

  constructor(most: number) {
    const { server: { cert, key } } = certificates();
    super(listenTls({ hostname: "127.0.0.1", port: 0, cert, key }));
    this.#most = most;
    ({ promise: this.stalled, resolve: this.#stall } = Promise.withResolvers<number>());
  }

  protected async answer(conn: TlsConn): Promise<void> {
    await receive(conn);
    await conn.write(encoder.encode("HTTP/1.1 200 OK\r\n\r\n"));
    const chunk = new Uint8Array(256 * 1024);
    for (let taken = 0; taken <= this.#most; taken += chunk.length) {
      const timer = setTimeout(() => this.#stall(taken), 500);
      await conn.write(chunk);
      clearTimeout(timer);
    }
    this.#stall(Infinity);
  }
}

test("get: where nobody reads, nothing piles up", { skip: needsOpenssl }, async () => {
  using server = new Flood(64 * 1024 * 1024);
  const url = `https://localhost:${server.port}/`;
  const { child, ended } = start(["get", "--ca", certificates().caPath, url]);
  child.stdout?.pause();
  assert.ok(await server.stalled < Infinity);
  child.stdout?.destroy();
  assert.equal((await ended).code, 0);
});

test("get: whoever reads may leave early", { skip: needsNginx }, async () => {
  await using nginx = await startNginx();
  nginx.serveZeros("large", 100_000_000);
  const url = `https://localhost:${nginx.port}/upload/large`;
  const { child, ended } = start(["get", "--ca", certificates().caPath, url]);
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  child.stdout?.destroy();
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [0, ""]);
});

test("get: what takes too long is given up, and Ctrl-C is heard", {
  skip: needsOpenssl,
}, async () => {
  const { server: { cert, key }, caPath } = certificates();
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const args = ["get", "--ca", caPath, `https://127.0.0.1:${listener.addr.port}/`];
  const late = firstflight([...args, "--max-time", "0.5"]);
  using _silent = await listener.accept();
  const { code, stderr } = await late;
  assert.equal(code, 1);
  assert.match(stderr, /gave no whole answer within 0\.5 seconds \[TIMED_OUT\]\n$/);

  const { child, ended } = start(args);
  using conn = await listener.accept();
  await conn.read(new Uint8Array(1000));
  // Deno tells no exit code of a child that child.kill() was called on, whatever it exited with.
  process.kill(child.pid ?? 0, "SIGINT");
  assert.deepEqual([(await ended).code, (await ended).stderr], [130, ""]);
});

test("get: failures of the connection are the command's usual ones", {
  skip: needsOpenssl,
}, async () => {
  using server = new Scripted({});
  using stranger = new Scripted({}, { hostname: "127.0.0.3" });
  const failures: [string, FollowedOptions, string, RegExp][] = [
    ["https://127.0.0.1:1/", {}, "CONNECTION_REFUSED", /127\.0\.0\.1:1/],
    ["https://bücher.invalid/", {}, "NAME_NOT_FOUND", /xn--bcher-kva\.invalid/],
    // What the user asks for in a field is not what is verified.
    [
      `https://127.0.0.3:${stranger.port}/`,
      { header: ["Host: localhost"] },
      "IP_ADDRESS_MISMATCH",
      /127\.0\.0\.3/,
    ],
  ];
  for (const [url, options, code, words] of failures) {
    const got = await follow(url, options);
    assert.equal(got.code, code, got.message);
    assert.match(got.message, words);
  }
  const named = await follow(server.url("/"), { header: ["Host: example.org"] });
  assert.equal(named.code, undefined, named.message);
  assert.match(server.requests.at(-1) ?? "", /^host: example\.org\r$/im);
  const untrusted = await firstflight(["get", "--json", server.url("/")]);
  assert.deepEqual([untrusted.code, untrusted.stdout], [1, ""]);
  assert.equal(linesOf(untrusted)[0].error.code, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
});
