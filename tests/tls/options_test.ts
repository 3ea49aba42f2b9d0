import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import { domainToASCII } from "node:url";
import {
  acceptTls,
  connect,
  ConnectError,
  connectTls,
  type DialOptions,
  enableFastOpen,
  FileSessionStore,
  FirstFlightError,
  listenTls,
  MemorySessionStore,
  type OptionError,
  startTls,
} from "../../mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { programNamed, runChild } from "../fixtures/hostile_child.ts";
import {
  assertFails,
  assertFailure,
  connectError,
  failureOf,
  optionError,
  tlsError,
} from "../fixtures/hostile_failure.ts";
import { startRawServer } from "../fixtures/hostile_server.ts";
import { here, pair, startListener, trusting, ways } from "../fixtures/hostile_ways.ts";
import { certificates } from "../peers/certificates.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { startOpensslServer } from "../peers/openssl_server.ts";
import { requirePeer } from "../peers/peer.ts";

const skip = requirePeer("openssl");
const made = certificates();

// Wrong types and values

/** What no option takes. */
class Nonsense {}
const strange: readonly unknown[] = [null, Symbol("s"), 1n, new Nonsense(), () => {}, NaN];

/** Values that an option must refuse, beside the {@linkcode strange} ones that it does not take. */
type Refused = Readonly<Record<string, readonly unknown[]>>;

const notBoolean = ["yes", "", 0, 1, {}, []];
const notText = [0, true, {}, ["a"], new Uint8Array(3)];
const notHost = [
  ...[...notText, "", " ", "a b", "a\tb", "a\nb", "a\0b", "localhost\0.evil.test", "[::1]"],
  ...["http://localhost", "localhost/x", "user@localhost", "localhost:443", "localhost?x"],
  ...["localhost#x", "localhost\\x", "local%68ost", "127%2e0.0.1", "a".repeat(300)],
];
const notPort = ["443", "", -1, 0, 65_536, 1.5, Infinity, -Infinity, {}, true, undefined];
const notTimeout = ["5", "", 0, -1, -0, Infinity, 2 ** 31, {}, true];
const notBytes = ["text", 3, {}, [1, 2], new ArrayBuffer(3), new Uint16Array(3), true];
const notPem = [0, true, {}, [], [3], [made.ca, null], [[made.ca]], new ArrayBuffer(3)];
const secrets = ["hush\0hush", "hush".repeat(257), "hüsh".repeat(205)];
const notPassphrase = [...secrets, 271828, true, {}, ["hush"], new TextEncoder().encode("hush")];
const notFunction = ["f", 3, {}, [], true];
const notProtocols = [
  ...["h2", {}, 3, [""], [3], [null], ["x".repeat(256)], ["ü".repeat(128)], new Set(["h2"])],
];
const notVersion = ["TLSv1", "TLSv1.1", "TLSv1.0", "TLS1.3", "SSLv3", "tlsv1.3", "", 1.3, 772, {}];

const notFamily = ["4", "IPv5", "ipv4", "", 5, -4, 4.5, true, {}, [4]];
const notOwnAddress = [
  ...[...notText, "", "localhost", "eth0", "127.1", "[::1]", "127.0.0.1:80", "127.0.0.1%lo"],
  ...["fe80::1", "FEBF::2", "fe80::1%", "::1%eth0%eth1", "10.0.0.0/8"],
];

const dial: Refused = {
  hostname: [...notHost, undefined],
  port: notPort,
  fastOpen: notBoolean,
  family: notFamily,
  localAddress: notOwnAddress,
  lookup: notFunction,
  signal: ["x", 1, {}, { aborted: false }, new AbortController()],
  connectTimeout: notTimeout,
};
const common: Refused = {
  passphrase: notPassphrase,
  alpnProtocols: notProtocols,
  minVersion: notVersion,
  maxVersion: notVersion,
  keyLog: notFunction,
};
const client: Refused = {
  ...common,
  cert: notPem,
  key: notPem,
  caCerts: notPem,
  serverName: notHost,
  sessions: [true, "memory", {}, 3, { take() {} }, { put() {} }, { take: 1, put: 2 }],
  engine: ["", "gnutls", "OpenSSL", true, 1, {}],
  postHandshakeAuth: notBoolean,
  unsafelyDisableHostnameVerification: notBoolean,
  unsafelyAcceptCommonName: notBoolean,
};
const listening: Refused = {
  hostname: [...notText, "", "example.com", "[::1]", "localhost.", "*", "1.2.3", "127.1"],
  port: ["443", -1, 65_536, 1.5, Infinity, {}, true, undefined],
  backlog: ["5", 0, -1, 1.5, 65_536, Infinity, {}, true],
  fastOpen: notBoolean,
};

