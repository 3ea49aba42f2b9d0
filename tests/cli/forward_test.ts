/** `firstflight forward`: real programs through it to real servers. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { listenTls, type TlsConn } from "../../mod.ts";
import { closedPort, cutter, startRawServer } from "../fixtures/hostile_server.ts";
import { netlabSkip, programArguments, startNetlab } from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import { can } from "../peers/engine.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { httpRequest } from "../peers/http.ts";
import { factsIn, startNginx } from "../peers/nginx.ts";
import { here, listensOn, Peer, type Place, requirePeer, run } from "../peers/peer.ts";
import { test } from "../peers/test.ts";
import { cli, startForward, talkTo } from "./forwarder.ts";

const skip = requirePeer("curl", "nginx", "openssl");
const needsLab = skip || netlabSkip();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** curl's answer, which must be there. */
async function curl(args: readonly string[], place: Place = here): Promise<string> {
  const { code, output } = await run(place, "curl", ["--silent", "--show-error", ...args]);
  assert.equal(code, 0, output);
  return output;
}

/** A server of TLS on this machine that does with each connection what it is told. */
function startTlsServer(serve: (conn: TlsConn) => Promise<unknown>) {
  const { server: { cert, key } } = certificates();
  const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const open = new Set<TlsConn>();
  const accept = async () => {
    for await (const conn of listener) {
      open.add(conn);
      serve(conn).catch(() => {});
    }
  };
  accept().catch(() => {});
  return {
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener.close();
      for (const conn of open) conn.close();
    },
  };
}

async function readAll(conn: TlsConn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of conn.readable) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const ca = () => ["--ca", certificates().caPath];

test("a GET of curl rides in the SYN, and its POST never does", { skip: needsLab }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  await using _nginx = await startNginx({ place: lab.server, port: 443 });
  const target = lab.server.ipv4;
  const args = [...ca(), "--early-data", "http1", "127.0.0.1:0", `${target}:443`];
  await using forwarder = await startForward(args, { place: lab.client });
  const url = `http://127.0.0.1:${await forwarder.port()}/facts`;
  const gets = [];
  for (let count = 0; count < 3; count++) gets.push(factsIn(await curl(["-i", url], lab.client)));
  assert.equal(gets[2]?.request, "GET /facts HTTP/1.1");
  await lab.clearPackets();
  const early = factsIn(await curl(["-i", url], lab.client)).early;
  const ofGet = (await lab.packets()).find(({ flags }) => flags === "S")!;
  await lab.clearPackets();
  const post = await curl(["-i", "--data", "order=1", url], lab.client);
  const ofPost = (await lab.packets()).find(({ flags }) => flags === "S")!;
  const { earlyData } = (await forwarder.lines("connection", 5))[4]!;
  assert.equal(factsIn(post).request, "POST /facts HTTP/1.1");
  assert.equal(factsIn(post).early, false);
  assert.equal(earlyData, "not-sent");
  // Both hellos rode; the request made the SYN of the GET longer.
  for (const { payload, fastOpenOption } of [ofGet, ofPost]) {
    assert.ok(payload > 200, `${payload} bytes in the SYN`);
    assert.equal(fastOpenOption, "cookie");
  }
  if (!can("earlyData")) return;
  assert.equal(early, true);
  assert.ok(ofGet.payload > ofPost.payload + 50, `${ofGet.payload}, ${ofPost.payload}`);
  assert.ok((await lab.client.counters())["TCPFastOpenActive"]! >= 2);
});

