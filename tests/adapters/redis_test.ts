import assert from "node:assert/strict";
import { connector, type ConnectorOptions, readOnly } from "../../adapters/redis.ts";
import { MemorySessionStore, OptionError } from "../../mod.ts";
import { startRawServer } from "../fixtures/hostile_server.ts";
import { library } from "../libraries/library.ts";
import { shared, using } from "../libraries/subjects.ts";
import { certificates } from "../peers/certificates.ts";
import { freePort, requirePeer, soon } from "../peers/peer.ts";
import { startRedis } from "../peers/redis_server.ts";
import { test } from "../peers/test.ts";
import { startTlsFront } from "../peers/tls_front.ts";

// How ioredis connects again by it is in tests/libraries/.

interface Redis {
  readonly status: string;
  call(...command: (string | number)[]): Promise<unknown>;
  connect(): Promise<void>;
  disconnect(): void;
  on(event: "error", listener: (error: Error) => void): void;
}

interface RedisClass {
  new (...options: unknown[]): Redis;
  readonly Cluster: new (nodes: string[], options: object) => Redis;
}

const { Redis } = library<{ Redis: RedisClass }>("ioredis");
const skip = requirePeer("haproxy", "redis-server");
const HOST = "127.0.0.1";

const servers = shared(async () => {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis());
  const { ports } = stack.use(await startTlsFront({ redis: redis.port }));
  const started = stack.move();
  return { port: ports.redis, [Symbol.asyncDispose]: () => started.disposeAsync() };
});

/** Makes a client that does not connect again, and uses it. */
async function inRedis<R>(
  url: string,
  options: object,
  use: (redis: Redis, errors: Error[]) => Promise<R>,
): Promise<R> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, ...options });
  const errors: Error[] = [];
  redis.on("error", (error) => errors.push(error));
  return await using(redis, (redis) => soon("end", use(redis, errors)), (redis) => {
    redis.disconnect();
  });
}

function trusting(options: ConnectorOptions = {}) {
  return { Connector: connector({ ca: certificates().ca, ...options }) };
}

const isAbout = (option: string) => (error: unknown) =>
  error instanceof OptionError && error.option === option;

test("a connector for Redis refuses an option that tlsSocket does not know", () => {
  for (const name of ["pfx", "ciphers", "session", "db"]) {
    assert.throws(() => connector({ [name]: "anything" } as ConnectorOptions), isAbout(name));
  }
});

test("a client of ioredis is refused what the connector would not do", () => {
  const make = (options: object) => () =>
    new Redis({ lazyConnect: true, ...options, ...trusting() });
  assert.throws(make({ path: "/run/redis" }), isAbout("path"));
  assert.throws(make({ sentinels: [{ host: HOST, port: 1 }] }), isAbout("sentinels"));
  assert.throws(make({ tls: { ciphers: "anything" } }), isAbout("ciphers"));
  assert.throws(make({ tls: { rejectUnauthorized: false } }), isAbout("rejectUnauthorized"));
});

test(
  "what the client says of TLS counts, and what the connector says counts more",
  { skip },
  async () => {
    const { port } = await servers();
    const tls = { ca: certificates().ca, servername: "localhost" };
    const url = `rediss://${HOST}:${port}/3`;
    const answer = await inRedis(url, { tls, Connector: connector() }, async (redis) => {
      await redis.connect();
      return String(await redis.call("CLIENT", "INFO"));
    });
    assert.match(answer, / db=3 /);
    const other = { tls, Connector: connector({ servername: "other.test" }) };
    await inRedis(url, other, async (redis, errors) => {
      await assert.rejects(redis.connect());
      assert.equal((errors[0] as NodeJS.ErrnoException).code, "ERR_TLS_CERT_ALTNAME_INVALID");
    });
  },
);

test("a connection is TLS, whatever the client says", { skip }, async () => {
  const { port } = await servers();
  const ping = await inRedis(
    `redis://localhost:${port}`,
    trusting(),
    (redis) => redis.call("PING"),
  );
  assert.equal(ping, "PONG");
});

test(
  "a server that is not trusted is the client's error",
  { skip },
  async () => {
    const { port } = await servers();
    const url = `rediss://:secret@localhost:${port}`;
    await inRedis(url, { Connector: connector() }, async (redis, errors) => {
      await assert.rejects(redis.connect());
      assert.match((errors[0] as NodeJS.ErrnoException).code ?? "", /SELF_SIGNED|UNABLE_TO/);
      assert.equal(redis.status, "end");
    });
  },
);

test("connectTimeout is the time for the handshake, too", async () => {
  await using silent = await startRawServer(() => {});
  for (const scheme of ["redis", "rediss"]) {
    const url = `${scheme}://${HOST}:${silent.port}`;
    await inRedis(url, { connectTimeout: 50, ...trusting() }, async (redis, errors) => {
      await assert.rejects(redis.connect());
      assert.equal((errors[0] as NodeJS.ErrnoException).code, "ETIMEDOUT");
    });
  }
});

test("a client that is disconnected while it connects makes an end of it", async () => {
  await using silent = await startRawServer(() => {});
  const url = `rediss://${HOST}:${silent.port}`;
  await inRedis(url, { disconnectTimeout: 20, ...trusting() }, async (redis) => {
    const connecting = redis.connect();
    redis.disconnect();
    await assert.rejects(connecting);
    assert.equal(redis.status, "end");
  });
});

