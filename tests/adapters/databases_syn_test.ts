/** What the link saw of connections to databases by an adapter. */

import assert from "node:assert/strict";
import process from "node:process";
import type { DatabaseFinding, DatabaseTask } from "../fixtures/database_client.ts";
import { netlabSkip, programArguments, startNetlab } from "../netlab/mod.ts";
import { shared } from "../libraries/subjects.ts";
import { certificates } from "../peers/certificates.ts";
import { startMariadb } from "../peers/mariadb.ts";
import { requirePeer, run } from "../peers/peer.ts";
import { startPostgresql } from "../peers/postgresql.ts";
import { test } from "../peers/test.ts";
import { startTlsFront } from "../peers/tls_front.ts";

const skip = netlabSkip() || requirePeer("haproxy", "mariadbd", "postgresql");

/** With 1024, net.ipv4.tcp_fastopen is for servers that do not ask for it themselves, as PostgreSQL. */
const CLIENT_AND_EVERY_SERVER = 1 + 2 + 1024;

/** Both databases on the other host, and the TLS in front of them. */
const scene = shared(async () => {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await startNetlab({ rtt: 4, fastOpen: CLIENT_AND_EVERY_SERVER }));
  const place = lab.server;
  const [postgresql, mariadb] = await Promise.all([
    startPostgresql({ place }),
    startMariadb({ place }),
  ]);
  stack.use(postgresql);
  stack.use(mariadb);
  const behind = { postgresql: postgresql.port, mariadb: mariadb.port };
  const { ports } = stack.use(await startTlsFront(behind, { alpn: "postgresql", place }));
  const started = stack.move();
  return { lab, bare: behind, ports, [Symbol.asyncDispose]: () => started.disposeAsync() };
});

/** Asks twice; returns the bytes that rode in the second SYN, and what was found. */
async function ask(task: Pick<DatabaseTask, "library" | "way" | "port">) {
  const { lab } = await scene();
  await lab.client.forgetCookies();
  await lab.clearPackets();
  const before = await lab.client.counters();
  const whole: DatabaseTask = { ...task, host: lab.server.ipv4, ca: certificates().ca, count: 2 };
  const program = new URL("../fixtures/database_client.ts", import.meta.url);
  const args = programArguments(program, JSON.stringify(whole));
  const { code, output } = await run(lab.client, process.execPath, args);
  assert.equal(code, 0, output);
  const packets = await lab.packets();
  const syns = packets.filter(({ flags }) => flags === "S").map(({ payload }) => payload);
  const after = await lab.client.counters();
  const active = (after["TCPFastOpenActive"] ?? 0) - (before["TCPFastOpenActive"] ?? 0);
  const findings: DatabaseFinding[] = JSON.parse(output);
  assert.deepEqual(findings.map(({ sum }) => sum), [2, 2]);
  return { syns, active, outcome: findings[1]?.fastOpen };
}

test("PostgreSQL's SSLRequest rides in the SYN, of pg and of postgres.js", { skip }, async () => {
  const { bare: { postgresql: port } } = await scene();
  for (const library of ["pg", "postgres"] as const) {
    const { syns, active, outcome } = await ask({ library, way: "adapter", port });
    assert.deepEqual({ syns, active, outcome }, { syns: [0, 8], active: 1, outcome: "accepted" });
  }
});

test("direct: the ClientHello rides in the SYN, of pg and of postgres.js", { skip }, async () => {
  const { ports: { postgresql: port } } = await scene();
  for (const library of ["pg", "postgres"] as const) {
    const { syns, active, outcome } = await ask({ library, way: "direct", port });
    assert.deepEqual({ active, outcome }, { active: 1, outcome: "accepted" });
    assert.equal(syns.length, 2);
    assert.ok(syns[1]! > 200, `${syns[1]} bytes in the SYN`);
  }
});

test("to the TLS before MariaDB the ClientHello rides in the SYN, of mysql2 and of mariadb", {
  skip,
}, async () => {
  const { ports: { mariadb: port } } = await scene();
  for (const library of ["mysql2", "mariadb"] as const) {
    const { syns, active, outcome } = await ask({ library, way: "adapter", port });
    assert.deepEqual({ active, outcome }, { active: 1, outcome: "accepted" });
    assert.ok(syns[1]! > 200, `${syns[1]} bytes in the SYN`);
  }
});