test("CONNECT: the hello of an unmodified curl rides in the SYN", { skip: needsLab }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  await using _nginx = await startNginx({ place: lab.server, port: 443 });
  const target = lab.server.ipv4;
  const args = ["--connect", "--allow", target, "127.0.0.1:0"];
  await using forwarder = await startForward(args, { place: lab.client });
  const proxy = `http://127.0.0.1:${await forwarder.port()}`;
  const get = () =>
    curl(
      ["-i", "--cacert", certificates().caPath, "-x", proxy, `https://${target}/facts`],
      lab.client,
    );
  for (let count = 0; count < 2; count++) await get();
  await lab.clearPackets();
  const answer = await get();
  assert.match(answer, /"request":"GET \/facts HTTP\/1.1"/);
  const syn = (await lab.packets()).find(({ flags }) => flags === "S")!;
  assert.ok(syn.payload > 200, `${syn.payload} bytes in the SYN`);
  const { fastOpen, target: named } = (await forwarder.lines("connection", 3))[2]!;
  assert.deepEqual([fastOpen?.outcome, fastOpen?.synBytes], ["accepted", syn.payload]);
  assert.equal(named, `${target}:443`);
});

test("CONNECT: what is not allowed, not there or not asked for has an answer", {
  skip,
}, async () => {
  await using nginx = await startNginx();
  const down = await closedPort();
  const allowed = [`localhost:${nginx.port}`, `127.0.0.1:${down}`, "nowhere.invalid"];
  const args = ["--connect", ...allowed.flatMap((name) => ["--allow", name]), "127.0.0.1:0"];
  await using forwarder = await startForward(args);
  const port = await forwarder.port();
  const ask = async (request: string) => text((await talkTo(port, `${request}\r\n\r\n`)).bytes);
  const [other, refused, unknown, get, odd, nothing] = await Promise.all([
    ask("CONNECT example.com:443 HTTP/1.1"),
    ask(`CONNECT 127.0.0.1:${down} HTTP/1.1`),
    ask("CONNECT nowhere.invalid:443 HTTP/1.1\r\nHost: nowhere.invalid:443"),
    ask("GET http://localhost/ HTTP/1.1"),
    ask("CONNECT localhost HTTP/1.1"),
    talkTo(port, "", { halfClose: true }),
  ]);
  assert.match(other!, /^HTTP\/1\.1 403 [^]*example\.com:443 is not allowed here/);
  assert.match(refused!, /^HTTP\/1\.1 502 [^]*nothing listens on that port/);
  assert.match(unknown!, /^HTTP\/1\.1 502 [^]*nowhere\.invalid/);
  assert.match(get!, /^HTTP\/1\.1 405 [^]*\r\nAllow: CONNECT\r\n/);
  assert.match(odd!, /^HTTP\/1\.1 400 [^]*CONNECT HOST:PORT/);
  assert.equal(nothing.bytes.length, 0);
  const proxy = ["-x", `http://127.0.0.1:${port}`, "--cacert", certificates().caPath];
  for (let count = 0; count < 2; count++) { // Before and after the target is known to be there.
    assert.match(await curl([...proxy, `https://localhost:${nginx.port}/facts`]), /GET \/facts/);
  }
});

test("CONNECT: a target that has gone down is a reset once, and then a 502", { skip }, async () => {
  const greet = (socket: Socket) => void socket.end("hello").resume();
  let server = createServer(greet).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: down } = server.address() as { port: number };
  const target = `127.0.0.1:${down}`;
  await using forwarder = await startForward(["--connect", "--allow", target, "127.0.0.1:0"]);
  const port = await forwarder.port();
  const ask = () => talkTo(port, `CONNECT ${target} HTTP/1.1\r\n\r\n`);
  // The server speaks first, also where the tunnel was promised before.
  for (let count = 0; count < 2; count++) {
    assert.match(text((await ask()).bytes), /^HTTP\/1\.1 200 [^]*\r\n\r\nhello$/);
  }
  await new Promise((resolve) => server.close(resolve));
  const { bytes, error } = await ask();
  assert.match(text(bytes), /^HTTP\/1\.1 200 /);
  assert.equal(error, "ECONNRESET");
  assert.match(text((await ask()).bytes), /^HTTP\/1\.1 502 /);
  server = createServer((socket) => socket.pipe(socket)).listen(down, "127.0.0.1");
  await once(server, "listening");
  for (let count = 0; count < 2; count++) { // What comes with the request is not lost, either.
    const together = `CONNECT ${target} HTTP/1.1\r\n\r\nat once`;
    const { bytes } = await talkTo(port, together, { halfClose: true });
    assert.match(text(bytes), /\r\n\r\nat once$/);
  }
  server.close();
});

