/**
 * Names that people bring along from `node:tls`, or type wrong: each is named, wherever options are taken.
 */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import {
  acceptTls,
  connect,
  ConnectError,
  connectTls,
  enableFastOpen,
  FileSessionStore,
  FirstFlightError,
  listenTls,
  MemorySessionStore,
  OptionError,
  startTls,
  TlsError,
} from "../../mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { closedPort, startRawServer } from "../fixtures/hostile_server.ts";
import { here } from "../fixtures/hostile_ways.ts";
import { certificates } from "../peers/certificates.ts";
import { temporaryFolder } from "../peers/folder.ts";

const { cert, key } = certificates().server;

/** What is meant by each name, by function. */
const slips = {
  connect: {
    host: "hostname",
    timeout: "connectTimeout",
    fastopen: "fastOpen",
    localaddress: "localAddress",
    localAddr: "localAddress",
    interface: "localAddress",
    sourceAddress: "localAddress",
    ipVersion: "family",
    dnsLookup: "lookup",
    localPort: undefined,
    caCerts: undefined,
  },
  connectTls: {
    servername: "serverName",
    ALPNProtocols: "alpnProtocols",
    ca: "caCerts",
    rejectUnauthorized: "caCerts",
    timeout: "connectTimeout",
    lookUp: "lookup",
    session: "sessions",
    ecdhCurve: "groups",
    earlydata: "earlyData",
    maxEarlyData: "earlyData",
    key_log: "keyLog",
    secureContext: undefined,
  },
  startTls: {
    servername: "serverName",
    host: "hostname",
    earlydata: "earlyData",
    fastOpen: undefined,
  },
  acceptTls: {
    ALPNProtocols: "alpnProtocols",
    timeout: "handshakeTimeout",
    maxearlydata: "maxEarlyData",
    port: undefined,
    serverName: undefined,
  },
  listenTls: {
    maxEarlydata: "maxEarlyData",
    ALPNProtocols: "alpnProtocols",
    timeout: "handshakeTimeout",
    host: "hostname",
    serverName: undefined,
  },
  enableFastOpen: { queuelength: "queueLength", backlog: undefined },
  MemorySessionStore: { perkey: "perKey" },
  FileSessionStore: { onignored: "onIgnored", folder: undefined },
} as const;

type Named = keyof typeof slips;

/** Calls each function with one option that it does not know. */
const calls: Readonly<Record<Named, (slip: object) => Promise<unknown>>> = {
  connect: (slip) => connect({ hostname: here, port: 1, ...slip }),
  connectTls: (slip) => connectTls({ hostname: here, port: 1, ...slip }),
  async startTls(slip) {
    await using server = await startRawServer((socket) => socket.resume());
    using plain = await connect({ hostname: here, port: server.port });
    try {
      return await startTls(plain, slip);
    } finally {
      await plain.write(new Uint8Array(1)); // It did not cost the connection.
    }
  },
  async acceptTls(slip) {
    const [, transport] = duplexPair();
    try {
      return await acceptTls(transport, { cert, key, ...slip });
    } finally {
      assert.equal(transport.destroyed, false);
    }
  },
  // deno-lint-ignore require-await -- what it throws becomes what it rejects with
  listenTls: async (slip) => listenTls({ hostname: here, port: 0, cert, key, ...slip }),
  async enableFastOpen(slip) {
    const server = createServer().listen(0, here);
    await once(server, "listening");
    try {
      return enableFastOpen(server, slip);
    } finally {
      server.close();
    }
  },
  // deno-lint-ignore require-await
  MemorySessionStore: async (slip) => new MemorySessionStore(slip),
  // deno-lint-ignore require-await
  async FileSessionStore(slip) {
    using folder = temporaryFolder();
    return new FileSessionStore(folder.path("sessions"), slip);
  },
};

