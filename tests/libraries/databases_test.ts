import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { startMariadb } from "../peers/mariadb.ts";
import { startPostgresql } from "../peers/postgresql.ts";
import { startRedis } from "../peers/redis_server.ts";
import { startTlsFront } from "../peers/tls_front.ts";
import { startForwarder } from "./forwarder.ts";
import { ioredisOf } from "./ioredis.ts";
import { defaultOf, library } from "./library.ts";
import { testStories } from "./stories.ts";
import { next, shared, testLibraries, using } from "./subjects.ts";
import { HOST, type Way } from "./ways.ts";

// PostgreSQL and MariaDB are asked for TLS before it begins, by the libraries' own and by the adapter; a plain
// tlsSocket begins at once, at the TLS that stands in front of them.

interface Databases extends AsyncDisposable {
  /** Their own ports. */
  readonly bare: Readonly<Record<"redis" | "postgresql" | "mariadb", number>>;
  /** Those of the TLS in front of them. */
  readonly ports: Databases["bare"];
  restartRedis(): Promise<void>;
}

async function startDatabases(): Promise<Databases> {
  await using stack = new AsyncDisposableStack();
  let redis = await startRedis();
  stack.defer(() => redis[Symbol.asyncDispose]());
  const postgresql = stack.use(await startPostgresql());
  const mariadb = stack.use(await startMariadb());
  const bare = { redis: redis.port, postgresql: postgresql.port, mariadb: mariadb.port };
  const { ports } = stack.use(await startTlsFront(bare));
  const started = stack.move();
  return {
    ...{ bare, ports },
    async restartRedis() {
      await redis[Symbol.asyncDispose]();
      redis = await startRedis(bare.redis);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

interface PgClient {
  connect(): Promise<void>;
  query(sql: string): Promise<{ rows: { pid: number; sum: number }[] }>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error & { code?: string }) => void): void;
  on(event: "end" | "remove", listener: () => void): void;
}

interface Pg {
  readonly Client: new (options: object) => PgClient;
  readonly Pool: new (options: object) => PgClient;
}

interface Sql {
  unsafe(sql: string): Promise<{ pid: number; sum: number }[]>;
  end(): Promise<void>;
}

interface NodeRedis {
  createClient(options: object): {
    connect(): Promise<void>;
    ping(): Promise<string>;
    destroy(): void;
    on(event: "error", listener: () => void): void;
  };
}

interface MysqlConnection<Result> {
  query(sql: string): Promise<Result>;
  end(): Promise<void>;
}

interface Mysql<Result> {
  createConnection(options: object): Promise<MysqlConnection<Result>>;
}

const PID = "select pg_backend_pid() as pid";
const SUM = "select 1 + 1 as sum";
const login = { host: HOST, user: "postgres", password: "any" };

/** How pg and its pool connect. They connect the socket themselves. */
function howOfPg(way: Way, { bare, ports }: Databases): object {
  const how = way.pick({ port: bare.postgresql, ssl: way.trust }, () => ({
    port: ports.postgresql,
    stream: () => way.socket(),
  }));
  return { ...login, ...how };
}

/** The same for postgres.js, whose sockets are connected for it. */
function howOfPostgres(way: Way, { bare, ports }: Databases): object {
  return way.pick({ port: bare.postgresql, ssl: way.trust }, () => ({
    port: ports.postgresql,
    socket: () => Promise.resolve(way.socket(ports.postgresql)),
  }));
}

/** How they connect in stories: where nothing is early, to PostgreSQL itself, by the adapter. */
const inStories = {
  pg: (way: Way, servers: Databases) =>
    way.name === "tlsSocket"
      ? { ...login, port: servers.bare.postgresql, stream: way.postgresql() }
      : howOfPg(way, servers),
  postgres: (way: Way, servers: Databases) =>
    way.name === "tlsSocket"
      ? { port: servers.bare.postgresql, socket: way.postgresql() }
      : howOfPostgres(way, servers),
};

function postgresOf(how: object): Sql {
  const options = { ...login, ...how, max: 1, fetch_types: false, backoff: false };
  return defaultOf<(options: object) => Sql>("postgres")(options);
}

const servers = shared(startDatabases);
const peers = ["haproxy", "redis-server", "postgresql", "mariadbd"] as const;

testLibraries(servers, peers, {
  "pg": {
    exchange: async (way, databases) => {
      const client = new (library<Pg>("pg").Client)(howOfPg(way, databases));
      await client.connect();
      return await using(client, async () => (await client.query(SUM)).rows, () => client.end());
    },
    answer: [{ sum: 2 }],
  },

  "postgres": {
    exchange: (way, databases) =>
      using(
        postgresOf(howOfPostgres(way, databases)),
        async (sql) => [...await sql.unsafe(SUM)],
        (sql) => sql.end(),
      ),
    answer: [{ sum: 2 }],
  },

  "ioredis": {
    exchange: async (way, { ports }) => {
      const redis = ioredisOf(way, ports.redis, { lazyConnect: true, retryStrategy: null });
      await redis.connect();
      return await using(redis, () => redis.ping(), () => redis.disconnect());
    },
    answer: "PONG",
  },

  // It takes no socket, but a path.
  "redis": {
    exchange: async (way, { ports }) => {
      await using stack = new AsyncDisposableStack();
      const where = way.isOwn
        ? { host: HOST, port: ports.redis, tls: true, ...way.trust }
        : { path: stack.use(await startForwarder(() => way.socket(ports.redis))).path };
      const socket = { ...where, reconnectStrategy: false };
      const client = library<NodeRedis>("redis").createClient({ socket });
      client.on("error", () => {}); // What is asked of it fails, too.
      await client.connect();
      return await using(client, () => client.ping(), () => client.destroy());
    },
    answer: "PONG",
  },

  "mysql2": {
    exchange: async (way, { bare, ports }) => {
      const ssl = { ...way.trust, verifyIdentity: false };
      const how = way.pick({ port: bare.mariadb, ssl }, () => ({
        stream: () => way.socket(ports.mariadb),
      }));
      const { createConnection } = library<Mysql<[unknown[]]>>("mysql2/promise");
      const connection = await createConnection({ ...login, ...how });
      const ask = async () =>
        [...(await connection.query(SUM))[0]].map((row) => ({ ...row as object }));
      return await using(connection, ask, () => connection.end());
    },
    answer: [{ sum: 2 }],
    nothingRides: "the server speaks first",
  },

  "mariadb": {
    exchange: async (way, { bare, ports }) => {
      const how = way.pick({ port: bare.mariadb, ssl: way.trust }, () => ({
        stream: () => way.socket(ports.mariadb),
      }));
      const { createConnection } = library<Mysql<{ sum: bigint | number }[]>>("mariadb");
      const connection = await createConnection({ ...login, ...how });
      const ask = async () => Number((await connection.query(SUM))[0]?.sum);
      return await using(connection, ask, () => connection.end());
    },
    answer: 2,
    nothingRides: "the server speaks first",
  },
});

/** Lets PostgreSQL end a connection. */
async function terminate(port: number, pid: number | undefined): Promise<void> {
  const client = new (library<Pg>("pg").Client)({ ...login, port });
  await client.connect();
  await client.query(`select pg_terminate_backend(${pid})`);
  await client.end();
}

/** Lets Redis end a connection. */
async function kill(port: number, id: unknown): Promise<void> {
  const socket = connectTcp(port, HOST);
  socket.write(`CLIENT KILL ID ${id}\r\n`);
  await once(socket, "data");
  socket.destroy();
}

testStories(servers, peers, {
  "ioredis connects again when the server ends its connection": (way, { bare, ports }) =>
    using(ioredisOf(way, ports.redis, { retryStrategy: () => 1 }), async (redis) => {
      const first = await redis.client("ID");
      const closed = next(redis, "close");
      await kill(bare.redis, first);
      await closed;
      const second = await redis.client("ID");
      return [second !== first, await redis.ping()];
    }, (redis) => redis.disconnect()),

  "ioredis connects again when the server has started again": (way, { ports, restartRedis }) =>
    using(ioredisOf(way, ports.redis, { retryStrategy: () => 1 }), async (redis) => {
      const told = [await redis.ping()];
      const closed = next(redis, "close");
      await restartRedis();
      await closed;
      return [...told, await redis.ping()];
    }, (redis) => redis.disconnect()),

  "pg's client is told that the server has ended its connection": async (way, servers) => {
    const client = new (library<Pg>("pg").Client)(inStories.pg(way, servers));
    const told: string[] = [];
    client.on("error", ({ code }) => told.push(`error ${code}`));
    const ended = next(client, "end");
    await client.connect();
    const { rows: [row] } = await client.query(PID);
    await terminate(servers.bare.postgresql, row?.pid);
    await ended;
    return told;
  },

  "pg's pool forgets a connection that the server has ended": (way, servers) =>
    using(new (library<Pg>("pg").Pool)(inStories.pg(way, servers)), async (pool) => {
      pool.on("error", () => {}); // Of the connection that ends.
      const { rows: [first] } = await pool.query(PID);
      const removed = next(pool, "remove");
      await terminate(servers.bare.postgresql, first?.pid);
      await removed;
      const { rows: [second] } = await pool.query(PID);
      return second?.pid !== first?.pid;
    }, (pool) => pool.end()),

  "postgres connects again when the server has ended its connection": (way, servers) => {
    const { promise: closed, resolve: onclose } = Promise.withResolvers<void>();
    return using(postgresOf({ ...inStories.postgres(way, servers), onclose }), async (sql) => {
      const [row] = await sql.unsafe(PID);
      await terminate(servers.bare.postgresql, row?.pid);
      await closed;
      const [again] = await sql.unsafe(PID);
      return again?.pid !== row?.pid;
    }, (sql) => sql.end());
  },

  "postgres ends in good order": async (way, servers) => {
    const sql = postgresOf(inStories.postgres(way, servers));
    const rows = [...await sql.unsafe(SUM)];
    return [rows, await sql.end()];
  },
});