const serving: Refused = {
  ...common,
  cert: [...notPem, undefined],
  key: [...notPem, undefined],
  maxEarlyData: ["5", -1, 1.5, 2 ** 32, Infinity, {}, true],
  handshakeTimeout: notTimeout,
};

/** What may stand at a place that refuses everything else of {@linkcode strange}. */
const takes: Readonly<Record<string, readonly unknown[]>> = {
  keyLog: [strange[4]],
  lookup: [strange[4]],
  onHandshakeError: [strange[4]],
};

interface Call {
  readonly what: string;
  /** What works, but for one option. */
  readonly good: () => Readonly<Record<string, unknown>>;
  readonly open: (options: never) => Promise<unknown>;
  readonly refuses: Refused;
}

const { cert, key } = made.server;

const calls: readonly Call[] = [
  {
    what: "connect",
    good: () => ({ hostname: here, port: 1 }),
    open: connect,
    refuses: { ...dial, data: notBytes },
  },
  {
    what: "connectTls",
    good: () => ({ hostname: here, port: 1, cert, key }),
    open: connectTls,
    refuses: { ...dial, ...client, earlyData: notBytes },
  },
  {
    what: "startTls",
    good: () => ({ cert, key, hostname: "localhost", connectTimeout: 500 }),
    async open(options: never) {
      await using server = await startRawServer(() => {});
      using plain = await connect({ hostname: here, port: server.port });
      try {
        return await startTls(plain, options);
      } finally {
        // An option that is refused does not cost the connection.
        await plain.write(new Uint8Array(1));
      }
    },
    refuses: {
      ...client,
      hostname: notHost,
      port: notPort.filter((value) => value !== undefined),
      earlyData: [...notBytes, "first-write"],
      signal: dial["signal"] ?? [],
      connectTimeout: notTimeout,
    },
  },
  {
    what: "listenTls",
    good: () => ({ hostname: here, port: 0, cert, key }),
    // deno-lint-ignore require-await -- what it throws becomes what it rejects with
    open: async (options: never) => listenTls(options).close(),
    refuses: {
      ...listening,
      ...serving,
      onHandshakeError: notFunction,
    },
  },
  {
    what: "acceptTls",
    good: () => ({ cert, key }),
    async open(options: never) {
      const [, transport] = duplexPair();
      try {
        return await acceptTls(transport, options);
      } finally {
        assert.equal(transport.destroyed, false);
      }
    },
    refuses: { ...serving, signal: dial["signal"] ?? [] },
  },
];

/** Both ways to open a connection to a host. */
const openers = [
  connect,
  (options: DialOptions) => connectTls({ ...trusting, ...options }),
] as const;

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? "a long text" : value);
  if (Array.isArray(value)) return `[${value.map(show).join()}]`;
  if (typeof value === "object" && value !== null) return value.constructor.name;
  return String(value);
}

for (const { what, good, open, refuses } of calls) {
  for (const [option, values] of Object.entries(refuses)) {
    test(`${what} refuses what ${option} can't be, and says so`, async () => {
      await leavesNothing(async () => {
        const odd = strange.filter((value) => !takes[option]?.includes(value));
        for (const value of [...values, ...odd]) {
          const options = { ...good(), [option]: value };
          const error = await failureOf(open(options as never));
          const says = `${option}: ${show(value)} gave ${error}`;
          assert.ok(error instanceof FirstFlightError, says);
          assert.equal(error.code, "INVALID_OPTION", says);
          assert.ok(error.message.includes(`Option "${option}" must be `), says);
          assert.ok(error.message.length < 1_000, says);
          if (option === "passphrase") {
            assert.doesNotMatch(error.message, /h[uü]sh|271828/);
          } else if (typeof value === "string" && value.length < 40) {
            assert.ok(error.message.includes(JSON.stringify(value)), says);
          } else if (typeof value === "number") {
            assert.ok(error.message.includes(String(value)), says);
          }
        }
      });
    });
  }

  test(`${what} refuses options that are none`, async () => {
    for (const options of [null, 5, "options", true]) {
      const error = await failureOf(open(options as never));
      const says = `${options} gave ${error}`;
      assert.ok(error instanceof FirstFlightError, says);
      assert.equal(error.code, "INVALID_OPTION", says);
    }
  });
}