test("what ioredis says first rides with a ticket, a password included", {
  skip,
  needs: "earlyData",
}, async () => {
  const { port } = await servers();
  const made: { earlyData: string | undefined }[] = [];
  const { Connector } = trusting({
    earlyData: readOnly,
    sessions: new MemorySessionStore(),
  });
  class Keeping extends Connector {
    override async connect() {
      const socket = await super.connect();
      made.push(socket);
      return socket;
    }
  }
  const set = (password: string) => (redis: Redis) =>
    redis.call("CONFIG", "SET", "requirepass", password);
  const url = `rediss://:secret@localhost:${port}/1`;
  await inRedis(`rediss://localhost:${port}`, trusting(), set("secret"));
  try {
    for (const key of ["a", "b", "c"]) {
      const answer = await inRedis(url, { Connector: Keeping }, async (redis) => {
        await redis.connect();
        await redis.call("SET", key, key);
        return [await redis.call("GET", key), await redis.call("CLIENT", "INFO")];
      });
      assert.equal(answer[0], key);
      assert.match(String(answer[1]), / db=1 /);
    }
  } finally {
    await inRedis(url, trusting(), set(""));
  }
  assert.deepEqual(made.map(({ earlyData }) => earlyData), ["not-sent", "accepted", "accepted"]);
});

test("a cluster's nodes are connected to", { skip }, async () => {
  const [port, busPort] = [await freePort(), await freePort()];
  await using front = await startTlsFront({ redis: port });
  const announced = ["--cluster-announce-ip", HOST, "--cluster-announce-port"];
  const cluster = ["--cluster-enabled", "yes", "--cluster-port", `${busPort}`, ...announced];
  await using _node = await startRedis(port, ...cluster, `${front.ports.redis}`);
  const url = `rediss://${HOST}:${front.ports.redis}`;
  await inRedis(url, trusting(), async (redis) => {
    await redis.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    while (!/cluster_state:ok/.test(String(await redis.call("CLUSTER", "INFO"))));
  });
  const made = new Redis.Cluster([url], { redisOptions: { tls: {}, ...trusting() } });
  made.on("error", () => {}); // What is asked of it fails, too.
  const told = await using(made, async (redis) => {
    return [await redis.call("SET", "a", "value"), await redis.call("GET", "a")];
  }, (redis) => redis.disconnect());
  assert.deepEqual(told, ["OK", "value"]);
});

/** A command as clients write it. */
function commandOf(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const mayRide = (text: string) => readOnly.mayRide(bytes(text));

test("of what Redis knows, those commands may ride which the rule names, and none that writes", {
  skip,
}, async () => {
  const { port } = await servers();
  type Info = [name: string, arity: number, flags: string[], ...unknown[]];
  const all = await inRedis(`rediss://localhost:${port}`, trusting(), (redis) => {
    return redis.call("COMMAND");
  }) as Info[];
  assert.ok(all.length > 200, `${all.length} commands`);
  const riding = all.filter(([name]) => mayRide(commandOf(name, "a", "b", "c")) > 0);
  assert.deepEqual(riding.map(([name]) => name).sort(), [
    ...["auth", "echo", "exists", "get", "getrange", "hello", "hexists", "hget", "hgetall", "hlen"],
    ...["hmget", "info", "lindex", "llen", "lrange", "mget", "ping", "pttl", "readonly", "scard"],
    ...["select", "sismember", "smembers", "strlen", "ttl", "type", "zcard", "zrange", "zscore"],
  ]);
  const unsafe = ["write", "admin", "pubsub", "blocking"];
  for (const [name, , flags] of riding) {
    assert.deepEqual(flags.filter((flag) => unsafe.includes(flag)), [], name);
  }
});

test("of CLIENT, three subcommands may ride", () => {
  for (const name of ["ID", "SETINFO", "SETNAME", "setinfo"]) {
    assert.ok(mayRide(commandOf("client", name, "a")), name);
  }
  for (const name of ["KILL", "PAUSE", "NO-EVICT", "TRACKING", "REPLY", ""]) {
    assert.equal(mayRide(commandOf("CLIENT", name, "a")), 0, name);
  }
  assert.equal(mayRide(commandOf("CLIENT")), 0);
});

test("whole commands ride, up to the first that may not", () => {
  const reads = [commandOf("GET", "a\r\n*1\r\n"), commandOf("HELLO", "3"), commandOf("PING")];
  const flight = [...reads, commandOf("INCR", "a"), commandOf("GET", "b")].join("");
  const ends = reads.map((_, index) => reads.slice(0, index + 1).join("").length);
  for (let length = 0; length <= flight.length; length++) {
    const expected = ends.findLast((end) => end <= length) ?? 0;
    assert.equal(mayRide(flight.slice(0, length)), expected, `of ${length} bytes`);
  }
});

test("nothing rides that Redis could read in another way", () => {
  for (
    const text of [
      ...["PING\r\n", "*1\n$4\nPING\n", "*1\r\n$4\r\nPING", "*1\r\n$4\r\nPINGG\r\n"],
      ...["*01\r\n$4\r\nPING\r\n", "*+1\r\n$4\r\nPING\r\n", "*0\r\n", "*-1\r\n", "*1\r\n$-1\r\n"],
      ...["*1\r\n:1\r\n", "*1\r\n$04\r\nPING\r\n", "*1\r\n$4\r\nPIN", "*2\r\n$3\r\nGET\r\n"],
      ...["*12345678\r\n$3\r\nGET\r\n", "*1\r\n$0\r\n\r\n", `*1\r\n$99\r\n${"GET".repeat(33)}\r\n`],
      "",
    ]
  ) assert.equal(mayRide(text), 0, JSON.stringify(text));
});