test("what may ride is what was asked for: HTTP/2, everything, nothing", { skip }, async () => {
  await using nginx = await startNginx({ http2: true });
  using folder = temporaryFolder();
  const file = folder.path("targets.json");
  const entry = {
    listen: "127.0.0.1:0",
    target: `localhost:${nginx.port}`,
    ca: certificates().caPath,
  };
  const entries = [
    { ...entry, listen: "127.0.0.2:0", alpn: ["h2"], earlyData: "http2" },
    { ...entry, listen: "127.0.0.3:0", dangerousEarlyData: true },
    { ...entry, listen: "127.0.0.4:0" },
    { listen: "127.0.0.5:0", target: entry.target, plain: true },
  ];
  writeFileSync(file, JSON.stringify(entries));
  await using forwarder = await startForward(["--targets", file]);
  const expected = can("earlyData");
  const last = async (index: number, isEarly: boolean, ...args: string[]) => {
    const { listen } = (await forwarder.lines("listening", 4))[index]!;
    const url = `http://${listen}/facts`;
    let facts = factsIn(await curl(["-i", ...args, url]));
    // A ticket may come late, and curl may take its time between preface and request.
    for (let count = 1; count < 3 || (facts.early !== isEarly && count < 10); count++) {
      facts = factsIn(await curl(["-i", ...args, url]));
    }
    return facts;
  };
  const http2 = await last(0, expected, "--http2-prior-knowledge");
  assert.deepEqual([http2.request, http2.early], ["GET /facts HTTP/2.0", expected]);
  const order = await last(1, expected, "--data", "order=1");
  assert.deepEqual([order.request, order.early], ["POST /facts HTTP/1.1", expected]);
  assert.equal((await last(2, false)).early, false);
  const port = await forwarder.port(3);
  const own = ["--cacert", certificates().caPath, "--connect-to", `::127.0.0.5:${port}`];
  const answer = await curl(["-i", "--http1.1", ...own, "https://localhost/facts"]);
  assert.equal(factsIn(answer).request, "GET /facts HTTP/1.1");
});

test("tickets in a folder are there for the next forwarder", { skip }, async () => {
  await using nginx = await startNginx();
  using folder = temporaryFolder();
  const args = [...ca(), "--early-data", "http1", "127.0.0.1:0", `localhost:${nginx.port}`];
  const store = ["--session-store", folder.path("sessions")];
  const early = [];
  for (let run = 0; run < 2; run++) {
    await using forwarder = await startForward(args, { store });
    const url = `http://127.0.0.1:${await forwarder.port()}/facts`;
    early.push(factsIn(await curl(["-i", url])).early);
    forwarder.signal("SIGTERM");
    await forwarder.finished();
  }
  assert.deepEqual(early, [false, can("earlyData")]);
});

test("a unix socket is its owner's alone, and goes with the forwarder", { skip }, async () => {
  await using nginx = await startNginx();
  using folder = temporaryFolder();
  const path = folder.path("api.sock");
  const args = [...ca(), `unix:${path}`, `localhost:${nginx.port}`];
  {
    await using killed = await startForward(args);
    await killed.stop(); // By SIGKILL: the socket is left behind.
  }
  assert.ok(lstatSync(path).isSocket());
  await using forwarder = await startForward(args);
  assert.equal(lstatSync(path).mode & 0o777, 0o600);
  const answer = await curl(["-i", "--unix-socket", path, "http://localhost/facts"]);
  assert.equal(factsIn(answer).request, "GET /facts HTTP/1.1");

  const file = folder.path("file");
  writeFileSync(file, "precious");
  const refused: [path: string, why: RegExp][] = [
    [path, /another process listens there already/],
    [file, /it is a file, and no socket/],
    [folder.path("no", "x"), /there is no folder/],
    [folder.path("x".repeat(100)), /the path is \d+ bytes too long/],
  ];
  await Promise.all(refused.map(async ([path, why]) => {
    await assert.rejects(startForward(["--plain", `unix:${path}`, "localhost"]), why);
  }));

  forwarder.signal("SIGTERM");
  assert.equal(await forwarder.finished(), 0, forwarder.output);
  assert.ok(!existsSync(path));
  assert.ok(existsSync(file));
});