test("connect, connectTls and listenTls refuse to be called without options", async () => {
  for (const open of [connect, connectTls, listenTls]) {
    const error = await failureOf((async () => await open(undefined as never))());
    assert.equal((error as OptionError).code, "INVALID_OPTION", String(error));
  }
});

test("startTls refuses what is no connection and no stream, or does not tell whom it leads to", async () => {
  using listener = startListener();
  const { client, server } = await pair(listener);
  for (const conn of [null, undefined, {}, "conn", new Nonsense(), client]) {
    const error = await failureOf(startTls(conn as never, trusting));
    assert.ok(error instanceof FirstFlightError, String(error));
    assert.equal(error.code, "INVALID_OPTION");
  }
  client.close();
  server.close();
});

async function startServer(): Promise<Server> {
  const server = createServer().listen(0, here);
  await once(server, "listening");
  return server;
}

test("enableFastOpen refuses what is no listener, and wrong options", async () => {
  await leavesNothing(async () => {
    const server = await startServer();
    try {
      const { port } = server.address() as { port: number };
      const listeners = [
        ...[...strange, undefined, 80, "80", {}, [], { port: "80" }, { addr: {} }, { addr: null }],
        ...[{ address: () => null }, { address: () => "/run/socket" }, { address: "x" }],
        ...[-1, 0, 1.5, 65_536, NaN, Infinity].map((port) => ({ port })),
        ...[5, null, {}].map((hostname) => ({ port, hostname })),
      ];
      for (const listener of listeners) {
        const error = await failureOf((async () => await enableFastOpen(listener as never))());
        assertFailure(
          error,
          optionError(/^Argument "(listener|hostname)" /),
        );
      }
      for (const queueLength of [...strange, "5", 0, -1, 1.5, 65_536, Infinity, {}, true]) {
        const enabling = async () => await enableFastOpen(server, { queueLength } as never);
        const error = await failureOf(enabling());
        assertFailure(error, optionError(/^Option "queueLength" must be /));
      }
      const error = await failureOf((async () => await enableFastOpen(server, null as never))());
      assertFailure(error, optionError());
    } finally {
      server.close();
    }
  });
});

test("enableFastOpen says when nothing of this process listens there", async () => {
  const server = await startServer();
  const { port } = server.address() as { port: number };
  const nowhere = [{ port, hostname: "127.0.0.2" }, { port, hostname: "::1" }];
  for (const listener of nowhere) {
    const error = await failureOf((async () => await enableFastOpen(listener))());
    assertFailure(error, connectError("NOT_LISTENING", new RegExp(`listens on port ${port}`)));
  }
  server.close();
  await once(server, "close");
  const error = await failureOf((async () => await enableFastOpen({ port }))());
  assertFailure(error, connectError("NOT_LISTENING"));
});

test("a certificate and its key are only taken together", async () => {
  await leavesNothing(async () => {
    for (const [given, missing] of [["cert", "key"], ["key", "cert"]] as const) {
      const mine = { [given]: made.client[given] };
      const says = new RegExp(`"${missing}" must be given together with "${given}"`);
      const peer = { hostname: here, port: 1 };
      await assertFails(connectTls({ ...peer, ...mine }), optionError(says), peer);
    }
  });
});

test("a lowest version above the highest is refused", async () => {
  const versions = { minVersion: "TLSv1.3", maxVersion: "TLSv1.2" } as const;
  const peer = { hostname: here, port: 1 };
  await assertFails(connectTls({ ...peer, ...versions }), optionError(), peer);
});

test("a certificate for later is refused where HTTP/2 is offered", async () => {
  const contradiction = { postHandshakeAuth: true, alpnProtocols: ["http/1.1", "h2"] };
  const peer = { hostname: here, port: 1 };
  const says = /"postHandshakeAuth" must be false where "alpnProtocols" offers h2/;
  await assertFails(connectTls({ ...peer, ...contradiction }), optionError(says), peer);
});