for (const name of Object.keys(slips) as Named[]) {
  test(`${name} names each option that it does not know`, async () => {
    await leavesNothing(async () => {
      for (const [slip, meant] of Object.entries<string | undefined>(slips[name])) {
        await assert.rejects(calls[name]({ [slip]: true }), (error) => {
          assert.ok(error instanceof OptionError, String(error));
          assert.equal(error.option, slip);
          const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
          assert.ok(
            error.message.startsWith(`Option "${slip}" is not known here${hint}`),
            error.message,
          );
          assert.equal(error.message.includes("did you mean"), meant !== undefined, error.message);
          return true;
        });
      }
    });
  });
}

test("an address can be spread into options, its transport included", async () => {
  using listener = listenTls({ hostname: here, port: 0, cert, key });
  listener.accept().then((conn) => conn.close(), () => {});
  using conn = await connectTls({ ...listener.addr, caCerts: [certificates().ca] });
  assert.equal(conn.remoteAddr.port, listener.addr.port);
  const udp = { ...listener.addr, transport: "udp" } as never;
  await assert.rejects(connect(udp), { name: "OptionError", option: "transport" });
});

test("all errors have one base, a code, and say whether another try may help", async () => {
  const refused = await connect({ hostname: here, port: await closedPort() }).catch((error) =>
    error
  );
  const unreadable = await connectTls({ hostname: here, port: 1, caCerts: ["?"] })
    .catch((error) => error);
  const wrong = await connect({ hostname: here, port: 0 }).catch((error) => error);
  for (
    const [error, kind, code, retryable] of [
      [refused, ConnectError, "CONNECTION_REFUSED", true],
      [unreadable, TlsError, "INVALID_PEM", false],
      [wrong, OptionError, "INVALID_OPTION", false],
    ] as const
  ) {
    assert.ok(error instanceof FirstFlightError && error instanceof kind, String(error));
    assert.deepEqual([error.code, error.retryable], [code, retryable]);
    assert.equal(error.hostname, here);
  }
  assert.equal("cause" in wrong, false);
  assert.ok(refused.cause instanceof Error);
});

test("what is closed on this side is so by one error, over TCP and over TLS", async () => {
  using listener = listenTls({ hostname: here, port: 0, cert, key });
  listener.accept().then((conn) => conn.close(), () => {});
  const { port } = listener.addr;
  const plain = await connect({ hostname: here, port });
  const secure = await connectTls({ hostname: here, port, caCerts: [certificates().ca] });
  for (const conn of [plain, secure]) {
    conn.close();
    const closed = { name: "ConnectError", code: "CONNECTION_CLOSED", retryable: false };
    await assert.rejects(conn.read(new Uint8Array(1)), closed);
    await assert.rejects(conn.write(new Uint8Array(1)), closed);
  }
  listener.close();
  await assert.rejects(listener.accept(), { name: "ConnectError", code: "LISTENER_CLOSED" });
});

test("fastOpen: false is called disabled on both ends", async () => {
  using listener = listenTls({ hostname: here, port: 0, cert, key, fastOpen: false });
  const accepted = listener.accept();
  const { port } = listener.addr;
  const options = { hostname: here, port, caCerts: [certificates().ca], fastOpen: false };
  using client = await connectTls(options);
  using server = await accepted;
  assert.deepEqual([client.fastOpen.outcome, server.fastOpen.outcome], ["disabled", "disabled"]);
});

test("classes that others make can't be made by hand", async () => {
  const { PendingTls, TcpConn, TcpSocket, TlsConn, TlsListener, TlsSocket } = await import(
    "../../mod.ts"
  );
  for (const Class of [PendingTls, TcpConn, TcpSocket, TlsConn, TlsListener, TlsSocket]) {
    const make = Class as unknown as new (...given: unknown[]) => unknown;
    assert.throws(() => new make(), /^TypeError: Illegal constructor/);
    assert.throws(() => new make({}, {}, {}), /^TypeError: Illegal constructor/);
  }
});