test("SIGTERM lets 20 transfers finish, each byte of them", { skip }, async () => {
  const content = randomBytes(2_000_000);
  const begun = new Set<TlsConn>();
  const go = Promise.withResolvers<void>();
  using server = startTlsServer(async (conn) => {
    const asked = new Uint8Array(16);
    await conn.read(asked);
    await conn.write(content.subarray(0, 500_000));
    begun.add(conn);
    await go.promise;
    await conn.write(content.subarray(500_000));
    await conn.closeWrite();
  });
  const args = [...ca(), "127.0.0.1:0", `localhost:${server.port}`];
  await using forwarder = await startForward(args);
  const port = await forwarder.port();
  const transfers = Array.from({ length: 20 }, () => talkTo(port, "send"));
  await forwarder.until("20 transfers", () => begun.size === 20);
  forwarder.signal("SIGTERM");
  await forwarder.until("closed port", () => !listensOn(port));
  go.resolve();
  for (const { bytes, error } of await Promise.all(transfers)) {
    assert.equal(error, undefined);
    assert.equal(digest(bytes), digest(content));
  }
  assert.equal(await forwarder.finished(), 0, forwarder.output);
  const [summary] = await forwarder.lines("summary");
  assert.deepEqual(
    [summary!["connections"], summary!["cut"], summary!["received"]],
    [20, 0, 20 * content.length],
  );
});

test("what has not finished in time is cut, and a second signal ends at once", {
  skip,
}, async () => {
  using server = startTlsServer((conn) => conn.write(Buffer.from("hello")));
  const args = [...ca(), "127.0.0.1:0", `localhost:${server.port}`];
  const hang = async (port: number) => {
    const heard = Promise.withResolvers<void>();
    const ended = talkTo(port, "", {
      slow: (socket) => socket.once("data", () => heard.resolve()),
    });
    await heard.promise;
    return { ended };
  };
  {
    await using forwarder = await startForward(["--grace", "0", ...args]);
    const port = await forwarder.port();
    const client = await hang(port);
    forwarder.signal("SIGTERM");
    assert.equal((await client.ended).error, "ECONNRESET");
    assert.equal(await forwarder.finished(), 0, forwarder.output);
    assert.equal((await forwarder.lines("summary"))[0]!["cut"], 1);
  }
  await using forwarder = await startForward(["--grace", "600", ...args]);
  const port = await forwarder.port();
  const client = await hang(port);
  forwarder.signal("SIGINT");
  await forwarder.until("closed port", () => !listensOn(port));
  forwarder.signal("SIGINT");
  assert.equal(await forwarder.finished(), 130, forwarder.output);
  assert.equal((await client.ended).error, "ECONNRESET");
});

