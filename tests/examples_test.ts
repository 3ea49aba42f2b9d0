import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cert, key } from "../examples/certificate.ts";
import { listenTls, type TlsConn } from "../mod.ts";
import { answering, startRawServer } from "./fixtures/hostile_server.ts";
import { onAbruptEnd } from "./netlab/cleanup.ts";
import { programArguments } from "./netlab/mod.ts";
import { temporaryFolder } from "./peers/folder.ts";
import { requirePeer, soon } from "./peers/peer.ts";
import { startHttpProxy, startSocksProxy } from "./peers/proxies.ts";

/** Starts an example, or a program given by its URL, on this runtime. */
function start(name: string, ...args: string[]): ChildProcess {
  const program = new URL(name, new URL("../examples/", import.meta.url));
  const child = spawn(process.execPath, programArguments(program, ...args), {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: dirname(fileURLToPath(program)),
  });
  const takeBack = onAbruptEnd(() => child.kill("SIGKILL"));
  child.once("close", takeBack);
  return child;
}

/** Runs an example to its end; returns its lines. */
async function run(name: string, ...args: string[]): Promise<string[]> {
  const child = start(name, ...args);
  let stdout = "", stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
  try {
    const [code] = await soon(`the end of ${name}`, once(child, "close"));
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
  } finally {
    child.kill("SIGKILL");
  }
  return stdout.trimEnd().split("\n");
}

/** Runs an example that fails; returns the line in which it says why. */
async function complaint(name: string, ...args: string[]): Promise<string> {
  const child = start(name, ...args, "1500"); // Milliseconds, for a proxy that says nothing.
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
  try {
    const [code] = await soon(`the end of ${name}`, once(child, "close"));
    assert.equal(code, 1, stderr);
  } finally {
    child.kill("SIGKILL");
  }
  const [line = "", ...more] = stderr.trimEnd().split("\n");
  assert.deepEqual(more, []);
  return line;
}

/** Starts an example that serves, and calls `use` with its URL. */
async function serving(name: string, use: (url: string) => Promise<void>): Promise<void> {
  const server = start(name, "0");
  const closed = once(server, "close");
  let stderr = "";
  server.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
  try {
    const lines = createInterface({ input: server.stdout! });
    const [url] = await soon(`the URL of ${name}`, once(lines, "line")) as [string];
    await use(url);
    assert.equal(stderr, "");
  } finally {
    server.kill("SIGKILL");
    await closed;
  }
}

test("get.ts gets its request to server.ts as early data", async () => {
  await serving("server.ts", async (url) => {
    const [first, , early, second, , lateEarly] = await run("get.ts", `${url}path?query`);
    assert.match(first ?? "", /^first: HTTP\/1\.1 200 OK, \d+ characters$/);
    assert.match(early ?? "", /early data not-sent/);
    assert.match(second ?? "", /^second: HTTP\/1\.1 200 OK, \d+ characters$/);
    assert.match(lateEarly ?? "", /early data accepted/);
  });
});

test("get.ts does without early data where serve_fast_open.ts takes none", async () => {
  await serving("serve_fast_open.ts", async (url) => {
    const [first, , early, second, , lateEarly] = await run("get.ts", url);
    for (const line of [first, second]) assert.match(line ?? "", /: HTTP\/1\.1 200 OK, /);
    for (const line of [early, lateEarly]) assert.match(line ?? "", /early data not-sent/);
  });
});

for (const server of ["server.ts", "serve_fast_open.ts"]) {
  test(`agent.ts gets the request of https.get into the first flight to ${server}`, async () => {
    await serving(server, async (url) => {
      const [first, late, second, early] = await run("agent.ts", `${url}path`);
      assert.match(first ?? "", /^first: 200, \d+ bytes$/);
      assert.match(late ?? "", /early data not-sent$/);
      assert.match(second ?? "", /^second: 200, \d+ bytes$/);
      assert.match(early ?? "", server === "server.ts" ? /accepted$/ : /not-sent$/);
    });
  });
}

/** README's first program, made to ask the server at `url`. */
function firstProgram(url: string): string {
  const [, program] = /^```ts no-eval\n(.*?)^```$/ms.exec(readFileSync(file("README.md"), "utf8"))!;
  const changes = {
    '"@firstflight/tls"': `"${file("mod.ts")}"`,
    '"example.com"': '"localhost"',
    "port: 443,": `port: ${new URL(url).port}, caCerts: [${JSON.stringify(cert)}],`,
  };
  return Object.entries(changes).reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `README's program has no ${from}`);
    return text.replace(from, to);
  }, program!);
}

