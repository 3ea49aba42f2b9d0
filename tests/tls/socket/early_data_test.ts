/**
 * What a socket sends early, what it says before it knows, and what comes of that.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import {
  type EarlyDataRule,
  MemorySessionStore,
  OptionError,
  safe,
  type SessionStore,
  TlsError,
  type TlsSocket,
  tlsSocket,
  type TlsSocketOptions,
} from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import { startListener } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";
import { httpRequest } from "../../peers/http.ts";
import { factsIn, type Nginx, startNginx } from "../../peers/nginx.ts";
import { requirePeer, soon } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

const skip = requirePeer("nginx", "openssl");
const needs = "earlyData";

/** A socket to `port` of this machine. */
function socketTo(port: number, options: TlsSocketOptions = {}): TlsSocket {
  return tlsSocket({ host: "127.0.0.1", port, ca: certificates().ca, ...options });
}

/** Everything that a socket receives until it ends. */
async function received(socket: TlsSocket): Promise<string> {
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  await soon("end", once(socket, "end"));
  return Buffer.concat(chunks).toString();
}

/** Gets a path over a connection of its own, so that there is a ticket afterwards. */
async function getTicket(nginx: Nginx, sessions: SessionStore, options: TlsSocketOptions = {}) {
  const socket = socketTo(nginx.port, { sessions, ...options });
  socket.write(httpRequest("/facts"));
  await received(socket);
}

async function failureOf(socket: TlsSocket): Promise<Error & { code?: string; cause?: unknown }> {
  const [error] = await soon("error", once(socket, "error"));
  return error;
}

/** Whatever is written first may ride. */
const anything: EarlyDataRule = { mayRide: ({ length }) => length };

test("with a ticket what is written first rides, as far as the rule lets it", {
  skip,
  needs,
}, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  await getTicket(nginx, sessions);
  for (const [method, status] of [["GET", "accepted"], ["POST", "not-sent"]] as const) {
    const socket = socketTo(nginx.port, { sessions, earlyData: safe.http1 });
    const text = httpRequest("/facts").replace("GET", method);
    for (const piece of [text.slice(0, 9), text.slice(9, 30)]) socket.write(piece);
    socket.write(text.slice(30)); // In one turn, it is one first write.
    const facts = factsIn(await received(socket));
    assert.equal(facts.request, `${method} /facts HTTP/1.1`);
    assert.deepEqual([socket.earlyData, socket.isSessionReused()], [status, true]);
  }
});

test("what may not ride follows after the handshake, in order", { skip, needs }, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  await getTicket(nginx, sessions);
  const text = httpRequest("/facts");
  const rule = { mayRide: () => 10 };
  const socket = socketTo(nginx.port, { sessions, earlyData: rule });
  socket.write(text.slice(0, 20));
  socket.write(text.slice(20));
  assert.equal(factsIn(await received(socket)).request, "GET /facts HTTP/1.1");
  assert.equal(socket.earlyData, "accepted");
});

test("without a ticket the socket connects at once, and says so", { skip }, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  for (const optimisticSecureConnect of [false, true]) {
    const socket = socketTo(nginx.port, {
      sessions,
      earlyData: safe.http1,
      optimisticSecureConnect,
    });
    await soon("secureConnect", once(socket, "secureConnect"));
    assert.ok(socket.remotePort === nginx.port);
    assert.equal(socket.earlyData, "not-sent");
    socket.destroy();
    sessions.clear();
  }
});

test("whoever waits for secureConnect before it writes waits no longer than a moment", {
  skip,
  needs,
}, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  await getTicket(nginx, sessions);
  const socket = socketTo(nginx.port, { sessions, earlyData: safe.http1 });
  await soon("secureConnect", once(socket, "secureConnect"));
  socket.write(httpRequest("/facts"));
  assert.equal(factsIn(await received(socket)).early, false);
  assert.deepEqual([socket.earlyData, socket.isSessionReused()], ["not-sent", true]);
});

