import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { Agent, request, type RequestOptions } from "node:https";
import { createServer as createRelay, Socket } from "node:net";
import { type Duplex, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { connect as connectOwn } from "node:tls";
import { listenTls, type TlsListener, type TlsSocket } from "../../mod.ts";
import { cutter } from "../fixtures/hostile_server.ts";
import { certificates } from "../peers/certificates.ts";
import { codesOf } from "../peers/engine.ts";
import { encode, open, readText, readUntil } from "../peers/exchange.ts";
import { httpPut, httpRequest } from "../peers/http.ts";
import { bytesOfSize } from "../peers/http_server.ts";
import { factsIn, type NginxFacts, startNginx } from "../peers/nginx.ts";
import { startOpensslServer } from "../peers/openssl_server.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

const skip = requirePeer("nginx", "openssl");

/** Everything a Node stream says. */
async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await soon("end", once(stream, "end"));
  return Buffer.concat(chunks).toString("latin1");
}

/** Sends a request by `node:https`, and returns the answer. */
function send(options: RequestOptions, body?: Uint8Array): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request(options, resolve);
  outgoing.once("error", reject);
  outgoing.end(body);
  return soon("answer", promise);
}

/** An agent whose connections are this project's. */
class FirstFlightAgent extends Agent {
  readonly connections: TlsSocket[] = [];

  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { host, port } = options;
    const where = { hostname: String(host), port: Number(port) };
    open(where).then(
      ({ duplex }) => {
        this.connections.push(duplex);
        callback?.(null, duplex);
      },
      (error) => callback?.(error, undefined as never),
    );
  }
}

test("https.request over a connection", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await open({ port: nginx.port, serverName: "localhost" });
  const answer = await send({
    path: "/facts",
    headers: { host: "localhost", connection: "close" },
    createConnection: () => conn.duplex,
  });
  assert.equal(answer.statusCode, 200);
  const facts = JSON.parse(await textOf(answer)) as NginxFacts;
  assert.equal(facts.request, "GET /facts HTTP/1.1");
  assert.equal(facts.serverName, "localhost");
  assert.equal(facts.protocol, "TLSv1.3");
});

test("https.request with a body of a megabyte", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await open({ port: nginx.port });
  const body = bytesOfSize(1_000_000);
  const answer = await send({
    method: "PUT",
    path: "/upload/body",
    headers: { host: "localhost", "content-length": body.length, connection: "close" },
    createConnection: () => conn.duplex,
  }, body);
  assert.equal(answer.statusCode, 201);
  await textOf(answer);
  assert.deepEqual(nginx.uploaded("body"), body);
});

test("an https.Agent that connects by it keeps connections alive", { skip }, async () => {
  await using nginx = await startNginx();
  const agent = new FirstFlightAgent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let round = 0; round < 3; round++) {
      const options = { host: "localhost", port: nginx.port, path: "/facts", agent };
      const answer = await send(options);
      assert.equal(answer.statusCode, 200);
      const facts = JSON.parse(await textOf(answer)) as NginxFacts;
      assert.equal(facts.serverName, "localhost");
      await new Promise((resolve) => setTimeout(resolve, 10)); // The agent takes it back.
    }
    assert.equal(agent.connections.length, 1);
  } finally {
    agent.destroy();
  }
});

test("an agent's failure to connect is the request's error", { skip }, async () => {
  await using nginx = await startNginx({ identity: certificates().untrusted });
  const agent = new FirstFlightAgent();
  const options = { host: "localhost", port: nginx.port, path: "/", agent };
  await assert.rejects(send(options), (error) => {
    const { code } = error as { code?: string };
    assert.ok(codesOf("UNABLE_TO_GET_ISSUER_CERT_LOCALLY").includes(code as never));
    return true;
  });
});