// Certificates and keys that can't be read

const damaged = cert.replace(/^MII/m, "AAA");
const withoutEnd = cert.slice(0, 300);
const certificateTexts: Readonly<Record<string, string>> = {
  "nothing": "",
  "text": "not a certificate",
  "a NUL": "\0",
  "a key": key,
  "a damaged certificate": damaged,
  "half a certificate": withoutEnd,
  "a good certificate and half of one": made.ca + withoutEnd,
  "a good certificate and a damaged one": made.ca + damaged,
  "a header without content": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
};
const keyTexts: Readonly<Record<string, string>> = {
  "nothing": "",
  "text": "not a key",
  "a NUL": "\0",
  "a certificate": cert,
  "half a key": key.slice(0, 80),
  "a damaged key": key.replace(/^MI/m, "AA"),
};

for (const [what, text] of Object.entries(certificateTexts)) {
  test(`${what} instead of a certificate is INVALID_PEM, and the option is named`, async () => {
    await leavesNothing(async () => {
      const peer = { hostname: here, port: 1 };
      const trust = [[text], [made.ca, text]];
      for (const caCerts of trust) {
        const opening = connectTls({ ...peer, caCerts });
        assertFailure(await failureOf(opening), tlsError("INVALID_PEM", /Option "caCerts"/));
      }
      const identity = { cert: text, key };
      const opening = connectTls({ ...peer, ...identity, caCerts: [made.ca] });
      assertFailure(await failureOf(opening), tlsError("INVALID_PEM", /Option "cert"/));
      const listening = (async () => await startListener(identity))();
      assertFailure(await failureOf(listening), tlsError("INVALID_PEM", /Option "cert"/));
    });
  });
}

for (const [what, text] of Object.entries(keyTexts)) {
  test(`${what} instead of a key is INVALID_PEM, and the option is named`, async () => {
    await leavesNothing(async () => {
      const identity = { cert, key: text };
      const opening = connectTls({ hostname: here, port: 1, ...identity, caCerts: [made.ca] });
      assertFailure(await failureOf(opening), tlsError("INVALID_PEM", /Option "key"/));
      const listening = (async () => await startListener(identity))();
      assertFailure(await failureOf(listening), tlsError("INVALID_PEM", /Option "key"/));
    });
  });
}

test("a key that is no PEM is answered with what is expected, whichever engine reads it", async () => {
  const says = /Option "key" .*"-----BEGIN PRIVATE KEY-----".*"\[::1\]:1"/;
  const identity = { caCerts: [made.ca], cert };
  for (const engine of ["openssl", "runtime"] as const) {
    for (const text of ["", "not a key", cert]) {
      const opening = connectTls({ hostname: "::1", port: 1, ...identity, key: text, engine });
      assertFailure(await failureOf(opening), tlsError("INVALID_PEM", says));
    }
  }
});

test("a certificate and a key that don't belong together are INVALID_PEM", async () => {
  await leavesNothing(async () => {
    for (const other of [made.otherServer, made.rsaServer]) {
      const identity = { cert, key: other.key };
      const says = /Options "cert" and "key" can't be used: they don't belong together/;
      const opening = connectTls({ hostname: here, port: 1, ...identity, caCerts: [made.ca] });
      assertFailure(await failureOf(opening), tlsError("INVALID_PEM", says));
      const listening = (async () => await startListener(identity))();
      assertFailure(await failureOf(listening), tlsError("INVALID_PEM", says));
    }
  });
});

test("nobody is asked for the passphrase of an encrypted key", { skip }, async () => {
  // On a terminal of its own, since that is where OpenSSL would ask; nobody answers.
  const { code, stdout, stderr } = await runChild(programNamed("encrypted_key"), [], {
    through: existsSync("/usr/bin/script")
      ? ["sh", "-c", 'exec script -qec "$*" /dev/null', "sh"]
      : ["setsid", "--wait"],
    timeout: 10_000,
  });
  assert.equal(code, 0, stdout + stderr);
  const lines = stdout.trim().split(/\r?\n/);
  assert.equal(lines.length, 18, stdout + stderr);
  for (const line of lines) assert.match(line, /^INVALID_PEM: Option "(key|passphrase)" /);
});

