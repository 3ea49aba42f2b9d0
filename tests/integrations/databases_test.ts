/** The pages of databases and directories, against Debian's. */

import assert from "node:assert/strict";
import { shared } from "../libraries/subjects.ts";
import { startMariadb } from "../peers/mariadb.ts";
import { startMongodbServer } from "../peers/mongodb_server.ts";
import { startPostgresql } from "../peers/postgresql.ts";
import { SLAPD_SUFFIX, startSlapd } from "../peers/slapd.ts";
import { startTdsServer } from "../peers/tds_server.ts";
import { startTlsFront } from "../peers/tls_front.ts";
import { type PageUnderTest, testPage } from "./page.ts";

/** Runs a page's program, which must end well and print what is expected. */
async function check(
  page: PageUnderTest,
  values: Readonly<Record<string, string | number>>,
  expected: RegExp,
): Promise<void> {
  const { code, stdout, stderr } = await page.run(values);
  assert.equal(code, 0, stderr);
  assert.match(stdout, expected);
}

const postgresql = shared(startPostgresql);
const ofPostgresql = (port: number) => ({
  ...{ '"db.example.com"': '"localhost"', "5432": port, '"app"': '"postgres"' },
});

testPage("pg", { needs: ["postgresql"] }, async (page) => {
  await check(page, ofPostgresql((await postgresql()).port), /^PostgreSQL \d/);
});

testPage("postgres", { needs: ["postgresql"] }, async (page) => {
  await check(page, ofPostgresql((await postgresql()).port), /^PostgreSQL \d/);
});

/** MariaDB behind a proxy that begins with TLS. */
const mariadb = shared(async () => {
  await using stack = new AsyncDisposableStack();
  const { port } = stack.use(await startMariadb());
  const front = stack.use(await startTlsFront({ port }));
  const started = stack.move();
  return { port: front.ports.port, [Symbol.asyncDispose]: () => started.disposeAsync() };
});
const ofMariadb = (port: number) => ({ '"db.example.com"': '"localhost"', "3307": port });

testPage("mysql2", { needs: ["haproxy", "mariadbd"] }, async (page) => {
  await check(page, ofMariadb((await mariadb()).port), /^\d+\.\d+\.\d+-MariaDB/);
});

testPage("mariadb", { needs: ["haproxy", "mariadbd"] }, async (page) => {
  await check(page, ofMariadb((await mariadb()).port), /^\d+\.\d+\.\d+-MariaDB/);
});

testPage("ldapts", { needs: ["haproxy", "slapd"] }, async (page) => {
  await using slapd = await startSlapd();
  await using front = await startTlsFront({ slapd: slapd.port });
  const url = { "ldap.example.com:636": `localhost:${front.ports.slapd}` };
  await check(page, url, new RegExp(SLAPD_SUFFIX));
});

testPage("tedious", { needs: ["haproxy"] }, async (page) => {
  await using server = await startTdsServer();
  await using front = await startTlsFront({ tds: server.port }, { alpn: "tds/8.0" });
  const values = { '"db.example.com"': '"localhost"', "1433": front.ports.tds };
  await check(page, values, /^2$/m);
});

testPage("mongodb", { needs: ["haproxy"] }, async (page) => {
  await using server = await startMongodbServer();
  await using front = await startTlsFront({ mongodb: server.port });
  const where = { "db.example.com:27017": `localhost:${front.ports.mongodb}` };
  const { code, stdout, stderr } = await page.run(where, { env: { FIRSTFLIGHT_REPORT: "1" } });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /ok: 1/);
  // Those of the pool, and those that watch the server: none was left to the runtime.
  assert.match(stderr, /^ {2}\d+ × tls\.connect: /m);
  assert.doesNotMatch(stderr, /left/);
});
