/** How sockets learn that nobody is there any more. */

import assert from "node:assert/strict";
import process from "node:process";
import { netlabSkip, programArguments, startNetlab } from "../../netlab/mod.ts";
import { certificates } from "../../peers/certificates.ts";
import { startNginx } from "../../peers/nginx.ts";
import { Peer, requirePeer } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

/** Deno's own socket of TLS takes any failure for an end. */
const IN_DENO = /^tls\.connect, \w+: end close false$/;

test("a lost link is noticed: with keep-alive where nothing is sent, and where something is", {
  skip: netlabSkip() || requirePeer("nginx"),
}, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  await using _nginx = await startNginx({ place: lab.server, port: 443, plainPort: 80 });
  await lab.client.setSysctl("ipv4/tcp_keepalive_intvl", 1);
  await lab.client.setSysctl("ipv4/tcp_retries2", 1);
  const program = new URL("../../fixtures/lost_link.ts", import.meta.url);
  const args = programArguments(program, lab.server.ipv4, certificates().caPath);
  await using sockets = new Peer(lab.client, process.execPath, args);
  await sockets.saw(/^opened$/m);
  const lost = [lab.server.ipv4, lab.client.ipv4];
  await lab.setMiddleboxes(lost.map((destination) => ({ kind: "blackhole", destination })));
  sockets.type("lost\n");
  await sockets.saw(/^over$/m);
  const accounts = sockets.output.split("\n").filter((line) => line.includes(": "));
  assert.equal(accounts.length, 8, sockets.output);
  for (const account of accounts) {
    if ("Deno" in globalThis && IN_DENO.test(account)) continue;
    assert.match(account, /^\S+, \w+: error read ETIMEDOUT, close true$/);
  }
});