test("an optimistic socket says what its ticket promises, and what is then written rides", {
  skip,
  needs,
}, async () => {
  await using nginx = await startNginx({ http2: true });
  const sessions = new MemorySessionStore();
  const options: TlsSocketOptions = { sessions, ALPNProtocols: ["http/1.1"] };
  await getTicket(nginx, sessions, options);
  const socket = socketTo(nginx.port, {
    ...options,
    earlyData: safe.http1,
    optimisticSecureConnect: true,
  });
  assert.deepEqual([socket.connecting, socket.authorized], [true, false]);
  await soon("secureConnect", once(socket, "secureConnect"));
  assert.deepEqual([socket.connecting, socket.authorized, socket.pending], [false, true, false]);
  assert.deepEqual([socket.alpnProtocol, socket.getProtocol()], ["http/1.1", "TLSv1.3"]);
  assert.equal(socket.getPeerCertificate().subject?.CN, "localhost");
  assert.equal(socket.earlyData, undefined); // Nothing was sent yet.
  socket.write(httpRequest("/facts"));
  assert.equal(factsIn(await received(socket)).request, "GET /facts HTTP/1.1");
  assert.equal(socket.earlyData, "accepted");
});

test("a ticket that is not used can be used by the next socket", { skip, needs }, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore({ perKey: 1 });
  await leavesNothing(async () => {
    await getTicket(nginx, sessions);
    for (let round = 0; round < 3; round++) {
      const socket = socketTo(nginx.port, {
        sessions,
        earlyData: anything,
        optimisticSecureConnect: true,
      });
      if (round > 0) await soon("secureConnect", once(socket, "secureConnect"));
      socket.destroy();
      await soon("close", once(socket, "close"));
    }
  });
  const socket = socketTo(nginx.port, { sessions, earlyData: safe.http1 });
  socket.write(httpRequest("/facts"));
  await received(socket);
  assert.equal(socket.earlyData, "accepted");
});

test("a server that comes out as another gets no word of the answer handed on", {
  skip,
  needs,
}, async () => {
  const alpn = { before: ["http/1.1"], after: ["h2", "http/1.1"] };
  const sessions = new MemorySessionStore();
  const offered = { sessions, ALPNProtocols: ["h2", "http/1.1"] };
  await using first = await startNginx({ http2: false });
  const { port } = first;
  await getTicket(first, sessions, offered);
  await first.stop();
  await using _second = await startNginx({ http2: true, port });
  const socket = socketTo(port, {
    ...offered,
    earlyData: { mayRide: () => 0 }, // Early data for another protocol are an error of their own.
    optimisticSecureConnect: true,
  });
  await soon("secureConnect", once(socket, "secureConnect"));
  assert.equal(socket.alpnProtocol, alpn.before[0]);
  socket.on("data", () => assert.fail("It handed something on"));
  socket.write("anything");
  const error = await failureOf(socket);
  assert.ok(error instanceof TlsError);
  assert.equal(error.code, "PROMISE_BROKEN");
  assert.match(error.message, /has picked "h2" in place of "http\/1\.1" \(ALPN\)/);
});

test("another certificate breaks the promise for those who have looked at the first", {
  skip,
  needs,
}, async () => {
  for (const looks of [true, false]) {
    const sessions = new MemorySessionStore();
    await using first = await startNginx();
    const { port } = first;
    await getTicket(first, sessions);
    await first.stop();
    await using _second = await startNginx({ port, identity: certificates().otherServer });
    const socket = socketTo(port, {
      sessions,
      earlyData: safe.http1,
      optimisticSecureConnect: true,
    });
    await soon("secureConnect", once(socket, "secureConnect"));
    if (looks) assert.ok(socket.getPeerX509Certificate());
    socket.write(httpRequest("/facts"));
    if (looks) {
      const error = await failureOf(socket);
      assert.deepEqual([error.name, error.code], ["TlsError", "PROMISE_BROKEN"]);
    } else {
      assert.equal(factsIn(await received(socket)).request, "GET /facts HTTP/1.1");
      assert.equal(socket.earlyData, "rejected"); // And sent again.
    }
  }
});

