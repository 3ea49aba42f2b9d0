import assert from "node:assert/strict";
import {
  connect,
  MemorySessionStore,
  type SessionStore,
  startTls,
  type StoredSession,
} from "../../../mod.ts";
import { certificates, SOON } from "../../peers/certificates.ts";
import { engineUnderTest } from "../../peers/engine.ts";
import { ask, type LocalOptions, open } from "../../peers/exchange.ts";
import { type NginxOptions, startNginx } from "../../peers/nginx.ts";
import { requirePeer } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

const skip = requirePeer("nginx", "openssl");
const resuming = { skip, needs: "resumption" } as const;

/** A store that tells what it was asked. */
class WatchedStore implements SessionStore {
  readonly inner = new MemorySessionStore();
  readonly taken: string[] = [];
  readonly put_: string[] = [];
  readonly sessions: StoredSession[] = [];

  take(key: string): StoredSession | undefined {
    this.taken.push(key);
    return this.inner.take(key);
  }

  put(key: string, session: StoredSession): void {
    this.put_.push(key);
    this.sessions.push(session);
    this.inner.put(key, session);
  }
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${version}: the second connection resumes, both sides say so`, resuming, async () => {
    await using nginx = await startNginx({ protocols: version });
    for (const resumed of [false, true, true]) {
      const { conn, facts } = await ask({ port: nginx.port }); // The store everybody shares.
      assert.equal(conn.protocol, version);
      assert.equal(conn.resumed, resumed);
      assert.equal(facts.resumed, resumed);
      assert.ok(conn.peerCertificate, "a resumed session remembers the certificate");
    }
  });

  test(`${version}: sessions false resumes nothing`, { skip }, async () => {
    await using nginx = await startNginx({ protocols: version });
    for (let round = 0; round < 2; round++) {
      const { conn, facts } = await ask({ port: nginx.port, sessions: false });
      assert.equal(conn.resumed, false);
      assert.equal(facts.resumed, false);
    }
  });

  test(`${version}: a server that lost its keys gets a full handshake`, resuming, async () => {
    const options: NginxOptions = { protocols: version };
    const sessions = new MemorySessionStore();
    const before = await startNginx({ ...options, ticketKey: new Uint8Array(48).fill(1) });
    const { port } = before;
    await ask({ port, sessions });
    await before.stop();
    await using _after = await startNginx({
      ...options,
      port,
      ticketKey: new Uint8Array(48).fill(2),
    });
    assert.equal((await ask({ port, sessions })).conn.resumed, false);
    assert.equal((await ask({ port, sessions })).facts.resumed, true);
  });

  test(`${version}: a server that kept its keys across a restart resumes`, resuming, async () => {
    const options: NginxOptions = { protocols: version, ticketKey: new Uint8Array(48).fill(1) };
    const sessions = new MemorySessionStore();
    const before = await startNginx(options);
    const { port } = before;
    await ask({ port, sessions });
    await before.stop();
    await using _after = await startNginx({ ...options, port });
    assert.equal((await ask({ port, sessions })).facts.resumed, true);
  });
}

test("each session is taken once, also by connections at the same time", resuming, async () => {
  await using nginx = await startNginx();
  const sessions = new WatchedStore();
  await ask({ port: nginx.port, sessions });
  const tickets = sessions.sessions.length;
  assert.equal(tickets, 2); // What OpenSSL's servers send.
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => ask({ port: nginx.port, sessions })),
  );
  const resumed = answers.filter(({ facts }) => facts.resumed);
  assert.equal(resumed.length, tickets);
  assert.equal(sessions.taken.length, 5);
});

test("a session is kept under everything that it was agreed with", resuming, async () => {
  const { ca, client, untrusted } = certificates();
  await using nginx = await startNginx({ lines: ["ssl_verify_client optional;"] });
  await using other = await startNginx();
  const variants: LocalOptions[] = [
    { port: nginx.port },
    { port: other.port },
    { port: nginx.port, hostname: "localhost" },
    { port: nginx.port, serverName: "localhost" },
    { port: nginx.port, serverName: "firstflight.test" },
    { port: nginx.port, unsafelyDisableHostnameVerification: true },
    { port: nginx.port, alpnProtocols: ["http/1.1"] },
    { port: nginx.port, caCerts: [ca, untrusted.leaf] },
    { port: nginx.port, cert: client.cert, key: client.key },
    { port: nginx.port, maxVersion: "TLSv1.2" },
    { port: nginx.port, minVersion: "TLSv1.3" },
  ];
  const sessions = new WatchedStore();
  for (const variant of variants) {
    const { conn } = await ask({ ...variant, sessions });
    assert.equal(conn.resumed, false, JSON.stringify(Object.keys(variant)));
  }
  assert.equal(new Set(sessions.taken).size, variants.length);
  assert.deepEqual(new Set(sessions.put_), new Set(sessions.taken));
  for (const key of sessions.taken) assert.match(key, /^[0-9a-f]{64}$/);
  for (const variant of variants) {
    const { conn, facts } = await ask({ ...variant, sessions });
    assert.equal(conn.resumed, true, JSON.stringify(Object.keys(variant)));
    if (variant.cert) assert.equal(facts.client, "SUCCESS");
  }
});

test("sessions are plain bytes that a store may keep anywhere", resuming, async () => {
  await using nginx = await startNginx();
  const kept: string[] = [];
  const sessions: SessionStore = {
    async put(_key, { session, expires }) {
      await Promise.resolve();
      kept.push(JSON.stringify({ session: [...session], expires }));
    },
    async take() {
      await Promise.resolve();
      const text = kept.pop();
      if (text === undefined) return undefined;
      const { session, expires } = JSON.parse(text);
      return { session: Uint8Array.from(session), expires };
    },
  };
  await ask({ port: nginx.port, sessions });
  const { expires } = JSON.parse(kept[0] ?? "{}");
  const hour = 60 * 60 * 1000; // nginx's ssl_session_timeout
  assert.ok(expires > Date.now() + hour / 2 && expires <= Date.now() + hour);
  assert.equal((await ask({ port: nginx.port, sessions })).facts.resumed, true);
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${version}: a session does not outlive the certificate`, resuming, async () => {
    const { expiring } = certificates();
    await using nginx = await startNginx({ protocols: version, identity: expiring });
    const sessions = new WatchedStore();
    for (const resumed of [false, true]) {
      assert.equal((await ask({ port: nginx.port, sessions })).conn.resumed, resumed);
    }
    const validTo = Date.now() + SOON;
    for (const { expires } of sessions.sessions) {
      assert.ok(expires > Date.now() && expires <= validTo, `${validTo - expires} ms to spare`);
    }
  });
}

