/** What the link saw of the connections that libraries for messages and mail make by their adapters. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import type { Task } from "../fixtures/message_clients.ts";
import {
  type Netlab,
  netlabSkip,
  programArguments,
  type SeenPacket,
  startNetlab,
} from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import { type Folder, temporaryFolder } from "../peers/folder.ts";
import { Peer, requirePeer, run, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

const skip = netlabSkip() || requirePeer("exim4", "haproxy", "mosquitto", "redis-server");

/** Both ends, and every listener, asked or not: these servers know nothing of Fast Open. */
const EVERY_LISTENER = 0x403;

const PORTS = { exim: 465, haproxy: 6380, mosquitto: 8883, redis: 6379 } as const;
const COUNT = 3;

/** The servers, each with its own TLS; Redis's is HAProxy's, which takes early data. */
function commandsIn(folder: Folder): Readonly<Record<keyof typeof PORTS, readonly string[]>> {
  const { cert, key, certPath, keyPath } = certificates().server;
  const write = (name: string, text: string) => {
    writeFileSync(folder.path(name), text);
    return folder.path(name);
  };
  const mosquitto = write(
    "mosquitto.conf",
    `listener ${PORTS.mosquitto}\ncertfile ${certPath}\nkeyfile ${keyPath}\n` +
      "allow_anonymous true\nuser root\n",
  );
  const exim = write(
    "exim.conf",
    `exim_user = root\nexim_group = root\nnever_users =\nprimary_hostname = localhost\n` +
      `spool_directory = ${folder.path()}\nlog_file_path = ${folder.path()}/%slog\n` +
      `daemon_smtp_ports = ${PORTS.exim}\ntls_on_connect_ports = ${PORTS.exim}\n` +
      `tls_advertise_hosts = *\ntls_certificate = ${certPath}\ntls_privatekey = ${keyPath}\n` +
      "host_lookup =\nrfc1413_query_timeout = 0s\n",
  );
  const bind = `bind :${PORTS.haproxy} ssl crt ${write("both.pem", cert + key)} allow-0rtt`;
  const times = "timeout connect 5s\n timeout client 60s\n timeout server 60s";
  const haproxy = write(
    "haproxy.cfg",
    `global\n maxconn 200\ndefaults\n mode tcp\n ${times}\nlisten redis\n ${bind}\n` +
      ` server redis 127.0.0.1:${PORTS.redis}\n`,
  );
  return {
    exim: ["exim4", "-bdf", "-C", exim],
    haproxy: ["haproxy", "-db", "-f", haproxy],
    mosquitto: ["mosquitto", "-c", mosquitto],
    redis: ["redis-server", "--port", `${PORTS.redis}`, "--save", "", "--dir", folder.path()],
  };
}

/** Starts the servers. They end with the network. */
async function startServers(lab: Netlab, folder: Folder): Promise<void> {
  const started = Object.entries(commandsIn(folder)).map(([name, [command = "", ...args]]) => {
    const peer = new Peer(lab.server, command, args);
    const port = PORTS[name as keyof typeof PORTS].toString(16).toUpperCase().padStart(4, "0");
    const listens = new RegExp(`:${port} 0+:0000 0A `);
    return peer.until("a listener", () => {
      const files = ["tcp", "tcp6"].map((name) => `/proc/${peer.pid}/net/${name}`);
      return files.some((file) => listens.test(readFileSync(file, "utf8")));
    });
  });
  await Promise.all(started);
}

/** What the client sent of its last connection before the server had answered. */
async function firstFlight(lab: Netlab): Promise<{ syn: SeenPacket; bytes: number }> {
  const packets = await lab.packets();
  const syn = packets.findLast(({ flags }) => flags === "S") ?? assert.fail("no SYN");
  const answered = packets.findIndex(({ payload, destinationPort }) =>
    payload > 0 && destinationPort === syn.sourcePort
  );
  const sent = packets.slice(0, answered).filter(({ sourcePort }) => sourcePort === syn.sourcePort);
  return { syn, bytes: sent.reduce((sum, { payload }) => sum + payload, 0) };
}

test("hellos ride in the SYN, and with a ticket what ioredis says first", { skip }, async () => {
  using folder = temporaryFolder();
  await using lab = await startNetlab({ rtt: 4, fastOpen: EVERY_LISTENER });
  await startServers(lab, folder);
  const program = new URL("../fixtures/message_clients.ts", import.meta.url);
  const ask = async (library: Task["library"], port: number, answers: readonly unknown[]) => {
    const before = (await lab.client.counters())["TCPFastOpenActive"] ?? 0;
    const task: Task = {
      library,
      port,
      host: lab.server.ipv4,
      ca: certificates().ca,
      count: COUNT,
    };
    const running = run(
      lab.client,
      process.execPath,
      programArguments(program, JSON.stringify(task)),
    );
    const { code, output } = await soon(library, running);
    assert.equal(code, 0, output);
    assert.deepEqual(JSON.parse(output), answers);
    const grown = (await lab.client.counters())["TCPFastOpenActive"]! - before;
    return { grown, ...await firstFlight(lab) };
  };
  const ridden = "PONG, early data: accepted";
  for (
    const [library, port, answers] of [
      ["mqtt", PORTS.mosquitto, Array(COUNT).fill("connected")],
      ["nodemailer", PORTS.exim, Array(COUNT).fill(true)],
      ["ioredis", PORTS.haproxy, ["PONG, early data: not-sent", ridden, ridden]],
    ] as const
  ) {
    const { grown, syn, bytes } = await ask(library, port, answers);
    assert.ok(grown >= COUNT - 1, `${library}: ${grown} SYNs with data were acknowledged`);
    assert.ok(syn.payload > 200, `${library}: ${syn.payload} bytes in the SYN`);
    assert.equal(bytes, syn.payload, `${library}: more was sent before the answer`);
  }
});