test("SIGHUP: a new file of targets is in force, a wrong one is not", { skip }, async () => {
  await using nginx = await startNginx();
  using folder = temporaryFolder();
  using server = startTlsServer(async (conn) => {
    const asked = new Uint8Array(1);
    while (await conn.read(asked)) await conn.write(asked);
    await conn.closeWrite();
  });
  const file = folder.path("targets.json");
  writeFileSync(folder.path("ca.pem"), readFileSync(certificates().caPath));
  const entry = (listen: string, port: number) => ({
    listen,
    target: `127.0.0.1:${port}`,
    serverName: "localhost",
    ca: "ca.pem",
  });
  const [a, b] = [`unix:${folder.path("a")}`, `unix:${folder.path("b")}`];
  const write = (content: unknown) => writeFileSync(file, JSON.stringify(content, null, 2));
  write([entry(a, server.port)]);
  await using forwarder = await startForward(["--targets", file]);

  const before = connect(folder.path("a"));
  before.write("1");
  assert.equal(text((await once(before, "data"))[0]), "1");

  writeFileSync(folder.path("ca.pem"), "no certificate");
  write([entry(a, nginx.port), entry(b, server.port)]);
  forwarder.signal("SIGHUP");
  const [wrong] = await forwarder.lines("warning");
  assert.equal(wrong!.code, "NOT_RELOADED");
  assert.match(
    wrong!.message,
    /stays in force: .*targets\.json, entry 1 \(line 2\): "ca" does not/,
  );
  assert.ok(!existsSync(folder.path("b")));
  assert.equal(text((await talkTo(folder.path("a"), "x", { halfClose: true })).bytes), "x");

  writeFileSync(folder.path("ca.pem"), readFileSync(certificates().caPath));
  writeFileSync(folder.path("b"), ""); // It can't be listened at now.
  forwarder.signal("SIGHUP");
  const [, taken] = await forwarder.lines("warning", 2);
  assert.match(taken!.message, /it is a file, and no socket/);
  assert.equal(text((await talkTo(folder.path("a"), "y", { halfClose: true })).bytes), "y");

  rmSync(folder.path("b"));
  forwarder.signal("SIGHUP");
  assert.deepEqual(await forwarder.lines("reloaded"), [{ targets: 2 }]);
  const answer = await curl(["-i", "--unix-socket", folder.path("a"), "http://localhost/facts"]);
  assert.equal(factsIn(answer).request, "GET /facts HTTP/1.1");
  assert.equal(text((await talkTo(folder.path("b"), "z", { halfClose: true })).bytes), "z");
  // The connection of before goes on, to the target that it was opened to.
  before.write("2");
  assert.equal(text((await once(before, "data"))[0]), "2");
  before.end();
  await once(before, "end");
  assert.equal((await forwarder.lines("listening")).length, 2);
});

test("a half-close goes through, and a client's reset is no end", { skip }, async () => {
  const content = randomBytes(2_000_000);
  const seen = Promise.withResolvers<string>();
  using server = startTlsServer(async (conn) => {
    const first = new Uint8Array(6);
    await conn.read(first);
    await conn.write(Buffer.from("hello "));
    const end = await readAll(conn).then(
      (rest) => ({ rest, how: "the end" }),
      ({ code }) => ({ rest: new Uint8Array(), how: String(code) }),
    );
    if (text(first) === "watch!") return seen.resolve(end.how);
    await conn.write(end.rest);
    await conn.closeWrite();
  });
  const args = [...ca(), "127.0.0.1:0", `localhost:${server.port}`];
  await using forwarder = await startForward(args);
  const port = await forwarder.port();

  const said = Buffer.concat([Buffer.from("answer"), content]);
  const { bytes, error } = await talkTo(port, said, { halfClose: true });
  assert.equal(error, undefined);
  assert.equal(digest(bytes.subarray("hello ".length)), digest(content));

  const client = connect(port, "127.0.0.1");
  client.write("watch!");
  await once(client, "data");
  client.resetAndDestroy();
  assert.notEqual(await seen.promise, "the end");
  const [ended, reset] = await forwarder.lines("connection", 2);
  assert.deepEqual([ended!.sent, ended!.received], [said.length, bytes.length]);
  assert.deepEqual([ended!.failure, reset!.failure], [null, null]); // That was the client's wish.
});