const fail = () => {
  throw new Error("The disk is full");
};
const handing = (session: Uint8Array, expires = Date.now() + 3_600_000) => ({
  take: () => ({ session, expires }),
  put() {},
});

for (
  const [what, sessions, codes, message] of [
    [
      "throws",
      { take: fail, put: fail },
      ["SESSION_STORE_FAILED"],
      /take \(The disk is full\); the handshake is a full one/,
    ],
    [
      "rejects",
      { take: () => Promise.reject(new Error("No")), put: () => Promise.reject(new Error("No")) },
      ["SESSION_STORE_FAILED"],
      /take \(No\)/,
    ],
    [
      "hangs",
      { take: () => new Promise<undefined>(() => {}), put: () => new Promise<void>(() => {}) },
      ["SESSION_STORE_FAILED"],
      /no answer within 100 ms/,
    ],
    ["hands out nothing", handing(new Uint8Array()), ["SESSION_UNUSABLE"], /no session/],
    ["hands out rubbish", handing(new Uint8Array(100)), ["SESSION_UNUSABLE"], /can't be used/],
    ["hands out what is stale", handing(new Uint8Array(100), 1), ["SESSION_UNUSABLE"], /expired/],
    ["hands out text", { take: () => "session", put() {} }, ["SESSION_UNUSABLE"], /no session/],
  ] as const
) {
  test(
    `a store that ${what} costs a full handshake, and the connection says so`,
    resuming,
    async () => {
      await using nginx = await startNginx();
      const options = { port: nginx.port, sessions: sessions as SessionStore };
      const { conn } = await ask(options, { early: true });
      assert.deepEqual([conn.resumed, conn.earlyData], [false, "not-sent"]);
      const takes = conn.warnings.filter(({ message }) => !message.includes("failed to put"));
      assert.deepEqual(takes.map(({ code }) => code), codes);
      assert.match(takes[0]?.message ?? "", message);
      const puts = conn.warnings.filter(({ message }) => message.includes("failed to put"));
      assert.equal(puts.length > 0, what === "throws" || what === "rejects");
      assert.equal((await nginx.requests()).length, 1);
    },
  );
}

test("tampered and truncated sessions: a full handshake, never a crash", resuming, async () => {
  await using nginx = await startNginx();
  const watched = new WatchedStore();
  await ask({ port: nginx.port, sessions: watched });
  const { session } = watched.sessions[0]!;
  const variants = [
    ...[1, 10, session.length - 1].map((length) => session.slice(0, length)),
    ...Array.from({ length: 60 }, (_, index) => {
      const changed = new Uint8Array(session);
      changed[Math.floor(index * session.length / 60)]! ^= 0xff;
      return changed;
    }),
  ];
  for (const variant of variants) {
    // Some bytes don't matter and some only to the server; the certificate is verified all the same.
    const { conn } = await ask({ port: nginx.port, sessions: handing(variant) }, { early: true });
    const unread = conn.warnings.some(({ code }) => code === "SESSION_UNUSABLE");
    if (unread) assert.equal(conn.resumed, false);
  }
  assert.equal((await nginx.requests(variants.length + 1)).length, variants.length + 1);
});

test("startTls says of a session that it can't be used, too", resuming, async () => {
  await using nginx = await startNginx();
  const { ca } = certificates();
  const plain = await connect({ hostname: "127.0.0.1", port: nginx.port });
  const sessions = handing(new Uint8Array(100));
  using conn = await startTls(plain, { caCerts: [ca], sessions, engine: engineUnderTest() });
  assert.equal(conn.resumed, false);
  assert.deepEqual(conn.warnings.map(({ code }) => code), ["SESSION_UNUSABLE"]);
});

test("a store that answers late gets the session back", resuming, async () => {
  await using nginx = await startNginx();
  const watched = new WatchedStore();
  const { conn: first } = await ask({ port: nginx.port, sessions: watched });
  assert.equal(first.resumed, false);
  const stored = watched.sessions.at(-1)!;
  const late = Promise.withResolvers<StoredSession>();
  const back: StoredSession[] = [];
  const slow: SessionStore = {
    take: () => late.promise,
    put(_key, session) {
      back.push(session);
    },
  };
  const { conn } = await ask({ port: nginx.port, sessions: slow });
  assert.equal(conn.resumed, false);
  late.resolve(stored);
  await late.promise;
  await Promise.resolve();
  assert.ok(back.includes(stored));
});

test("a session for a connection that was never attempted goes back", resuming, async () => {
  const stored: StoredSession = { session: new Uint8Array(10), expires: Date.now() + 60_000 };
  const back: [string, StoredSession][] = [];
  let asked = "";
  const sessions: SessionStore = {
    take(key) {
      asked = key;
      return stored;
    },
    put(key, session) {
      back.push([key, session]);
    },
  };
  await assert.rejects(open({ hostname: "nowhere.invalid", port: 443, sessions }), {
    name: "ConnectError",
  });
  assert.deepEqual(back, [[asked, stored]]);
});

test("MemorySessionStore hands out the newest session of a key, once", () => {
  const store = new MemorySessionStore();
  const expires = Date.now() + 60_000;
  const session = (byte: number, until = expires) => ({
    session: Uint8Array.of(byte),
    expires: until,
  });
  const take = (key: string) => store.take(key)?.session[0];
  assert.equal(take("a"), undefined);
  for (const byte of [1, 2, 3, 4, 5]) store.put("a", session(byte));
  store.put("b", session(9));
  assert.deepEqual([1, 2, 3, 4, 5].map(() => take("a")), [5, 4, 3, 2, undefined]);
  assert.equal(take("b"), 9);

  store.put("c", session(1));
  store.put("c", session(2, Date.now() - 1));
  assert.equal(take("c"), 1);
  store.put("c", session(3, Date.now()));
  assert.equal(take("c"), undefined);

  store.put("d", session(1));
  store.clear();
  assert.equal(take("d"), undefined);
});

test("MemorySessionStore is bounded", () => {
  const store = new MemorySessionStore({ perKey: 1, keys: 2 });
  const expires = Date.now() + 60_000;
  const put = (key: string, byte: number) =>
    store.put(key, { session: Uint8Array.of(byte), expires });
  const take = (key: string) => store.take(key)?.session[0];
  put("a", 1);
  put("b", 2);
  put("a", 3); // Makes "b" the least recently used.
  put("c", 4);
  assert.equal(take("b"), undefined);
  assert.equal(take("a"), 3);
  assert.equal(take("a"), undefined);
  assert.equal(take("c"), 4);
});
