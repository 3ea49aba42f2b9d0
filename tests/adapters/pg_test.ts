import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connector, type ConnectorOptions, NegotiationError } from "../../adapters/pg.ts";
import { OptionError, type TlsSocket, type TlsSocketOptions } from "../../mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { closedPort, onceHeard, startRawServer } from "../fixtures/hostile_server.ts";
import { startListener, until } from "../fixtures/hostile_ways.ts";
import { defaultOf, library } from "../libraries/library.ts";
import { next, shared, using } from "../libraries/subjects.ts";
import { certificates } from "../peers/certificates.ts";
import { engineUnderTest } from "../peers/engine.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { startPostgresql } from "../peers/postgresql.ts";
import { test } from "../peers/test.ts";
import { startTlsFront } from "../peers/tls_front.ts";

const skip = requirePeer("haproxy", "postgresql");

interface Client {
  readonly connection: {
    readonly stream: TlsSocket;
    sendSASLInitialResponseMessage(mechanism: string, response: string): void;
  };
  connect(): Promise<void>;
  query(sql: string): Promise<{ rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
  on(event: "error" | "remove", listener: () => void): void;
}

interface Pg {
  readonly Client: new (options: object) => Client;
  readonly Pool: new (options: object) => Client;
}

type Query = Promise<Record<string, unknown>[]> & { cancel(): void; execute(): Query };
interface Sql {
  unsafe(sql: string): Query;
  end(): Promise<void>;
}

const { Client, Pool } = library<Pg>("pg");
const postgres = defaultOf<(options: object) => Sql>("postgres");

/** A connector that trusts the tests' root. */
function trusting(options: ConnectorOptions = {}): ReturnType<typeof connector> {
  return connector({ ca: certificates().ca, engine: engineUnderTest(), ...options });
}

const login = { host: "localhost", user: "postgres", password: "any" };

/** PostgreSQL, and TLS in front of it that knows its protocol as version 17 does. */
const servers = shared(async () => {
  await using stack = new AsyncDisposableStack();
  const { port } = stack.use(await startPostgresql());
  const { ports } = stack.use(await startTlsFront({ port }, { alpn: "postgresql" }));
  const started = stack.move();
  return { port, direct: ports.port, [Symbol.asyncDispose]: () => started.disposeAsync() };
});

/** Both libraries, each with a connection of its own to ask over. */
const libraries = {
  async pg(port: number, make: ReturnType<typeof connector>, sql: string) {
    const client = new Client({ ...login, port, stream: make });
    client.on("error", () => {}); // What is under way fails, too.
    try {
      await client.connect();
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  },
  postgres(port: number, make: ReturnType<typeof connector>, sql: string) {
    const options = { ...login, port, socket: make, max: 1, fetch_types: false, backoff: false };
    return using(postgres(options), async (pool) => [...await pool.unsafe(sql)], (it) => it.end());
  },
};
type Ask = (typeof libraries)[keyof typeof libraries];
const each = Object.entries(libraries) as [keyof typeof libraries, Ask][];

test("a connector refuses what is the library's, PostgreSQL's, or not known", () => {
  const wrong: Record<string, unknown> = {
    ...{ earlyData: "first-write", optimisticSecureConnect: true, alpnProtocols: ["h2"] },
    ...{ host: "db.test", port: 5432, socket: () => {}, sslNegotiation: "prefer" },
    ...{ rejectUnauthorized: false, sslmode: "require" },
  };
  for (const [name, value] of Object.entries(wrong)) {
    const make = () => connector({ [name]: value } as ConnectorOptions);
    assert.throws(make, (error) => error instanceof OptionError && error.option === name, name);
  }
});

test("a library that is to start TLS itself is told to leave it", async () => {
  const isTold = (error: unknown) => error instanceof OptionError && error.option === "ssl";
  const connectionString = "postgres://postgres@localhost/postgres?sslmode=verify-full";
  for (const how of [{ ...login, ssl: true }, { ...login, ssl: {} }, { connectionString }]) {
    assert.throws(() => new Client({ ...how, stream: trusting() }), isTold);
  }
  const sql = postgres({ ...login, ssl: "require", socket: trusting() });
  await assert.rejects(soon("error", sql.unsafe("select 1")), isTold);
  await sql.end();
  const unix = postgres({ ...login, host: "/var/run/postgresql", socket: trusting() });
  await assert.rejects(soon("error", unix.unsafe("select 1")), { option: "path" });
  await unix.end();
});

test(
  "queries are answered over TLS, by both libraries and both negotiations",
  { skip },
  async () => {
    const { port, direct } = await servers();
    const isEncrypted = "select ssl, 1 + 1 as sum from pg_stat_ssl where pid = pg_backend_pid()";
    for (const [name, ask] of each) {
      assert.deepEqual(
        (await soon("rows", ask(port, trusting(), isEncrypted))).map((row) => ({ ...row })),
        [{ ssl: true, sum: 2 }],
        name,
      );
      const sockets: TlsSocket[] = [];
      const make = trusting({ sslNegotiation: "direct" });
      const keep = (wanted: object = {}) => sockets[sockets.length] = make(wanted);
      const rows = await soon("rows", ask(direct, keep, "select 1 + 1 as sum"));
      assert.deepEqual(rows.map((row) => ({ ...row })), [{ sum: 2 }], name);
      assert.deepEqual(sockets.map(({ alpnProtocol }) => alpnProtocol), ["postgresql"]);
    }
  },
);

test("pg binds its login to the server's certificate", { skip }, async () => {
  const { port } = await servers();
  await libraries.pg(port, trusting(), "create role bound login password 'secret'");
  const client = new Client({
    ...{ ...login, user: "bound", password: "secret", database: "postgres", port },
    ...{ stream: trusting(), enableChannelBinding: true },
  });
  const mechanisms: string[] = [];
  const { connection } = client;
  const send = connection.sendSASLInitialResponseMessage;
  connection.sendSASLInitialResponseMessage = (mechanism, response) => {
    mechanisms.push(mechanism);
    send.call(connection, mechanism, response);
  };
  await soon("login", client.connect());
  await client.end();
  assert.deepEqual(mechanisms, ["SCRAM-SHA-256-PLUS"]);
});

test("a query is cancelled over TLS, too", { skip }, async () => {
  const { port } = await servers();
  let made = 0;
  const make = trusting();
  const socket = (wanted: object = {}) => (made++, make(wanted));
  const sql = postgres({ ...login, port, socket, max: 1, fetch_types: false });
  await sql.unsafe("select 1");
  const sleeping = sql.unsafe("select pg_sleep(60)").execute();
  const ended = assert.rejects(soon("end", sleeping), { code: "57014" });
  const sleepers = "select pid from pg_stat_activity where query = 'select pg_sleep(60)'";
  while ((await libraries.pg(port, trusting(), sleepers)).length === 0);
  sleeping.cancel();
  await ended;
  await sql.end();
  assert.equal(made, 2);
});

test("pg's pool goes on when the server has ended a connection", { skip }, async () => {
  const { port } = await servers();
  await using(new Pool({ ...login, port, stream: trusting() }), async (pool) => {
    pool.on("error", () => {}); // Of the connection that ends.
    const pid = async () => (await pool.query("select pg_backend_pid() as pid")).rows[0]?.["pid"];
    const first = await pid();
    const removed = next(pool, "remove");
    await libraries.pg(port, trusting(), `select pg_terminate_backend(${first})`);
    await soon("end", removed);
    assert.notEqual(await pid(), first);
  }, (pool) => pool.end());
});

test("postgres.js gets on to the next of its hosts", { skip }, async () => {
  const { port } = await servers();
  for (const ports of [[await closedPort(), port], [port, await closedPort()]]) {
    const hosts = { host: ["127.0.0.1", "localhost"], port: ports };
    const sql = postgres({ ...login, ...hosts, socket: trusting(), max: 1, backoff: false });
    assert.equal((await soon("rows", sql.unsafe("select 1 + 1 as sum")))[0]?.["sum"], 2);
    await sql.end();
  }
});

test("a server for another name, or of an unknown authority, hears nothing more", {
  skip,
}, async () => {
  const { port, direct } = await servers();
  const lookup: NonNullable<TlsSocketOptions["lookup"]> = (_name, _options, found) =>
    found(null, [{ address: "127.0.0.1", family: 4 }]);
  for (const how of [{ port }, { port: direct, sslNegotiation: "direct" as const }]) {
    const { port: to, ...negotiation } = how;
    for (const Library of [libraries.pg, libraries.postgres]) {
      const other = trusting({ lookup, servername: "elsewhere.test", ...negotiation });
      await assert.rejects(soon("error", Library(to, other, "select 1")), {
        code: "ERR_TLS_CERT_ALTNAME_INVALID",
      });
      const unknown = connector({ engine: engineUnderTest(), ...negotiation });
      await assert.rejects(soon("error", Library(to, unknown, "select 1")), {
        code: /^(UNABLE_TO_|SELF_SIGNED_)/,
      });
    }
  }
});

/** The request for TLS, as it must be on the wire. */
const SSL_REQUEST = "0000000804d2162f";

/** A server that answers what is heard first, and keeps all that it hears. */
async function startAnswering(answer: (socket: Socket) => void) {
  let heard = Buffer.alloc(0);
  let closed = 0;
  const server = await startRawServer((socket) => {
    socket.on("data", (chunk) => heard = Buffer.concat([heard, chunk as Buffer]));
    socket.on("close", () => closed++);
    socket.on("end", () => socket.end());
    onceHeard(socket, () => answer(socket));
  });
  return {
    port: server.port,
    heard: () => heard.toString("hex"),
    closed: () => closed,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What servers answer, and what becomes of that. */
const refusals: Readonly<Record<string, readonly [(socket: Socket) => void, string]>> = {
  "no": [(socket) => socket.write("N"), "TLS_REFUSED"],
  "an error": [(socket) => socket.write("ESFATAL\0Mtoo many\0\0"), "SERVER_ERROR"],
  "another protocol's greeting": [
    (socket) => socket.write("HTTP/1.1 400 Bad\r\n"),
    "NOT_POSTGRESQL",
  ],
  "yes, and a login that was none": [
    (socket) => socket.write(Buffer.from("S\x52\0\0\0\x08\0\0\0\0", "latin1")),
    "UNENCRYPTED_BYTES",
  ],
  "the end": [(socket) => socket.end(), "NO_ANSWER"],
};

for (const [what, [answer, code]] of Object.entries(refusals)) {
  test(`where the answer is ${what}, nothing is said in the clear`, async () => {
    for (const [name, ask] of each) {
      await using server = await startAnswering(answer);
      const asked = ask(server.port, trusting(), "select 1");
      await assert.rejects(soon("error", asked), (error) => {
        assert.ok(error instanceof NegotiationError, String(error));
        assert.deepEqual([error.code, error.port, error.hostname], [
          code,
          server.port,
          "localhost",
        ]);
        return true;
      }, name);
      await until(() => server.closed() === 1);
      assert.equal(server.heard(), SSL_REQUEST, name);
    }
  });
}

test("what comes in the clear after the server's consent is no TLS, and never data", async () => {
  for (const [name, ask] of each) {
    await using server = await startAnswering((socket) => {
      socket.write("S");
      // Behind the ClientHello: AuthenticationOk, ReadyForQuery.
      onceHeard(socket, () => socket.write("\x52\0\0\0\x08\0\0\0\0\x5a\0\0\0\x05I"));
    });
    const asked = ask(server.port, trusting(), "select 1");
    // In Node a write that waits for the handshake fails first, as over its own TLS.
    await assert.rejects(
      soon("error", asked),
      { code: /^(ERR_SSL_WRONG_VERSION_NUMBER|EPROTO)$/ },
      name,
    );
    assert.match(server.heard(), new RegExp(`^${SSL_REQUEST}16`));
  }
});

test("a server that is silent is given up, before and after its consent", async () => {
  await leavesNothing(async () => {
    for (const word of ["", "S"]) {
      for (const [name, ask] of each) {
        await using server = await startAnswering((socket) => socket.write(word));
        const asked = ask(server.port, trusting({ connectTimeout: 100 }), "select 1");
        await assert.rejects(soon("error", asked), { code: "ETIMEDOUT" }, name);
        await until(() => server.closed() === 1);
      }
    }
  });
});

test("a connection that is given up while the server is silent leaves nothing", async () => {
  await leavesNothing(async () => {
    await using server = await startAnswering(() => {});
    const socket: Duplex = trusting()({ host: ["localhost"], port: [server.port] });
    await until(() => server.heard() === SSL_REQUEST);
    const closed = once(socket, "close");
    socket.destroy();
    await soon("close", closed);
    await until(() => server.closed() === 1);
  });
});

test("direct: a server that has not agreed on PostgreSQL gets no login", async () => {
  for (const [name, ask] of each) {
    using listener = startListener({ onHandshakeError: () => {} });
    const served = listener.accept().then((conn) => conn.read(new Uint8Array(64)));
    const asked = ask(listener.addr.port, trusting({ sslNegotiation: "direct" }), "select 1");
    await assert.rejects(soon("error", asked), { code: "NOT_POSTGRESQL" }, name);
    assert.ok(!await soon("end", served.catch(() => null)), `${name} has sent something`);
  }
});
