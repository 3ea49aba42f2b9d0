/**
 * Libraries that stay as they are, under the flag: their own tests of `tests/libraries/`, over their own TLS.
 * What is claimed of SYNs is read from the kernel.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtimeName } from "../fixtures/hostile_child.ts";
import { ACCOUNT_VARIABLE, type LibraryAccount } from "../libraries/flag_account.ts";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { requirePeer } from "../peers/peer.ts";
import { runTestsFlagged } from "./flagged.ts";

const skip = netlabSkip() ||
  requirePeer("haproxy", "nginx", "redis-server", "postgresql", "mariadbd") ||
  requirePeer("mosquitto", "dovecot", "exim4", "slapd", "unbound");

/** What is in the SYN of each library, once there is a ticket. */
const expected: Readonly<Record<string, Rides>> = {
  "node:https": "request",
  "got": "request",
  "axios": "request",
  "node-fetch": "request",
  "superagent": "request",
  "needle": "request",
  "undici": "request",
  "undici over HTTP/2": "request",
  "undici's fetch": "request",
  "fetch": "request",
  "ky": "request",
  "node:http2": "request",
  "node:http2, a large answer": "request",
  "@connectrpc/connect-node": "request",
  // What asks for another protocol, or is a POST, waits for the handshake.
  "ws": "hello",
  "mqtt": "hello",
  "kafkajs": "hello",
  "ioredis": "hello",
  "redis": "hello",
  "nodemailer": "hello",
  "imapflow": "hello",
  "ldapts": "hello",
  "dns-packet": "hello",
  // They connect before they start TLS.
  "@grpc/grpc-js": "hello over net.connect",
  "pg": "SSLRequest",
  "postgres": "SSLRequest",
  // The server speaks first.
  "mysql2": "nothing",
  "mariadb": "nothing",
};

type Rides = "request" | "hello" | "hello over net.connect" | "SSLRequest" | "nothing";

/** What the flag says of three exchanges; of a function that was called. */
function count(account: LibraryAccount, pattern: RegExp): number {
  const entries = Object.entries(account.counts).filter(([line]) => pattern.test(line));
  return entries.reduce((sum, [, count]) => sum + count, 0);
}

function check(account: LibraryAccount, rides: Rides): void {
  const says = JSON.stringify(account);
  assert.equal(count(account, /^(tls|net)\.\w+: left/), 0, says);
  const early = count(account, /early data accepted$/);
  const taken = rides === "nothing" ? 0 : 2; // The first one asks for a cookie, where there is none.
  assert.ok(account.taken >= taken, says);
  const opened = rides === "request" || rides === "hello"
    ? /^tls\.connect: Fast Open accepted/
    : /^net\.(connect|Socket): Fast Open accepted/;
  assert.ok(count(account, opened) >= taken, says);
  assert.ok(rides === "request" ? early >= 2 : early === 0, says);
}

test("libraries as they are: what rides in their SYNs, and what does not", { skip }, async () => {
  using folder = temporaryFolder();
  const file = folder.path("account");
  // 0x403: the client's side, the server's, and every listener, asked or not.
  await using lab = await startNetlab({ fastOpen: 0x403 });
  await lab.client.run("ip", ["link", "set", "lo", "up"]);
  const files = ["databases", "directory", "http2", "http", "mail", "messages"].map((name) =>
    fileURLToPath(new URL(`../libraries/${name}_test.ts`, import.meta.url))
  );
  const { code, output } = await runTestsFlagged(files, "three exchanges, own TLS", {
    through: ["ip", "netns", "exec", lab.client.namespace],
    env: {
      FIRSTFLIGHT_EARLY_DATA: "safe",
      FIRSTFLIGHT_OPTIMISTIC_NET: "on",
      [ACCOUNT_VARIABLE]: file,
    },
  });
  assert.equal(code, 0, output);
  const accounts: LibraryAccount[] = readFileSync(file, "utf8").trim().split("\n")
    .map((line) => JSON.parse(line));
  const names = Object.keys(expected).filter((name) => name !== "fetch" || runtimeName === "node");
  assert.deepEqual(accounts.map(({ library }) => library).sort(), names.sort());
  for (const account of accounts) check(account, expected[account.library]!);
});
