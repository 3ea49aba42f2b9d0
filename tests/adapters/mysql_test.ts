import assert from "node:assert/strict";
import { connector, type ConnectorOptions } from "../../adapters/mysql.ts";
import { MemorySessionStore, OptionError, type TlsSocket } from "../../mod.ts";
import { library } from "../libraries/library.ts";
import { shared, using } from "../libraries/subjects.ts";
import { certificates } from "../peers/certificates.ts";
import { engineUnderTest } from "../peers/engine.ts";
import { startMariadb } from "../peers/mariadb.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";
import { startTlsFront } from "../peers/tls_front.ts";

const skip = requirePeer("haproxy", "mariadbd");

interface Asking {
  query(sql: string): Promise<unknown[]>;
  end(): Promise<void>;
}

interface Library {
  createConnection(options: object): Promise<Asking>;
  createPool(options: object): Asking;
}

/** Both libraries. mysql2 answers with rows and fields, mariadb with rows. */
const libraries = ["mysql2/promise", "mariadb"];

const login = { host: "localhost", user: "root", password: "any" };

function trusting(options: ConnectorOptions = {}): ReturnType<typeof connector> {
  return connector({ ca: certificates().ca, engine: engineUnderTest(), ...options });
}

/** MariaDB, and the TLS in front of it. */
const servers = shared(async () => {
  await using stack = new AsyncDisposableStack();
  const { port } = stack.use(await startMariadb());
  const { ports } = stack.use(await startTlsFront({ port }));
  const started = stack.move();
  return { port, front: ports.port, [Symbol.asyncDispose]: () => started.disposeAsync() };
});

test("a connector refuses what is the library's, or not known", () => {
  const wrong: Record<string, unknown> = {
    ...{ earlyData: "first-write", optimisticSecureConnect: true, rejectUnauthorized: false },
    ...{ host: "db.test", port: 3306, socket: () => {}, verifyIdentity: true },
  };
  for (const [name, value] of Object.entries(wrong)) {
    const make = () => connector({ [name]: value } as ConnectorOptions);
    assert.throws(make, (error) => error instanceof OptionError && error.option === name, name);
  }
});

test("a library that is to start TLS, too, or does not tell where to, is told", async () => {
  const isAbout = (option: string) => (error: unknown) =>
    error instanceof OptionError && error.option === option;
  for (const name of libraries) {
    const { createConnection } = library<Library>(name);
    const connect = async () => {
      await createConnection({ ...login, ssl: {}, stream: trusting() });
    };
    await assert.rejects(soon("error", connect()), isAbout("ssl"), name);
  }
  const make = trusting();
  assert.throws(() => make.call(undefined), isAbout("stream"));
});

test("queries are answered over TLS that begins at once, and it is resumed", { skip }, async () => {
  const { front } = await servers();
  for (const name of libraries) {
    const sockets: TlsSocket[] = [];
    const make = trusting({ sessions: new MemorySessionStore() });
    const stream = function (this: unknown, wanted?: object): TlsSocket {
      return sockets[sockets.length] = make.call(this, wanted);
    };
    for (let count = 1; count <= 2; count++) {
      const pool = library<Library>(name).createPool({
        ...{ ...login, port: front, connectionLimit: 1, stream },
      });
      const rows = await using(pool, async (it) => {
        return [await soon("rows", it.query("select 1 + 1 as sum"))].flat(2);
      }, (it) => it.end());
      assert.equal(Number((rows[0] as { sum: unknown }).sum), 2, name);
    }
    assert.deepEqual(sockets.map((socket) => socket.isSessionReused()), [false, true], name);
    assert.deepEqual(sockets.map((socket) => socket.authorized), [true, true], name);
  }
});

test(
  "a server that greets in the clear, or shows another name, is not talked to",
  { skip },
  async () => {
    const { port, front } = await servers();
    for (const name of libraries) {
      const { createConnection } = library<Library>(name);
      const connect = (to: number, make: ReturnType<typeof connector>) =>
        soon("error", createConnection({ ...login, port: to, stream: make }));
      await assert.rejects(connect(port, trusting()), /does not speak TLS/, name);
      const other = trusting({ servername: "elsewhere.test" });
      await assert.rejects(connect(front, other), /elsewhere\.test/, name);
    }
  },
);