function file(name: string): URL {
  return new URL(`../${name}`, import.meta.url);
}

for (const server of ["server.ts", "serve_fast_open.ts"]) {
  test(`README's first program ends, and its second run gains what ${server} gives`, async () => {
    using folder = temporaryFolder();
    const program = pathToFileURL(folder.path("program.ts"));
    await serving(server, async (url) => {
      writeFileSync(program, firstProgram(url));
      assert.match((await run(program.href)).at(-1) ?? "", / not-sent$/);
      const gained = server === "server.ts" ? / accepted$/ : / not-sent$/;
      assert.match((await run(program.href)).at(-1) ?? "", gained);
    });
  });
}

/** The example for each kind of proxy, and what it says of one that turns it away. */
const proxies = {
  "http_proxy.ts": {
    start: startHttpProxy,
    peer: "tinyproxy",
    scheme: "http",
    refused: /^Error: The proxy .* refused: 407 /,
    garbage: /^Error: The proxy .* gave no answer: (?!it said nothing)/,
    silent: /^Error: The proxy .* gave no answer: it said nothing$/,
  },
  "socks_proxy.ts": {
    start: startSocksProxy,
    peer: "microsocks",
    scheme: "socks5",
    refused: /^Error: The proxy .* refused: it wants a user's name and password$/,
    garbage: /^Error: .* is no SOCKS5 proxy$/,
    silent: /^Error: The proxy .* said nothing$/,
  },
} as const;

for (const [name, { start, peer, scheme, ...says }] of Object.entries(proxies)) {
  test(
    `${name} asks through a proxy, and says why it can't`,
    { skip: requirePeer(peer) },
    async () => {
      await using proxy = await start();
      await using odd = await startRawServer(answering("220 mail.test\r\n"));
      await using silent = await startRawServer((socket) => void socket.resume());
      await serving("server.ts", async (url) => {
        const through = (host: string) => [`${scheme}://${host}/`, `${url}path`];
        const [[first, second], ...reasons] = await Promise.all([
          run(name, ...through(proxy.withUser)),
          ...[proxy.host, `${odd.hostname}:${odd.port}`, `${silent.hostname}:${silent.port}`]
            .map((host) => complaint(name, ...through(host))),
        ]);
        assert.match(
          first ?? "",
          /^first: HTTP\/1\.1 200 OK, \d+ characters, early data not-sent$/,
        );
        assert.match(second ?? "", /^second: HTTP\/1\.1 200 OK, .*, early data accepted$/);
        assert.match(reasons[0] ?? "", says.refused);
        assert.match(reasons[1] ?? "", says.garbage);
        assert.match(reasons[2] ?? "", says.silent);
      });
    },
  );
}

/** A resolver's answer to a query for `www.example.com`: an alias, and two addresses for it. */
function answerTo(query: Uint8Array): Uint8Array {
  const message = [...query.subarray(2)];
  message.splice(2, 6, 0x81, 0x80, 0, 1, 0, 3); // Recursion was available; three answers.
  const record = (
    type: number,
    data: number[],
  ) => [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, ...data];
  message.push(...record(5, [6, 3, 99, 100, 110, 0xc0, 16])); // cdn.example.com
  for (const last of [1, 2]) message.push(...record(1, [4, 192, 0, 2, last]));
  return Uint8Array.of(message.length >> 8, message.length & 0xff, ...message);
}

test("dns_over_tls.ts reads addresses out of a resolver's answer", async () => {
  const listener = listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert,
    key,
    alpnProtocols: ["dot"],
    maxEarlyData: 1024,
  });
  const resolve = async (conn: TlsConn) => {
    await using _ = conn;
    const query = new Uint8Array(512);
    const length = await conn.read(query) ?? 0;
    await conn.write(answerTo(query.subarray(0, length)));
  };
  const resolving = (async () => {
    for await (const conn of listener) resolve(conn).catch(() => {});
  })();
  try {
    const args = ["www.example.com", "localhost", String(listener.addr.port)];
    const [first, early, second, lateEarly] = await run("dns_over_tls.ts", ...args);
    assert.match(first ?? "", /^first: www\.example\.com 192\.0\.2\.1 192\.0\.2\.2, /);
    assert.match(early ?? "", /early data not-sent$/);
    assert.match(second ?? "", /^second: www\.example\.com 192\.0\.2\.1 192\.0\.2\.2, /);
    assert.match(lateEarly ?? "", /early data accepted$/);
  } finally {
    listener.close();
    await resolving;
  }
});