test("a rule that throws or answers nonsense ends the socket, and nothing is sent", {
  skip,
  needs,
}, async () => {
  await using nginx = await startNginx();
  const wrong: readonly (() => unknown)[] = [
    ...[-1, 1.5, NaN, 1e9, "3", null, undefined, 3n, Promise.resolve(3)].map((each) => () => each),
    () => {
      throw new Error("no idea");
    },
  ];
  await leavesNothing(async () => {
    const sessions = new MemorySessionStore({ perKey: 1 });
    await getTicket(nginx, sessions);
    const before = (await nginx.requests(1)).length;
    for (const mayRide of wrong) {
      const rule = { mayRide } as EarlyDataRule;
      const socket = socketTo(nginx.port, { sessions, earlyData: rule });
      socket.write(httpRequest("/facts"));
      const error = await failureOf(socket);
      assert.ok(error instanceof OptionError, String(error));
      assert.equal(error.option, "earlyData");
      assert.match(error.message, /mayRide\(\)/);
      await soon("close", once(socket, "close"));
    }
    assert.equal((await nginx.requests(1)).length, before);
    sessions.clear();
  });
});

test("a rule that changes the bytes it is shown changes nothing", { skip, needs }, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  await getTicket(nginx, sessions);
  const rule: EarlyDataRule = {
    mayRide(first) {
      first.fill(0);
      return first.length;
    },
  };
  const socket = socketTo(nginx.port, { sessions, earlyData: rule });
  socket.write(httpRequest("/facts"));
  assert.equal(factsIn(await received(socket)).request, "GET /facts HTTP/1.1");
});

test("425: what was sent early is sent once more after a handshake", {
  skip,
  needs,
}, async () => {
  const lines = ['location = /late { if ($ssl_early_data) { return 425; } return 200 "late"; }'];
  await using nginx = await startNginx({ lines });
  const sessions = new MemorySessionStore();
  await getTicket(nginx, sessions);
  // Over loopback the handshake may be over before nginx looks. Then there is nothing to ask for.
  for (let round = 0; round < 5; round++) {
    const socket = socketTo(nginx.port, { sessions, earlyData: safe.http1 });
    socket.write(httpRequest("/late"));
    const answer = await received(socket);
    assert.match(answer, /^HTTP\/1\.1 200 .*late$/s);
    const log = await nginx.requests(1);
    const late = log.filter(({ request }) => request.includes("/late"));
    assert.equal(late.filter(({ early }) => !early).length, round + 1);
    if (late.some(({ early }) => early)) return;
  }
});

test("a rule that can't judge an answer is a wrong option, and nothing is handed on", {
  skip,
  needs,
}, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  const broken: readonly (() => unknown)[] = [
    () => {
      throw new Error("no idea");
    },
    () => Promise.resolve(false),
  ];
  for (const asksAgain of broken) {
    await getTicket(nginx, sessions);
    const earlyData = { ...anything, asksAgain } as EarlyDataRule;
    const socket = socketTo(nginx.port, { sessions, earlyData });
    let received = 0;
    socket.on("data", ({ length }) => received += length).write(httpRequest("/facts"));
    const error = await failureOf(socket);
    assert.ok(error instanceof OptionError);
    assert.match(error.message, /^Option "earlyData".*asksAgain\(\).*(no idea;|got Promise)/);
    assert.deepEqual([error.option, socket.destroyed, received], ["earlyData", true, 0]);
  }
});