test("a target that is cut off is a reset for the client, after all that came", {
  skip,
}, async () => {
  const content = randomBytes(1_500_000);
  const passed = 1_000_000; // The kernels take that much for a client that does not read.
  let asked = Promise.withResolvers<void>();
  let go = Promise.withResolvers<void>();
  using server = startTlsServer(async (conn) => {
    await conn.read(new Uint8Array(1000));
    asked.resolve();
    await go.promise;
    await conn.write(Buffer.from("HTTP/1.1 200 OK\r\n\r\n")); // It ends where the connection does.
    await conn.write(content);
    await conn.closeWrite();
  });
  await using relay = await startRawServer(cutter(server.port, () => passed, "FIN"));
  using folder = temporaryFolder();
  for (const [port, isWhole] of [[server.port, true], [relay.port, false]] as const) {
    [asked, go] = [Promise.withResolvers(), Promise.withResolvers()];
    await using forwarder = await startForward([...ca(), "127.0.0.1:0", `localhost:${port}`]);
    const file = folder.path(`${port}`);
    const url = `http://127.0.0.1:${await forwarder.port()}/`;
    await using client = new Peer(here, "curl", ["--silent", "-o", file, url]);
    await asked.promise;
    client.pause();
    go.resolve();
    await sleep(200); // The cut comes long before the client has read what came before it.
    client.resume();
    const code = await client.finished();
    const got = readFileSync(file);
    assert.equal(digest(got), digest(content.subarray(0, got.length)));
    const [{ failure } = { failure: null }] = await forwarder.lines("connection");
    if (isWhole) {
      assert.deepEqual([code, got.length, failure], [0, content.length, null]);
    } else {
      assert.equal(code, 56); // curl's CURLE_RECV_ERROR: "Connection reset by peer".
      assert.equal(failure?.code, "TRUNCATED");
      assert.ok(got.length > passed - 50_000, `only ${got.length} bytes`);
    }
  }
});

test("a target that is down, or somebody else, is a reset and a line", { skip }, async () => {
  const down = await closedPort();
  await using impostor = await startNginx({ identity: certificates().untrusted });
  using folder = temporaryFolder();
  const file = folder.path("targets.json");
  const listen = "127.0.0.1:0";
  writeFileSync(
    file,
    JSON.stringify([
      { listen: `unix:${folder.path("down")}`, target: `127.0.0.1:${down}` },
      { listen, target: `localhost:${impostor.port}`, ca: certificates().caPath },
    ]),
  );
  await using forwarder = await startForward(["--targets", file]);
  const port = await forwarder.port(1);
  const request = httpRequest("/facts");
  const [atPath, atPort] = await Promise.all([
    talkTo(folder.path("down"), request),
    talkTo(port, request),
  ]);
  assert.equal(atPath.bytes.length + atPort.bytes.length, 0);
  assert.equal(atPort.error, "ECONNRESET"); // A unix socket has no reset.
  const errors = await forwarder.lines("error", 2);
  const codeOf = (target: string) => errors.find((error) => error.target === target)?.code;
  assert.equal(codeOf(`127.0.0.1:${down}`), "CONNECTION_REFUSED");
  assert.notEqual(codeOf(`localhost:${impostor.port}`), undefined);
  assert.equal((await impostor.requests(0)).length, 0);
});

test("who does not read makes nothing pile up", { skip }, async () => {
  let sent = 0;
  using server = startTlsServer(async (conn) => {
    const chunk = new Uint8Array(256 * 1024);
    for (;; sent += chunk.length) await conn.write(chunk);
  });
  const args = [...ca(), "127.0.0.1:0", `localhost:${server.port}`];
  await using forwarder = await startForward(args);
  const port = await forwarder.port();
  const clients = Array.from({ length: 2 }, () => connect(port, "127.0.0.1").pause());
  for (const client of clients) client.on("error", () => {});
  // What the target could send is held by somebody: both kernels, and the forwarder.
  for (let before = -1; before !== sent || sent === 0;) {
    before = sent;
    await sleep(200);
  }
  const most = clients.length * 24 * 1024 * 1024;
  assert.ok(sent < most, `${sent} bytes were taken`);
  const status = readFileSync(`/proc/${forwarder.pid}/status`, "utf8");
  const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  assert.ok(resident < 400_000, `${resident} kB in memory`);
  for (const client of clients) client.destroy();
  await forwarder.lines("connection", 2);
});