test("it passes for a TLS socket", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await open({
    port: nginx.port,
    serverName: "localhost",
    alpnProtocols: ["http/1.1"],
  });
  const { duplex } = conn;
  assert.equal(conn.duplex, duplex);
  assert.equal(duplex.encrypted, true);
  assert.equal(duplex.authorized, true);
  assert.equal(duplex.authorizationError, null);
  assert.equal(duplex.connecting, false);
  assert.equal(duplex.alpnProtocol, "http/1.1");
  assert.equal(duplex.getProtocol(), "TLSv1.3");
  assert.equal(duplex.getCipher().standardName, conn.cipher);
  assert.equal(duplex.isSessionReused(), false);
  assert.equal(duplex.remoteAddress, "127.0.0.1");
  assert.equal(duplex.remotePort, nginx.port);
  assert.equal(duplex.remoteFamily, "IPv4");
  assert.equal(duplex.localAddress, "127.0.0.1");
  assert.equal(duplex.localPort, conn.localAddr.port);
  const certificate = duplex.getPeerCertificate();
  assert.equal(certificate.subject?.CN, "localhost");
  assert.match(certificate.subjectaltname ?? "", /DNS:firstflight\.test/);
  assert.equal(duplex.getPeerX509Certificate()?.checkHost("localhost"), "localhost");
  assert.equal(duplex.setNoDelay().setKeepAlive().ref().unref().ref(), duplex);
});

test("without ALPN and certificate it says so as a TLS socket does", { skip }, async () => {
  const { cert, key } = certificates().server;
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const [server, client] = await Promise.all([
    listener.accept(),
    open({ port: listener.addr.port, sessions: false }),
  ]);
  assert.equal(client.duplex.alpnProtocol, false);
  assert.equal(server.duplex.authorized, false);
  assert.deepEqual(server.duplex.getPeerCertificate(), {});
  assert.equal(server.duplex.getPeerX509Certificate(), undefined);
  client.close();
  server.close();
});

test("pipeline sends and receives", { skip }, async () => {
  await using nginx = await startNginx();
  const body = bytesOfSize(2_000_000);
  using conn = await open({ port: nginx.port });
  const whole = httpPut("/upload/body", body);
  const pieces = Array.from({ length: 20 }, (_, index) => {
    const size = Math.ceil(whole.length / 20);
    return Buffer.from(whole.subarray(index * size, (index + 1) * size));
  });
  let answer = "";
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      answer += chunk.toString("latin1");
      done();
    },
  });
  await Promise.all([
    pipeline(Readable.from(pieces), conn.duplex, { end: false }),
    pipeline(conn.duplex, sink),
  ]);
  assert.match(answer, /^HTTP\/1\.1 201 /);
  assert.deepEqual(nginx.uploaded("body"), body);
});

test("end half-closes: the peer hears it and may still answer", { skip }, async () => {
  const { cert, key } = certificates().server;
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const [server, client] = await Promise.all([
    listener.accept(),
    open({ port: listener.addr.port, sessions: false }),
  ]);
  client.duplex.write("quest");
  client.duplex.end("ion");
  assert.equal(await readText(server), "question");
  await server.write(encode("answer"));
  await server.closeWrite();
  assert.equal(await textOf(client.duplex), "answer");
  client.close();
  server.close();
});

/** An agent whose connections `connect` makes. */
class OtherAgent extends Agent {
  readonly connect: () => Promise<Duplex>;

  constructor(connect: () => Promise<Duplex>) {
    super();
    this.connect = connect;
  }

  override createConnection(
    _options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.connect().then((duplex) => callback?.(null, duplex));
  }
}

/** The ways to a Duplex over TLS: the runtime's own, and this project's. */
const toDuplex: Readonly<Record<string, (port: number) => Promise<Duplex>>> = {
  async own(port) {
    const socket = connectOwn({ host: "127.0.0.1", port, ca: certificates().ca });
    await once(socket, "secureConnect");
    return socket;
  },
  ours: async (port) => (await open({ port, sessions: false })).duplex,
};

/** What a stream says from here on. */
function eventsOf(stream: Duplex | IncomingMessage): string[] {
  const events: string[] = [];
  for (const event of ["end", "aborted", "finish", "close"]) {
    stream.on(event, () => events.push(event));
  }
  stream.on("error", ({ code }: Error & { code?: string }) => events.push(`error ${code}`));
  return events;
}