test("good certificates among other text are read", async () => {
  await leavesNothing(async () => {
    const text =
      `Here they are:\r\n${made.untrusted.leaf}\r\nand\r\n${made.ca}\r\nThat is all.\r\n`;
    using listener = startListener({ cert: `\n\n${cert}\n\n`, key: `# mine\n${key}` });
    const { client, server } = await pair(listener, { caCerts: [text] });
    client.close();
    server.close();
  });
});

// Names

test("the server hears names as A-labels, without their dot, and never an address", {
  skip,
}, async () => {
  const names = [
    ["BÜCHER.test", "xn--bcher-kva.test"],
    ["xn--bcher-kva.test", "xn--bcher-kva.test"],
    ["WWW.FirstFlight.Test.", "www.firstflight.test"],
    ["localhost", "localhost"],
    ["127.0.0.1", undefined],
    ["::1", undefined],
  ] as const;
  for (const [serverName, heard] of names) {
    const { leafPath, keyPath } = made.server;
    const echo = ["-servername", "no.such.name", "-cert2", leafPath, "-key2", keyPath];
    await using server = await startOpensslServer(echo);
    await leavesNothing(async () => {
      using _ = await ways.connectTls(server.port, { serverName });
    });
    if (heard !== undefined) {
      await server.saw(new RegExp(`Hostname in TLS extension: "${heard.replaceAll(".", "\\.")}"`));
    } else {
      await server.saw(/BEGIN SSL SESSION/);
      assert.ok(!server.output.includes("Hostname in TLS extension"), server.output);
    }
  }
});

test("a hostname is spelled for the resolver before it is looked up", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const { port } = listener.addr;
    for (const hostname of ["LocalHost", "127.0.0.1"]) {
      const { client, server } = await (async () => {
        const accepting = listener.accept();
        const client = await connectTls({ ...trusting, hostname, port });
        return { client, server: await accepting };
      })();
      assert.match(client.remoteAddr.hostname, /^(127\.0\.0\.1|::1)$/);
      client.close();
      server.close();
    }
  });
});

for (
  const hostname of [
    ...["bücher.firstflight.invalid", "xn--bcher-kva.firstflight.invalid", "a..b.invalid"],
    ...["under_score.invalid", "-x.invalid", "x-.invalid", ".", "..", "a".repeat(64) + ".invalid"],
    ...[
      "1.2.3.4.5",
      "1.2.3.256",
      "*.invalid",
      "\u{1f680}.invalid",
      "\ud800.invalid",
      "a,b.invalid",
    ],
    ...["1.2.3.4%lo", "fe80::1%", "::1::2", "12345::"],
  ]
) {
  const shown = JSON.stringify(hostname.slice(0, 40));
  test(`a hostname such as ${shown} is refused or unknown, never something else`, async () => {
    await leavesNothing(async () => {
      for (const open of openers) {
        const error = await failureOf(open({ hostname, port: 443 }));
        const says = String((error as Error).stack);
        assert.ok(error instanceof FirstFlightError, says);
        const codes = ["INVALID_OPTION", "NAME_NOT_FOUND", "LOOKUP_FAILED"];
        assert.ok(codes.includes(error.code), says);
        // Errors may spell it for the resolver.
        assert.ok([hostname, domainToASCII(hostname)].includes(error.hostname ?? ""), says);
      }
    });
  });
}

test("a link-local address without an interface, or one that does not exist, is a typed error", async () => {
  await leavesNothing(async () => {
    for (
      const [hostname, advice] of [
        ["fe80::1", /such as fe80::1%eth0/],
        ["fe80::1%nosuch0", /"nosuch0" may be none/],
        ["fe80::1%4294967295", /"4294967295" may be none/],
      ] as const
    ) {
      for (const open of openers) {
        const error = await failureOf(open({ hostname, port: 443 }));
        assert.ok(error instanceof ConnectError, String((error as Error).stack));
        assert.equal(error.hostname, hostname);
        assert.match(error.message, advice);
      }
    }
  });
});

