/**
 * Servers that turn a first flight down late, or may only seem to: once the handshake has begun, or after
 * it. A relay in front of a server does so, to the connections that a test chooses.
 */

import assert from "node:assert/strict";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, listenTls, serverMemory, startTls, type TlsConn } from "../../../mod.ts";
import {
  cutter,
  type RawServer,
  recordLength,
  startRawServer,
} from "../../fixtures/hostile_server.ts";
import { certificates } from "../../peers/certificates.ts";
import { engineUnderTest } from "../../peers/engine.ts";
import { encode, open, readText, readUntil } from "../../peers/exchange.ts";
import { test } from "../../peers/test.ts";

/** What a relay does to a connection: relays it to the server on this port in its own way. */
type Relay = (client: Socket, port: number) => void;

const pass: Relay = (client, port) => cutter(port, () => Infinity)(client);
const silent: Relay = (client, port) => cutter(port, () => 0)(client);

/** Relays the ClientHello without early data, and the server's first flight; then calls `then`. */
function relayFlights(client: Socket, port: number, then: () => void): void {
  const upstream = connectTcp(port, "127.0.0.1");
  client.once(
    "data",
    (hello: Uint8Array) => upstream.write(hello.subarray(0, recordLength(hello))),
  );
  client.on("close", () => upstream.destroy());
  upstream.once("data", (flight) => client.write(flight, then));
}

/** Cuts behind the server's first flight. */
const cutLate: Relay = (client, port) => relayFlights(client, port, () => client.end());

/** Resets once the client's Finished comes. */
const resetForFinished: Relay = (client, port) => {
  relayFlights(client, port, () => client.on("data", () => client.resetAndDestroy()));
};

/** Lets the server's first record through, and the rest of its flight much later. */
const pause: Relay = (client, port) => {
  const upstream = connectTcp(port, "127.0.0.1");
  client.pipe(upstream);
  client.on("close", () => upstream.destroy());
  upstream.once("data", (flight: Uint8Array) => {
    client.write(flight.subarray(0, 90));
    upstream.pause();
    setTimeout(() => {
      client.write(flight.subarray(90));
      upstream.pipe(client);
    }, 1_500);
  });
};

/** A server behind a relay. It answers each line. */
class Site implements AsyncDisposable {
  /** What happens to the next connections. */
  relay = pass;
  /** The lines that have arrived, by their length. */
  readonly lines: number[] = [];
  readonly #listener = listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificates().server.cert,
    key: certificates().server.key,
    alpnProtocols: ["h2"],
    maxEarlyData: 16_384,
  });
  readonly #front: RawServer;

  private constructor(front: RawServer) {
    this.#front = front;
  }

  static async start(): Promise<Site> {
    const front = await startRawServer((client) => site.relay(client, site.#listener.addr.port));
    const site = new Site(front);
    site.#serve();
    return site;
  }

  get port(): number {
    return this.#front.port;
  }

  get accepted(): number {
    return this.#front.accepted;
  }

  /** What `serverMemory` says that the server is spared. */
  get spared(): string[] {
    const known = serverMemory.entries().find(({ port }) => port === this.port);
    return (known?.spared ?? []).map(({ part, by }) => `${part}: ${by}`);
  }

  /** Sends a line as early as may be, and reads the answer. */
  async ask(options: object = {}, line = "question\n"): Promise<TlsConn> {
    using conn = await open({ port: this.port, earlyData: encode(line), ...options });
    assert.equal(await readText(conn), "answer");
    return conn;
  }

  async #serve(): Promise<void> {
    for await (const conn of this.#listener) this.#answer(conn).catch(() => {});
  }

  async #answer(conn: TlsConn): Promise<void> {
    this.lines.push((await readUntil(conn, /\n/)).length);
    await conn.write(encode("answer"));
    await conn.closeWrite();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#front[Symbol.asyncDispose]();
  }
}

for (
  const [what, alpnProtocols, size] of [
    ["early data", [], 100],
    ["more early data than the session allows", [], 20_000],
    ["early data of HTTP/2", ["h2"], 100],
  ] as const
) {
  test(`${what}: the server closes behind its first flight, and the same call goes on`, {
    needs: "earlyData",
  }, async () => {
    await using site = await Site.start();
    const line = "x".repeat(size - 1) + "\n";
    assert.equal((await site.ask({ alpnProtocols }, line)).earlyData, "not-sent");
    site.relay = (client, port) => {
      site.relay = pass;
      cutLate(client, port);
    };
    const { warnings } = await site.ask({ alpnProtocols }, line);
    assert.deepEqual(warnings.map(({ code }) => code), ["HELLO_REFUSED"]);
    assert.equal(site.accepted, 3);
    assert.deepEqual(site.spared, ["early data: close"]);
    await site.ask({ alpnProtocols }, line);
    assert.equal(site.accepted, 4);
  });
}

test("early data are accepted, and each Finished is answered by a reset: later calls go without", {
  needs: "earlyData",
}, async () => {
  await using site = await Site.start();
  await site.ask();
  site.relay = resetForFinished;
  // The first reset may have cut an early answer, for which the Finished of the second waits.
  for (let round = 0; round < 2; round++) {
    await assert.rejects(() => site.ask(), { code: "CONNECTION_RESET" });
  }
  assert.deepEqual(site.spared, ["early data: reset"]);
  site.relay = pass;
  assert.equal((await site.ask()).earlyData, "not-sent");
});

test("a server that pauses within the handshake is known to be slow", {
  needs: "earlyData",
}, async () => {
  await using site = await Site.start();
  await site.ask();
  site.relay = pause;
  await site.ask();
  assert.equal(site.accepted, 3); // Nobody could know.
  const now = Date.now;
  try {
    Date.now = () => now() + 11_000; // The session is probed.
    assert.equal((await site.ask()).resumed, true);
  } finally {
    Date.now = now;
  }
  assert.equal(site.accepted, 4);
  assert.deepEqual(site.spared, ["early data: silence"]);
});

test("connectTls is given up while the server is silent in the handshake: the next call knows", {
  needs: "earlyData",
}, async () => {
  await using site = await Site.start();
  await site.ask();
  site.relay = (client, port) => cutter(port, (seen) => seen.length > 90 ? 90 : 100)(client);
  await assert.rejects(() => site.ask({ connectTimeout: 900 }), { code: "TIMED_OUT" });
  assert.deepEqual(site.spared, ["early data: silence", "session: silence"]);
  site.relay = pass;
  assert.equal((await site.ask()).resumed, false);
});

test("startTls is given up while the server is silent: the next call knows", {
  needs: "resumption",
}, async () => {
  await using site = await Site.start();
  const ask = async () => {
    const plain = await connect({ hostname: "127.0.0.1", port: site.port });
    using conn = await startTls(plain, {
      caCerts: [certificates().ca],
      connectTimeout: 900,
      engine: engineUnderTest(),
    });
    await conn.write(encode("question\n"));
    assert.equal(await readText(conn), "answer");
    return conn.resumed;
  };
  assert.equal(await ask(), false);
  site.relay = silent;
  await assert.rejects(ask, { code: "TIMED_OUT" });
  assert.deepEqual(site.spared, ["session: silence"]);
  site.relay = pass;
  assert.equal(await ask(), false);
});