/** A listener behind a relay, which cuts connections when it is told to. */
async function startCut(cut: "FIN" | "RST"): Promise<CutServer> {
  const { cert, key } = certificates().server;
  const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const sockets: Socket[] = [];
  const relay = createRelay({ allowHalfOpen: true }, (client) => {
    sockets.push(client);
    cutter(listener.addr.port, () => Infinity)(client);
    client.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(relay, "listening");
  return {
    listener,
    port: (relay.address() as { port: number }).port,
    cut() {
      for (const client of sockets) cut === "RST" ? client.resetAndDestroy() : client.end();
    },
    [Symbol.dispose]() {
      listener.close();
      for (const client of sockets) client.destroy();
      relay.close();
    },
  };
}

interface CutServer extends Disposable {
  readonly listener: TlsListener;
  readonly port: number;
  /** Cuts what is open. */
  cut(): void;
}

test("an answer of HTTP/1.0 that ends with TCP is whole, as over a TLS socket", {
  skip,
}, async () => {
  const heard = async (connect: (port: number) => Promise<Duplex>, lines: string) => {
    using server = await startCut("FIN");
    const accepting = server.listener.accept();
    const agent = new OtherAgent(() => connect(server.port));
    const asking = request({ host: "127.0.0.1", port: server.port, path: "/", agent });
    const failures: unknown[] = [];
    asking.on("error", ({ code }: Error & { code?: string }) => failures.push(code)).end();
    const answering = once(asking, "response") as Promise<[IncomingMessage]>;
    using served = await accepting;
    await readUntil(served, /\r\n\r\n/);
    await served.write(encode(`HTTP/1.0 200 OK\r\n${lines}\r\nhello`));
    const [answer] = await soon("answer", answering);
    const events = eventsOf(answer);
    answer.once("data", () => server.cut());
    const { promise: over, resolve } = Promise.withResolvers<void>();
    answer.once("close", resolve);
    await soon("end of the answer", over);
    return { events, failures, complete: answer.complete };
  };
  const { own, ours } = toDuplex;
  assert.ok(own && ours);
  // Where the length is known, node:http finds that the answer is cut.
  for (const lines of ["", "Content-Length: 5\r\n", "Content-Length: 9\r\n"]) {
    const outcome = await heard(ours, lines);
    assert.deepEqual([outcome.failures, outcome.complete], [[], !lines.includes("9")]);
    assert.deepEqual(outcome, await heard(own, lines));
  }
});

test("after a whole answer end() is no error, though the server has reset the connection", {
  skip,
}, async () => {
  const heard = async (connect: (port: number) => Promise<Duplex>) => {
    using server = await startCut("RST");
    const accepting = server.listener.accept();
    const duplex = await connect(server.port);
    using served = await accepting;
    const events = eventsOf(duplex);
    await served.write(encode("the whole answer"));
    await served.closeWrite();
    assert.equal(await textOf(duplex as unknown as Readable), "the whole answer");
    server.cut();
    await new Promise((resolve) => setTimeout(resolve, 10)); // It arrives.
    const closed = duplex.closed ? undefined : once(duplex, "close");
    duplex.end();
    if (closed) await soon("close", closed);
    return events;
  };
  const { own, ours } = toDuplex;
  assert.ok(own && ours);
  for (let round = 0; round < 5; round++) {
    assert.deepEqual(await heard(ours), await heard(own));
  }
});

/** Ends a connection whose server resets it `when`, and returns what the duplex says. */
async function endReset(when: "before any answer" | "after it" | "amid it"): Promise<string[]> {
  using server = await startCut("RST");
  const accepting = server.listener.accept();
  const { duplex } = await open({ port: server.port, sessions: false });
  using served = await accepting;
  const events = eventsOf(duplex);
  const closed = soon("close", new Promise((resolve) => duplex.once("close", resolve)));
  duplex.write("question");
  await readUntil(served, /question/);
  if (when === "after it") {
    duplex.on("data", () => {
      server.cut();
      duplex.end();
    });
    await served.write(encode("the whole answer"));
  } else {
    duplex.end();
    if (when === "amid it") {
      duplex.once("data", () => server.cut());
      await served.write(encode("half an answer"));
    } else {
      duplex.resume();
      await new Promise((resolve) => setTimeout(resolve, 20)); // The goodbye arrives.
      server.cut();
    }
  }
  await closed;
  return events.filter((event) => event !== "finish");
}

test("end() after an answer that a reset follows is no error, but end() before it is", {
  skip,
}, async () => {
  for (let round = 0; round < 20; round++) {
    assert.deepEqual(await endReset("after it"), ["end", "close"]);
  }
  for (const when of ["before any answer", "amid it"] as const) {
    assert.deepEqual(await endReset(when), ["error ECONNRESET", "close"]);
  }
});

test("destroy closes, and the peer hears that", { skip }, async () => {
  await using server = await startOpensslServer();
  using conn = await open({ port: server.port });
  const { duplex } = conn;
  const closed = once(duplex, "close");
  await server.handshakes();
  duplex.destroy();
  await soon("close", closed);
  assert.equal(duplex.destroyed, true);
  await server.saw(/^DONE$/m);
  await assert.rejects(conn.read(new Uint8Array(1)), { code: "CONNECTION_CLOSED" });
});

test("destroySoon sends what is queued", { skip }, async () => {
  await using server = await startOpensslServer();
  using conn = await open({ port: server.port });
  await server.handshakes();
  conn.duplex.write("the last words\n");
  conn.duplex.destroySoon();
  await server.saw(/^the last words$/m);
  await server.saw(/^DONE$/m);
});

test("setTimeout takes what net.Socket takes, and refuses what it refuses", { skip }, async () => {
  const { cert, key } = certificates().server;
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  using conn = await open({ port: listener.addr.port, sessions: false });
  const { duplex } = conn;
  const own = new Socket();
  for (const milliseconds of [-1, NaN, Infinity, "5", undefined, null] as number[]) {
    const refusal = (socket: { setTimeout(milliseconds: number): unknown }) => {
      try {
        socket.setTimeout(milliseconds);
      } catch (error) {
        const { name, code } = error as Error & { code?: string };
        return { name, code };
      }
      throw new Error(`It takes ${milliseconds}`);
    };
    assert.deepEqual(refusal(duplex), refusal(own));
  }
  let called = false;
  duplex.setTimeout(1e300, () => called = true); // A timer of its own would fire at once.
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(called, false);
});

test("setTimeout emits timeout once nothing happens any more", { skip }, async () => {
  await using server = await startOpensslServer();
  using conn = await open({ port: server.port });
  const { duplex } = conn;
  let calls = 0;
  duplex.setTimeout(100, () => calls++);
  await soon("timeout", once(duplex, "timeout"));
  assert.equal(calls, 1);
  assert.equal(duplex.destroyed, false); // What to do about it is the caller's business.
  duplex.setTimeout(0);
  server.type("still here\n");
  const [chunk] = await soon("data", once(duplex, "data")) as [Buffer];
  assert.equal(String(chunk), "still here\n");
  duplex.destroy();
});

test("closing the connection ends the duplex, and that is no error", { skip }, async () => {
  await using server = await startOpensslServer();
  const conn = await open({ port: server.port });
  const { duplex } = conn;
  const errors: unknown[] = [];
  duplex.on("error", (error) => errors.push(error)).resume();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  duplex.on("close", resolve);
  conn.close();
  await soon("close", closed);
  assert.deepEqual(errors, []);
});

test("an HTTP server of the runtime takes a listener's connections", { skip }, async () => {
  const { cert, key } = certificates().server;
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const server = createHttpServer((incoming, response) => {
    response.end(`You asked for ${incoming.url}`);
  });
  (async () => {
    for await (const conn of listener) server.emit("connection", conn.duplex);
  })();
  using conn = await open({ port: listener.addr.port, sessions: false });
  await conn.write(encode(httpRequest("/something")));
  assert.match(await readText(conn), /You asked for \/something/);
});

test("data that arrived before the duplex was asked for is not lost", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await open({ port: nginx.port });
  await conn.write(encode(httpRequest("/facts")));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(factsIn(await textOf(conn.duplex)).request, "GET /facts HTTP/1.1");
});
