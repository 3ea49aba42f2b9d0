/** What becomes of a socket whose early data are answered by 425 (RFC 8470, section 5.2). */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  type EarlyDataRule,
  MemorySessionStore,
  OptionError,
  safe,
  type TlsSocket,
  tlsSocket,
  type TlsSocketOptions,
} from "../../../mod.ts";
import { answerOf, type Http1Request, requestsOf } from "../../fixtures/counted_http1.ts";
import {
  type CountedConn,
  type CountedServer,
  startCounted,
} from "../../fixtures/counted_server.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { until } from "../../fixtures/hostile_ways.ts";
import { certificates, type Identity } from "../../peers/certificates.ts";
import { soon } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

const needs = "earlyData";
const TOO_EARLY = "425 Too Early";

const ask = (path = "/", last = true) =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\n${last ? "Connection: close\r\n" : ""}\r\n`;

/** A server that says 425 to what comes early, and a client with a ticket for it. */
class Scene implements AsyncDisposable {
  /** What the server has got: the path, and whether that was early. */
  readonly seen: string[] = [];
  readonly connections: CountedConn[] = [];
  readonly sessions = new MemorySessionStore();
  identity: Identity = certificates().server;
  server!: CountedServer;
  /** How the server answers what was early. */
  refuse: (connection: CountedConn, request: Http1Request) => Promise<void> = (
    connection,
    request,
  ) => connection.send(answerOf(TOO_EARLY, "", request));

  async start(): Promise<this> {
    this.server = await startCounted({
      serve: (connection) => this.#serve(connection),
      options: () => ({ cert: this.identity.cert, key: this.identity.key }),
    });
    await answerTo(this.socket(ask()));
    this.seen.length = this.connections.length = 0;
    return this;
  }

  async #serve(connection: CountedConn): Promise<void> {
    this.connections.push(connection);
    for await (const request of requestsOf(connection)) {
      this.seen.push(`${request.target} ${request.isEarly ? "early" : "late"}`);
      if (request.isEarly) {
        await this.refuse(connection, request);
      } else {
        const status = request.target === "/never" ? TOO_EARLY : "200 OK";
        await connection.send(answerOf(status, "done", request));
      }
      if (request.isLast) return;
    }
  }

  /** A socket that writes a text first. */
  socket(text: string, options: TlsSocketOptions = {}): TlsSocket {
    const { port } = this.server;
    const trusting = { host: "127.0.0.1", port, ca: certificates().ca, sessions: this.sessions };
    const socket = tlsSocket({ ...trusting, earlyData: safe.http1, ...options });
    if (text) socket.write(text);
    return socket;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

/** All that a socket gets. */
async function answerTo(socket: TlsSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await soon("close", new Promise((resolve) => socket.once("close", resolve))); // After an error, too.
  return Buffer.concat(chunks).toString();
}

async function failureOf(socket: TlsSocket): Promise<Error & { code?: string }> {
  const [error] = await soon("error", once(socket, "error"));
  return error;
}

test("425: whoever has ended after the request gets the answer, too", { needs }, async () => {
  await leavesNothing(async () => {
    await using scene = await new Scene().start();
    const ended: Record<string, (socket: TlsSocket) => void> = {
      "at once": (socket) => socket.end(),
      "once the connection stands": (socket) => socket.once("secureConnect", () => socket.end()),
      "with a half that stays open": (socket) => socket.end(),
    };
    for (const [when, end] of Object.entries(ended)) {
      scene.seen.length = 0;
      const socket = scene.socket(ask("/"), { allowHalfOpen: when.includes("half") });
      end(socket);
      assert.match(await answerTo(socket), /^HTTP\/1\.1 200 .*done$/s, when);
      assert.deepEqual(scene.seen, ["/ early", "/ late"], when);
    }
  });
});

test("425: an end that comes while it is asked again reaches the other connection", {
  needs,
}, async () => {
  await using scene = await new Scene().start();
  const socket = scene.socket(ask("/", false));
  scene.refuse = async (connection, request) => {
    await connection.send(answerOf(TOO_EARLY, "", request));
    setImmediate(() => socket.end());
  };
  assert.match(await answerTo(socket), /^HTTP\/1\.1 200 .*done$/s);
  await until(() => scene.seen.length === 2);
});

test("425: its status may come in pieces, and after hints", { needs }, async () => {
  await using scene = await new Scene().start();
  const pieces = [
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n",
    "\r\nHTTP/1.1 4",
    "25 Too Early\r\n\r\n",
  ];
  scene.refuse = async (connection) => {
    for (const piece of pieces) {
      await connection.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  assert.match(await answerTo(scene.socket(ask())), /^HTTP\/1\.1 200 .*done$/s);
});

test("an answer that is cut within its status is handed on, with what has cut it", {
  needs,
}, async () => {
  for (const isReset of [false, true]) {
    await using scene = await new Scene().start();
    scene.refuse = async (connection) => {
      await connection.send("HTTP/1.1 42");
      if (isReset) await new Promise((resolve) => setTimeout(resolve, 5)); // Otherwise it is lost.
      if (isReset) connection.reset();
    };
    const socket = scene.socket(ask());
    const codes: (string | undefined)[] = [];
    socket.on("error", ({ code }: { code?: string }) => codes.push(code));
    assert.equal(await answerTo(socket), "HTTP/1.1 42");
    // A write that finds the connection reset hears EPIPE: here that of the Finished may be first.
    assert.match(codes.join(), isReset ? /^(ECONNRESET|EPIPE)$/ : /^$/);
    assert.deepEqual(scene.seen, ["/ early"]);
  }
});

test("a second 425, without early data, is handed on", { needs }, async () => {
  await using scene = await new Scene().start();
  const socket = scene.socket(ask("/never"));
  assert.match(await answerTo(socket), /^HTTP\/1\.1 425 /);
  assert.equal(socket.earlyData, "not-sent");
  assert.deepEqual(scene.seen, ["/never early", "/never late"]);
});

test("425: when more was written meanwhile, nothing is sent twice and nothing is held", {
  needs,
}, async () => {
  await using scene = await new Scene().start();
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
  scene.refuse = async (connection, request) => {
    await connection.send("HTTP/1.1 100 Continue\r\n\r\n"); // It has something to say before it knows.
    await mayAnswer;
    await connection.send(answerOf(TOO_EARLY, "", request));
  };
  const socket = scene.socket(ask("/first", false));
  await soon("secureConnect", once(socket, "secureConnect"));
  const first = soon("a hint", once(socket, "data"));
  await until(() => scene.seen.length === 1);
  socket.write(ask("/second"));
  assert.match(String((await first)[0]), /^HTTP\/1\.1 100 Continue/);
  answer();
  assert.match(await answerTo(socket), /^HTTP\/1\.1 425 .*HTTP\/1\.1 200 .*done$/s);
  assert.deepEqual(scene.seen, ["/first early", "/second late"]);
});

test("425, and then nobody is there any more: the socket fails, once", { needs }, async () => {
  await leavesNothing(async () => {
    await using scene = await new Scene().start();
    scene.refuse = async (connection, request) => {
      scene.server.stopListening();
      await connection.send(answerOf(TOO_EARLY, "", request));
    };
    const socket = scene.socket(ask());
    socket.on("data", () => assert.fail("It handed something on"));
    assert.equal((await failureOf(socket)).code, "ECONNREFUSED");
    await soon("close", once(socket, "close"));
  });
});

test("425: a socket that is destroyed while it asks again leaves nothing", { needs }, async () => {
  await leavesNothing(async () => {
    for (const turns of [0, 1, 2, 3, 5, 8]) {
      await using scene = await new Scene().start();
      const socket = scene.socket(ask());
      scene.refuse = async (connection, request) => {
        await connection.send(answerOf(TOO_EARLY, "", request));
        for (let turn = 0; turn < turns; turn++) await new Promise((done) => setImmediate(done));
        socket.destroy();
      };
      await answerTo(socket);
    }
  });
});

test("425: the other connection has the socket's settings, and its own ends", {
  needs,
}, async () => {
  await using scene = await new Scene().start();
  const socket = scene.socket(ask("/", false), { keepAlive: true });
  await soon("answer", once(socket, "data"));
  assert.deepEqual(scene.seen, ["/ early", "/ late"]);
  assert.equal(socket.localPort, scene.connections[1]?.clientPort);
  await until(() => hasKeepAlive(socket.localPort)); // Once all is acknowledged.
  socket.destroy();
});

/** Whether the kernel's timer of a connection is that of keep-alive (proc(5), /proc/net/tcp). */
function hasKeepAlive(localPort: number | undefined): boolean {
  const hex = (localPort ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const connections = readFileSync("/proc/self/net/tcp", "utf8").split("\n");
  return connections.some((connection) => {
    const [, local, , , , timer] = connection.trim().split(/\s+/);
    return local?.endsWith(`:${hex}`) && timer?.startsWith("02:");
  });
}

test("425: another certificate breaks what somebody was told of the first one", {
  needs,
}, async () => {
  for (const looks of [true, false]) {
    await using scene = await new Scene().start();
    const socket = scene.socket(ask());
    socket.once("secureConnect", () => looks && socket.getPeerX509Certificate());
    scene.refuse = async (connection, request) => {
      scene.identity = certificates().otherServer;
      await connection.send(answerOf(TOO_EARLY, "", request));
    };
    if (looks) assert.equal((await failureOf(socket)).code, "PROMISE_BROKEN");
    else assert.match(await answerTo(socket), /^HTTP\/1\.1 200 .*done$/s);
  }
});

test("a rule may be an object of a class, and stays what it was when the socket was made", {
  needs,
}, async () => {
  class Rule implements EarlyDataRule {
    #asked = 0;

    get asked(): number {
      return this.#asked;
    }

    mayRide(first: Uint8Array): number {
      this.#asked++;
      return safe.http1.mayRide(first);
    }

    asksAgain(answer: Uint8Array): boolean | undefined {
      this.#asked++;
      return safe.http1.asksAgain(answer);
    }
  }
  await using scene = await new Scene().start();
  const rule = new Rule();
  const socket = scene.socket(ask(), { earlyData: rule });
  Object.assign(rule, { mayRide: () => 0, asksAgain: undefined });
  assert.match(await answerTo(socket), /^HTTP\/1\.1 200 .*done$/s);
  assert.deepEqual(scene.seen, ["/ early", "/ late"]);
  assert.ok(rule.asked >= 2);
});

test("a rule that throws over an answer, or says nonsense of it, ends the socket", {
  needs,
}, async () => {
  const wrong: readonly (() => unknown)[] = [
    () => {
      throw new Error("no idea");
    },
    ...["yes", 1, null, Promise.resolve(true)].map((each) => () => each),
  ];
  await leavesNothing(async () => {
    await using scene = await new Scene().start();
    for (const asksAgain of wrong) {
      const rule = { ...safe.http1, asksAgain } as EarlyDataRule;
      const socket = scene.socket(ask(), { earlyData: rule });
      socket.on("data", () => assert.fail("It handed something on"));
      const error = await failureOf(socket);
      assert.ok(error instanceof OptionError, String(error));
      assert.match(error.message, /asksAgain\(\)/);
      await soon("close", once(socket, "close"));
      await answerTo(scene.socket(ask())); // There is a ticket again.
    }
  });
});