test("protocols too many for a ClientHello are refused, or negotiated", async () => {
  await leavesNothing(async () => {
    const many = Array.from({ length: 400 }, (_, index) => `protocol-${index}-`.padEnd(250, "x"));
    const opening = ways.connectTls(1, { alpnProtocols: many });
    assertFailure(await failureOf(opening), optionError(/alpnProtocols/));

    using listener = startListener({ alpnProtocols: [many[100] ?? ""] });
    const { client, server } = await pair(listener, { alpnProtocols: many.slice(80, 120) });
    assert.equal(client.alpnProtocol, many[100]);
    assert.equal(server.alpnProtocol, many[100]);
    client.close();
    server.close();
  });
});

test("a protocol's name may be any text, whichever engine reads it", async () => {
  using listener = startListener({ alpnProtocols: ["naïve/1 ✓", "ÿ"] });
  for (const engine of ["openssl", "runtime"] as const) {
    for (const name of ["naïve/1 ✓", "ÿ"]) {
      const { client, server } = await pair(listener, { alpnProtocols: ["h2", name], engine });
      assert.deepEqual([client.alpnProtocol, server.alpnProtocol], [name, name], engine);
      client.close();
      server.close();
    }
  }
});

test("lists that are refused are shown, but for what is too long and may be secret", async () => {
  const long = Array.from({ length: 20 }, (_, index) => index);
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  for (
    const [option, list, shown] of [
      ["alpnProtocols", ["h2", ""], 'got ["h2", ""] '],
      ["groups", ["X25519:P-256"], 'got ["X25519:P-256"] '],
      ["caCerts", [], "got [] "],
      ["caCerts", long, "got [0, 1, 2, 3, 4, 5, 6, 7, …] "],
      ["caCerts", cyclic, "got [Array] "],
      ["key", [key, 3], 'got ["-----BEGIN PRIVATE KEY-----…", 3] '],
    ] as const
  ) {
    const opening = ways.connectTls(1, { cert, key, [option]: list });
    const error = await failureOf(opening);
    assertFailure(error, optionError());
    assert.ok(error.message.includes(`Option "${option}"`), error.message);
    assert.ok(error.message.includes(shown), error.message);
  }
});

test("groups that nobody knows are named, and so is the host", async () => {
  const opening = ways.connectTls(1, { groups: ["X25519", "no-such-group"] });
  const says = /"groups" .* got \["X25519", "no-such-group"\] \(connecting to "127/;
  assertFailure(await failureOf(opening), optionError(says));
});

test("what only OpenSSL can do is had by leaving the other engine out, the message says", async () => {
  const opening = ways.connectTls(1, { engine: "runtime", earlyData: new Uint8Array(1) });
  const says = /^Option "earlyData" .*; leave out engine: "runtime"/;
  assertFailure(await failureOf(opening), tlsError("FEATURE_UNAVAILABLE", says));
});

test("no early data is also what -0 says", () => {
  startListener({ maxEarlyData: -0 }).close();
});

test("every store refuses what is no session, or no key, and calls them arguments", () => {
  using folder = temporaryFolder();
  const good = { session: new Uint8Array(1), expires: Date.now() + 60_000 };
  const wrong: readonly unknown[] = [null, undefined, 3, {}, { ...good, session: [1] }];
  for (const store of [new MemorySessionStore(), new FileSessionStore(folder.path("sessions"))]) {
    const put = store.put.bind(store) as (key: unknown, session: unknown) => void;
    const take = store.take.bind(store) as (key: unknown) => unknown;
    const refusing = (name: string, call: () => unknown) =>
      assert.throws(call, {
        name: "OptionError",
        code: "INVALID_OPTION",
        message: new RegExp(`^Argument "${name}" must be`),
      });
    for (const session of [...wrong, { ...good, expires: "soon" }, { ...good, group: 3 }]) {
      refusing("session", () => put("key", session));
    }
    for (const key of [10n, null, undefined, {}, Symbol("key")]) {
      refusing("key", () => put(key, good));
      refusing("key", () => take(key));
    }
    assert.equal(store.take("key"), undefined);
  }
});

test("options a MemorySessionStore can't keep to are refused or harmless", () => {
  for (const options of [{ perKey: 1 }, { keys: 1 }, {}]) {
    const store = new MemorySessionStore(options);
    for (let index = 0; index < 10; index++) {
      const expires = Date.now() + 60_000;
      store.put(`key ${index % 3}`, { session: new Uint8Array(1), expires });
    }
    assert.ok(store.take("key 0"));
  }
});
