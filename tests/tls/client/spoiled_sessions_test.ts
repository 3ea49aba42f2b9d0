/**
 * Sessions that were spoiled on the way to the store or in it. Whatever OpenSSL makes of them, they cost
 * a full handshake at most, and early data never leave under a key that is no secret.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { SessionStore, StoredSession, TlsConn } from "../../../mod.ts";
import { offersTicket } from "../../../tls/engine/client_hello.ts";
import type { ClientConfig } from "../../../tls/engine/contract.ts";
import { Hello } from "../../../tls/client/hello.ts";
import { opensslClient } from "../../../tls/engine/openssl/client.ts";
import { AnsweringServer } from "../../fixtures/answering_server.ts";
import { startListener, trusting, ways } from "../../fixtures/hostile_ways.ts";
import { encode } from "../../peers/exchange.ts";

const name = "localhost"; // Sessions remember the name and the protocol as well.
const alpnProtocols = ["http/1.1"];

/** Hands out what it got, spoiled. */
class SpoilingStore implements SessionStore {
  readonly sessions: StoredSession[] = [];
  spoil: ((session: Uint8Array) => void) | undefined;

  put(_key: string, session: StoredSession): void {
    this.sessions.push(session);
  }

  take(): StoredSession | undefined {
    const { spoil } = this;
    const stored = spoil && this.sessions.pop();
    if (!spoil || !stored) return undefined;
    this.spoil = undefined; // A second try is to be made without.
    const session = new Uint8Array(stored.session); // Of the original OpenSSL has more than the bytes.
    spoil(session);
    return { ...stored, session };
  }
}

/** A server that says what it was told, to whoever told it, and remembers. */
class Hearing extends AnsweringServer {
  readonly heard: string[] = [];

  constructor() {
    // A handshake may fail over a session that it minds.
    super(startListener({ alpnProtocols, maxEarlyData: 1_000, onHandshakeError: () => {} }));
  }

  protected override async answer(conn: TlsConn): Promise<void> {
    const said = await textOf(conn);
    this.heard.push(said);
    await conn.write(encode(said));
    await conn.closeWrite();
  }
}

async function textOf(conn: TlsConn): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of conn.readable) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Says something in early data. */
async function say(server: Hearing, sessions: SessionStore, what: string): Promise<TlsConn> {
  const options = { sessions, serverName: name, alpnProtocols, earlyData: encode(what) };
  const conn = await ways.connectTls(server.port, options);
  await conn.closeWrite();
  assert.equal(await textOf(conn), what);
  return conn;
}

/** A session that was not spoiled yet. */
async function goodSession(server: Hearing, sessions: SpoilingStore): Promise<StoredSession> {
  using _ = await say(server, sessions, "hello");
  const [session] = sessions.sessions;
  assert.ok(session);
  return session;
}

for (
  const [what, mask] of [["all bits", () => 0xff], [
    "one bit",
    (at: number) => 1 << at % 8,
  ]] as const
) {
  test(`any byte of a session with ${what} wrong: early data arrive once`, async () => {
    using server = new Hearing();
    const sessions = new SpoilingStore();
    const { length } = (await goodSession(server, sessions)).session;
    const outcomes = new Set<string>();
    for (let at = 0; at < length; at++) {
      if (sessions.sessions.length === 0) await goodSession(server, sessions);
      sessions.spoil = (session) => session[at]! ^= mask(at);
      using conn = await say(server, sessions, `byte ${at}`);
      assert.equal(server.heard.filter((said) => said === `byte ${at}`).length, 1, `byte ${at}`);
      const [warning] = conn.warnings.filter(({ code }) => code.startsWith("SESSION"));
      outcomes.add(warning?.code ?? (conn.resumed ? "resumed" : "full"));
      if (warning) assert.equal(conn.resumed, false, `byte ${at}`);
      assert.equal(conn.protocol, "TLSv1.3"); // A second try leaves the session out and nothing else.
    }
    // Not readable or of no use, refused by the server, and of no importance.
    for (const outcome of ["SESSION_UNUSABLE", "SESSION_REFUSED", "resumed"]) {
      assert.ok(outcomes.has(outcome), outcome);
    }
  });
}

test("early data leave with the session that protects them, or not at all", async () => {
  using server = new Hearing();
  const { session } = await goodSession(server, new SpoilingStore());
  const early = encode("a secret");
  const outcomes = { early: 0, late: 0 };
  for (let bit = 0; bit < 8 * session.length; bit++) {
    const spoiled = new Uint8Array(session);
    spoiled[bit >> 3]! ^= 1 << (bit & 7);
    const flight = await firstFlight(spoiled, early);
    const sent = hasEarlyData(flight);
    outcomes[sent ? "early" : "late"]++;
    if (sent) assert.ok(offersTicket(flight), `bit ${bit}`);
  }
  assert.ok(outcomes.early > 0 && outcomes.late > 0);
});

async function firstFlight(session: Uint8Array, earlyData: Uint8Array): Promise<Uint8Array> {
  const config: ClientConfig = {
    hostname: name,
    port: 443,
    serverName: name,
    verifyName: true,
    caCerts: trusting.caCerts,
    cert: undefined,
    key: undefined,
    passphrase: undefined,
    postHandshakeAuth: false,
    alpnProtocols,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    groups: undefined,
    hello: "single-share",
    keyShare: "x25519",
    ridesInSyn: true,
    session,
    onTicket: undefined,
    keyLog: undefined,
  };
  const hello = new Hello({
    makeEngine: opensslClient,
    config,
    earlyData,
    fastOpen: true,
    allowance: undefined,
    onIgnored() {},
  });
  try {
    const { complete } = await hello.firstFlight(() => 1_400);
    return complete[0]!;
  } finally {
    hello.free();
  }
}

/** Whether a record of application data (RFC 8446, section 5.1) is in a client's first flight. */
function hasEarlyData(flight: Uint8Array): boolean {
  const view = new DataView(flight.buffer, flight.byteOffset, flight.length);
  for (let at = 0; at < flight.length; at += 5 + view.getUint16(at + 3)) {
    if (flight[at] === 23) return true;
  }
  return false;
}
