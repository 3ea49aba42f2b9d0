import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import process from "node:process";
import { MemorySessionStore } from "../../mod.ts";
import { programNamed, runChild } from "../fixtures/hostile_child.ts";
import { ask, encode, open, readText } from "../peers/exchange.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { httpRequest } from "../peers/http.ts";
import { LocalServer } from "../peers/local_server.ts";
import { startNginx } from "../peers/nginx.ts";
import { startOpensslServer } from "../peers/openssl_server.ts";
import { here, requirePeer } from "../peers/peer.ts";
import { startRemoteClient, succeeded } from "../peers/remote_client.ts";
import { test } from "../peers/test.ts";

const skip = requirePeer("nginx", "openssl");
const logging = { skip, needs: "keyLog" } as const;

/** What NSS calls the format: a label, the client's random, the secret. */
const LINE = /^[A-Z_0-9]+ [0-9a-f]{64} (?:[0-9a-f]{64}|[0-9a-f]{96})$/;

const labels = (lines: readonly string[]) => lines.map((line) => line.split(" ")[0]).toSorted();

for (
  const [version, expected] of Object.entries({
    "TLSv1.2": ["CLIENT_RANDOM"],
    "TLSv1.3": [
      "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
      "CLIENT_TRAFFIC_SECRET_0",
      "EXPORTER_SECRET",
      "SERVER_HANDSHAKE_TRAFFIC_SECRET",
      "SERVER_TRAFFIC_SECRET_0",
    ],
  })
) {
  test(`${version}: keyLog gets the secrets that the server has too`, logging, async () => {
    using folder = temporaryFolder();
    const theirs = folder.path("theirs");
    const flag = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
    await using server = await startOpensslServer([flag, "-keylogfile", theirs]);
    const lines: string[] = [];
    using conn = await open({
      port: server.port,
      sessions: false,
      keyLog: (line) => lines.push(line),
    });
    await conn.write(encode("done\n"));
    await server.saw(/^done$/m);
    assert.deepEqual(labels(lines), expected);
    for (const line of lines) {
      assert.match(line, version === "TLSv1.2" ? /^\S+ \w{64} \w{96}$/ : LINE);
    }
    const written = readFileSync(theirs, "utf8").split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(lines.toSorted(), written.toSorted());
  });
}

test("each connection logs to its own keyLog", logging, async () => {
  await using nginx = await startNginx();
  const logs: string[][] = [[], [], []];
  await Promise.all(logs.map((log) => {
    return ask({ port: nginx.port, sessions: false, keyLog: (line) => log.push(line) });
  }));
  const randoms = logs.map((log) => new Set(log.map((line) => line.split(" ")[1])));
  assert.ok(randoms.every(({ size }) => size === 1));
  assert.equal(new Set(randoms.flatMap((random) => [...random])).size, 3);
});

test("early data has a secret of its own", { skip, needs: "earlyData" }, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  await ask({ port: nginx.port, sessions });
  const lines: string[] = [];
  const options = { port: nginx.port, sessions, keyLog: (line: string) => lines.push(line) };
  const { conn } = await ask(options, { early: true });
  assert.equal(conn.earlyData, "accepted");
  assert.ok(labels(lines).includes("CLIENT_EARLY_TRAFFIC_SECRET"));
  assert.ok(lines.every((line) => LINE.test(line)));
});

test("a listener's keyLog gets what its clients' get", logging, async () => {
  const theirs: string[] = [];
  const ours: string[] = [];
  await using server = new LocalServer({ keyLog: (line) => theirs.push(line) });
  for (let round = 0; round < 2; round++) {
    const keyLog = (line: string) => ours.push(line);
    using conn = await open({ port: server.port, sessions: false, keyLog });
    await conn.write(encode(httpRequest("/bytes/1")));
    await readText(conn);
  }
  assert.equal(ours.length, 10);
  assert.deepEqual(theirs.toSorted(), ours.toSorted());
});

test("SSLKEYLOGFILE gets the lines too, for its owner alone", { skip }, async () => {
  using folder = temporaryFolder();
  const theirs = folder.path("theirs");
  const file = folder.path("keys");
  await using server = await startOpensslServer(["-keylogfile", theirs]);
  const env = { ...process.env, SSLKEYLOGFILE: file };
  await using client = startRemoteClient({
    spawn: (command, args, options) => here.spawn(command, args, { ...options, env }),
  });
  const lines = (path: string) => readFileSync(path, "utf8").match(/^[A-Z].*$/gm)?.toSorted() ?? [];
  for (const round of [1, 2]) {
    const options = { hostname: "127.0.0.1", port: server.port, sessions: false } as const;
    succeeded(await client.connectTls(options, { send: `done ${round}\n`, receive: 0 }));
    await server.saw(new RegExp(`^done ${round}$`, "m"));
    assert.deepEqual(lines(file), lines(theirs));
    assert.equal(lines(file).length, 5 * round);
  }
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test(
  "an SSLKEYLOGFILE that can't be written costs one warning and no connection",
  logging,
  async () => {
    using folder = temporaryFolder();
    const env = { SSLKEYLOGFILE: folder.path("no such folder/keys") };
    const { code, stdout, stderr } = await runChild(programNamed("callbacks"), ["put-closes"], {
      env,
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"served"/);
    assert.equal(stderr.match(/SSLKEYLOGFILE can't be written/g)?.length, 1, stderr);
  },
);