test("a caller's own check is asked before secureConnect, for each connection", {
  skip,
}, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  const asked: string[] = [];
  const checkServerIdentity = (hostname: string, certificate: { subject: { CN?: string } }) => {
    asked.push(`${hostname} ${certificate.subject.CN}`);
    return undefined;
  };
  for (let round = 1; round <= 2; round++) {
    const socket = socketTo(nginx.port, {
      sessions,
      servername: "localhost",
      checkServerIdentity: checkServerIdentity as never,
    });
    let askedBefore = 0;
    socket.once("secureConnect", () => askedBefore = asked.length);
    socket.write(httpRequest("/facts"));
    await received(socket);
    assert.equal(askedBefore, round);
  }
  assert.deepEqual(asked, ["localhost localhost", "localhost localhost"]);
});

test("a server that the caller's check refuses gets no session kept, and no early data later", {
  skip,
  needs,
}, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  await getTicket(nginx, sessions); // Without the check: it says nothing about this server.
  let offered = 0;
  const store: SessionStore = {
    take(key) {
      const session = sessions.take(key);
      if (session) offered++;
      return session;
    },
    put: (key, session) => sessions.put(key, session),
  };
  const refusal = new Error("not the one I know");
  const checkServerIdentity = () => refusal;
  for (let round = 0; round < 3; round++) {
    const socket = socketTo(nginx.port, {
      sessions: store,
      checkServerIdentity,
      earlyData: anything,
      optimisticSecureConnect: true,
    });
    socket.on("secureConnect", () => assert.fail("It said that it was secure"));
    socket.write(httpRequest("/facts"));
    assert.equal(await failureOf(socket), refusal);
  }
  assert.equal(offered, 0);
});

test("optimism without early data, and other contradictions, are refused at once", () => {
  using listener = startListener();
  const { port } = listener.addr;
  const wrong: readonly (readonly [string, object])[] = [
    ["optimisticSecureConnect", { optimisticSecureConnect: true }],
    ["earlyData", { earlyData: true }],
    ["earlyData", { earlyData: new Uint8Array(3) }],
    ["earlyData", { earlyData: { mayRide: 3 } }],
    ["earlyData", { earlyData: { mayRide() {}, asksAgain: "no" } }],
    ["rejectUnauthorized", { rejectUnauthorized: false }],
    ["checkServerIdentity", { checkServerIdentity: true }],
    ["serverName", { servername: "localhost", serverName: "127.0.0.1" }],
    ["serverName", { servername: "a b" }],
    ["port", { port: "https" }],
    ["port", { port: 0 }],
    ["timeout", { timeout: -1 }],
    ["ciphers", { ciphers: "ALL" }],
    ["alpnProtocol", { alpnProtocol: ["h2"] }],
  ];
  for (const [option, given] of wrong) {
    assert.throws(() => socketTo(port, given as TlsSocketOptions), (error) => {
      assert.ok(error instanceof OptionError, String(error));
      assert.equal(error.option, option, error.message);
      return true;
    });
  }
});

test("what a server does not take early is sent once, after its handshake", {
  skip,
  needs,
}, async () => {
  const ticketKey = new Uint8Array(80).fill(7);
  const takes = { ticketKey, lines: ["ssl_ecdh_curve X25519;"] };
  const servers = {
    "asks for another hello": { ticketKey, lines: ["ssl_ecdh_curve secp384r1;"] },
    "takes none any more": { ...takes, earlyData: false },
    "speaks TLS 1.2": { ...takes, protocols: "TLSv1.2" },
  };
  const sessions = new MemorySessionStore();
  const first = await startNginx(takes);
  const { port } = first;
  for (let count = 0; count < 3; count++) await getTicket(first, sessions);
  await first.stop();
  for (const [what, options] of Object.entries(servers)) {
    await using nginx = await startNginx({ port, ...options });
    const socket = socketTo(port, { sessions, earlyData: safe.http1 });
    socket.write(httpRequest("/facts"));
    assert.equal(factsIn(await received(socket)).early, false, what);
    const earlyData = what === "speaks TLS 1.2" ? "not-sent" : "rejected";
    assert.equal(socket.earlyData, earlyData, what);
    assert.equal((await nginx.requests(1)).length, 1, what);
  }
});