test("a target that speaks first is heard, also where a ticket promises early data", {
  skip,
}, async () => {
  using server = startTlsServer(async (conn) => {
    await conn.write(Buffer.from("220 ready\r\n"));
    await readAll(conn);
    await conn.closeWrite();
  });
  const args = [...ca(), "--early-data", "http1", "127.0.0.1:0", `localhost:${server.port}`];
  await using forwarder = await startForward(args);
  const port = await forwarder.port();
  for (let count = 0; count < 3; count++) {
    const client = connect(port, "127.0.0.1");
    assert.equal(text((await once(client, "data"))[0]), "220 ready\r\n");
    client.end("QUIT\r\n");
    await once(client.resume(), "close");
  }
  const resumed = (await forwarder.lines("connection", 3)).filter(({ resumed }) => resumed);
  if (can("earlyData")) assert.ok(resumed.length > 0);
});

test("more clients than are allowed are turned away, and counted", { skip }, async () => {
  using server = startTlsServer(async (conn) => {
    await conn.write(Buffer.from("hello"));
    await readAll(conn).finally(() => conn.close());
  });
  using folder = temporaryFolder();
  const file = folder.path("targets.json");
  const target = `localhost:${server.port}`;
  writeFileSync(
    file,
    JSON.stringify([
      { listen: "127.0.0.1:0", target, ca: certificates().caPath },
      { listen: `unix:${folder.path("proxy")}`, connect: true, allow: target },
    ]),
  );
  await using forwarder = await startForward(["--max-connections", "1", "--targets", file]);
  const port = await forwarder.port();
  const client = connect(port, "127.0.0.1");
  await once(client, "data");
  assert.equal((await talkTo(port, "")).error, "ECONNRESET");
  const { bytes } = await talkTo(folder.path("proxy"), `CONNECT ${target} HTTP/1.1\r\n\r\n`);
  assert.match(text(bytes), /^HTTP\/1\.1 503 [^]*There are 1 connections already/);
  const [warning] = await forwarder.lines("warning");
  assert.equal(warning!.code, "TOO_MANY_CONNECTIONS");
  client.destroy();
  await forwarder.lines("connection");
  const next = connect(port, "127.0.0.1");
  await once(next, "data");
  next.destroy();
  await forwarder.lines("connection", 2);
  forwarder.signal("SIGTERM");
  assert.equal(await forwarder.finished(), 0);
  assert.equal((await forwarder.lines("summary"))[0]!["refused"], 2);
});

test("for people: a line where it listens, others about what happens", { skip }, async () => {
  await using nginx = await startNginx();
  const target = `localhost:${nginx.port}`;
  const args = ["forward", "--verbose", "--no-session-store", ...ca(), "127.0.0.1:0", target];
  const child = here.spawn(process.execPath, programArguments(cli, ...args), { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stderr!.on("data", (chunk) => stderr += chunk);
  const listening = new Promise<number>((resolve) => {
    child.stdout!.on("data", (chunk) => {
      stdout += chunk;
      const [, port] = /^Listening at 127\.0\.0\.1:(\d+) for .*\n$/.exec(stdout) ?? [];
      if (port) resolve(Number(port));
    });
  });
  const ended = once(child, "close");
  try {
    await curl([`http://127.0.0.1:${await listening}/facts`]);
    while (!stderr.includes("\n")) await once(child.stderr!, "data");
  } finally {
    process.kill(child.pid!, "SIGTERM");
  }
  const [code] = await ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Listening at [^\n]+\n$/);
  const [line, summary, more] = stderr.split("\n");
  assert.match(
    line!,
    /^firstflight: 127\.0\.0\.1:\d+ to localhost:\d+: at \S+; fast open .*; new session; early data not sent; \d+ bytes sent; \d+ bytes received; [\d.]+ ms$/,
  );
  assert.match(summary!, /^Forwarded 1 connections: .* 0 failed, 0 refused, 0 cut; \d+ bytes sent/);
  assert.equal(more, "");
});
