import assert from "node:assert/strict";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Netlab,
  type NetlabOptions,
  netlabSkip,
  programArguments,
  QueueFiller,
  type SeenPacket,
  startNetlab,
  startSilentServer,
} from "./mod.ts";
import { nameAddresses } from "../peers/hosts.ts";
import { startRemoteClient } from "../peers/remote_client.ts";

const skip = netlabSkip();

/** Client and server, and 0x400: every listener takes Fast Open without asking for it. */
const EVERY_LISTENER = 0x403;

/** A lab whose server answers `/5000` with 5,000 bytes, on every address it has. */
async function startHttpLab(options: NetlabOptions = {}): Promise<Netlab> {
  const lab = await startNetlab({ fastOpen: EVERY_LISTENER, ...options });
  await startHttpServer(lab);
  return lab;
}

/** @returns its process id */
async function startHttpServer(lab: Netlab): Promise<number> {
  const program = new URL("./fixtures/http_server.ts", import.meta.url);
  const server = lab.server.spawn(process.execPath, programArguments(program), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(server.stdout!, "data");
  return server.pid!;
}

interface Fetched {
  /** curl's exit status: 0, or 7 for no connection, 28 for a time-out, 56 for a reset. */
  readonly code: number | null;
  readonly bytes: number;
  /** Milliseconds. */
  readonly connect: number;
  readonly firstByte: number;
}

/** One request by curl, with the kernel's Fast Open, which may take so many seconds. */
async function get(
  lab: Netlab,
  path: string,
  host = lab.server.ipv4,
  patience = 3,
): Promise<Fetched> {
  const url = `http://${host.includes(":") ? `[${host}]` : host}/${path}`;
  const format = "%{size_download} %{time_connect} %{time_starttransfer}";
  const args = ["-s", "-m", `${patience}`, "--tcp-fastopen", "-o", "/dev/null"];
  const { code, stdout } = await lab.client.run("curl", [...args, "-w", format, url]);
  const [bytes = 0, connect = 0, firstByte = 0] = stdout.split(" ").map(Number);
  return { code, bytes, connect: connect * 1000, firstByte: firstByte * 1000 };
}

/** A first request, so that the client's kernel has a cookie; then a clean record. */
async function fetchCookie(lab: Netlab): Promise<void> {
  assert.equal((await get(lab, "1")).code, 0);
  await lab.clearPackets();
}

function find(packets: SeenPacket[], from: string, flags: string): SeenPacket {
  const packet = packets.find((each) => each.from === from && each.flags === flags);
  assert.ok(packet, `no ${flags} from the ${from}`);
  return packet;
}

test("the round trip takes as long as asked for, over IPv4 and IPv6", { skip }, async () => {
  await using lab = await startHttpLab({ rtt: 35 });
  for (const host of [lab.server.ipv4, lab.server.ipv6]) {
    await lab.clearPackets();
    const { connect } = await get(lab, "1", host);
    // Never too soon; how late depends on what else the machine does.
    assert.ok(connect >= 35 && connect < 70, `connected in ${connect} ms`);

    const packets = await lab.packets();
    const syn = find(packets, "client", "S");
    assert.equal(syn.destination, host);
    const flow = packets.filter(({ sourcePort }) => sourcePort === syn.sourcePort);
    const trip = find(flow, "client", "A").at - syn.at;
    assert.ok(trip >= 35 && trip < 70, `SYN to ACK in ${trip} ms`);
  }
});

test("Fast Open: the second connection's request rides in the SYN", { skip }, async () => {
  await using lab = await startHttpLab();
  await get(lab, "1");
  const first = await lab.packets();
  assert.equal(find(first, "client", "S").fastOpenOption, "request");
  assert.equal(find(first, "server", "SA").fastOpenOption, "cookie");

  await lab.clearPackets();
  const { firstByte } = await get(lab, "1");
  const second = await lab.packets();
  const syn = find(second, "client", "S");
  assert.equal(syn.fastOpenOption, "cookie");
  assert.ok(syn.payload > 0);
  assert.equal(find(second, "server", "SA").ack, (syn.seq + 1 + syn.payload) >>> 0);
  assert.ok(firstByte >= 35 && firstByte < 60, `first byte in ${firstByte} ms`);
  assert.equal((await lab.client.counters())["TCPFastOpenActive"], 1);
  assert.equal((await lab.server.counters())["TCPFastOpenPassive"], 1);

  await lab.client.forgetCookies();
  await lab.clearPackets();
  await get(lab, "1");
  assert.equal(find(await lab.packets(), "client", "S").fastOpenOption, "request");
});

test("drop-syn-data: the kernel retries bare after a second", { skip }, async () => {
  await using lab = await startHttpLab();
  await fetchCookie(lab);
  await lab.setMiddleboxes([{ kind: "drop-syn-data" }]);
  const { code, firstByte } = await get(lab, "1");
  assert.equal(code, 0);
  assert.ok(firstByte >= 1000, `first byte in ${firstByte} ms`);
  const [first, second] = (await lab.packets()).filter(({ flags }) => flags === "S");
  assert.ok(first && first.payload > 0 && first.dropped);
  assert.ok(second && second.payload === 0 && !second.dropped);
});

test("strip-syn-data: the server acknowledges the bare SYN", { skip }, async () => {
  await using lab = await startHttpLab();
  await fetchCookie(lab);
  await lab.setMiddleboxes([{ kind: "strip-syn-data" }]);
  assert.equal((await get(lab, "1")).code, 0);
  const packets = await lab.packets();
  const syn = find(packets, "client", "S");
  assert.ok(syn.payload > 0 && !syn.dropped);
  assert.equal(find(packets, "server", "SA").ack, (syn.seq + 1) >>> 0);
  assert.equal((await lab.client.counters())["TCPFastOpenActiveFail"], 1);
});

test("drop-option: the kernel retries without the option after a second", { skip }, async () => {
  await using lab = await startHttpLab({ middleboxes: [{ kind: "drop-option" }] });
  const { code, firstByte } = await get(lab, "1");
  assert.equal(code, 0);
  assert.ok(firstByte >= 1000, `first byte in ${firstByte} ms`);
  const [first, second] = (await lab.packets()).filter(({ flags }) => flags === "S");
  assert.ok(first && first.fastOpenOption === "request" && first.dropped);
  assert.ok(second && second.fastOpenOption === "none" && !second.dropped);
});

test("strip-option: nobody is asked for a cookie", { skip }, async () => {
  await using lab = await startHttpLab({ middleboxes: [{ kind: "strip-option" }] });
  assert.equal((await get(lab, "1")).code, 0);
  const packets = await lab.packets();
  assert.equal(find(packets, "client", "S").fastOpenOption, "request");
  assert.equal(find(packets, "server", "SA").fastOpenOption, "none");
});

test("strip-synack-option: no cookie arrives", { skip }, async () => {
  await using lab = await startHttpLab({ middleboxes: [{ kind: "strip-synack-option" }] });
  await get(lab, "1");
  assert.equal(find(await lab.packets(), "server", "SA").fastOpenOption, "cookie");
  await lab.clearPackets();
  await get(lab, "1");
  assert.equal(find(await lab.packets(), "client", "S").fastOpenOption, "request");
});

test("reset-syn-data: the connection is refused, from half way", { skip }, async () => {
  await using lab = await startHttpLab();
  for (const host of [lab.server.ipv4, lab.server.ipv6]) {
    await lab.setMiddleboxes([]);
    assert.equal((await get(lab, "1", host)).code, 0);
    await lab.setMiddleboxes([{ kind: "reset-syn-data" }]);
    await lab.clearPackets();
    const start = performance.now();
    const { code } = await get(lab, "1", host);
    const took = performance.now() - start;
    assert.ok(code !== 0 && code !== 28, `curl's status: ${code}`);
    assert.ok(took >= lab.rtt / 2 && took < 500, `refused in ${took} ms`);
    assert.ok(find(await lab.packets(), "client", "S").dropped);
  }
});

test("clamp-mss: both kernels keep to it", { skip }, async () => {
  await using lab = await startHttpLab({ middleboxes: [{ kind: "clamp-mss", mss: 1000 }] });
  const { bytes } = await get(lab, "20000");
  assert.equal(bytes, 20000);
  const sizes = (await lab.packets()).map(({ payload }) => payload);
  // A timestamp option takes 12 bytes of each segment.
  assert.equal(Math.max(...sizes), 988);
});

test("mtu: the sender learns it and sends smaller packets", { skip }, async () => {
  await using lab = await startHttpLab({ middleboxes: [{ kind: "mtu", mtu: 1300 }] });
  for (const [host, headers] of [[lab.server.ipv4, 52], [lab.server.ipv6, 72]] as const) {
    await lab.clearPackets();
    const { bytes } = await get(lab, "20000", host);
    assert.equal(bytes, 20000);
    const data = (await lab.packets()).filter(({ payload }) => payload > 1000);
    assert.ok(data.some(({ dropped, payload }) => dropped && payload === 1500 - headers));
    const passed = data.filter(({ dropped }) => !dropped).map(({ payload }) => payload);
    assert.equal(Math.max(...passed), 1300 - headers);
  }
  const dropped = async () => {
    await lab.clearPackets();
    await get(lab, "20000");
    return (await lab.packets()).some(({ dropped }) => dropped);
  };
  assert.equal(await dropped(), false, "it knows it by now");
  await lab.server.forgetMtus();
  assert.equal(await dropped(), true);
});

test("loss: TCP mends it", { skip }, async () => {
  await using lab = await startHttpLab({ rtt: 5 });
  await lab.setMiddleboxes([{ kind: "loss", share: 0.1, seed: 3 }]);
  const { bytes } = await get(lab, "60000");
  assert.equal(bytes, 60000);
  assert.ok((await lab.packets()).some(({ dropped }) => dropped));
  const { TCPFastRetrans = 0, TCPTimeouts = 0, TCPLossProbes = 0, TCPSackRecovery = 0 } = await lab
    .server.counters();
  assert.ok(TCPFastRetrans + TCPTimeouts + TCPLossProbes + TCPSackRecovery > 0);
});

test("blackhole, a dead address, an extra one", { skip }, async () => {
  const dead = "10.77.3.3";
  await using lab = await startHttpLab();
  const extras = ["10.77.4.4", "fd77:4::4"];
  for (const extra of extras) {
    await lab.server.addAddress(extra);
    assert.equal((await get(lab, "1", extra)).code, 0);
  }
  await lab.clearPackets();
  await lab.setMiddleboxes(extras.map((destination) => ({ kind: "blackhole", destination })));
  const codes = await Promise.all(
    [...extras, dead].map(async (host) => (await get(lab, "1", host, 1)).code),
  );
  assert.deepEqual(codes, [28, 28, 28]);
  const packets = await lab.packets();
  for (const extra of extras) {
    assert.ok(packets.some(({ destination, dropped }) => destination === extra && dropped));
  }
  assert.ok(packets.some(({ destination, dropped }) => destination === dead && !dropped));
  assert.ok(packets.every(({ flags }) => flags !== "SA"), "nobody may answer");
  assert.equal((await get(lab, "1")).code, 0);
});

test(
  "a server that changes its key, or its mind, ignores what the SYN brings",
  { skip },
  async () => {
    await using lab = await startHttpLab();
    const answered = async () => {
      await lab.clearPackets();
      assert.equal((await get(lab, "1")).code, 0);
      const packets = await lab.packets();
      const syn = find(packets, "client", "S");
      const synAck = find(packets, "server", "SA");
      assert.ok(syn.payload > 0);
      return { acknowledged: synAck.ack - syn.seq >>> 0, option: synAck.fastOpenOption, syn };
    };
    await fetchCookie(lab);
    const { acknowledged, syn } = await answered();
    assert.equal(acknowledged, 1 + syn.payload);

    await lab.server.setSysctl("ipv4/tcp_fastopen_key", "00000001-00000002-00000003-00000004");
    const { acknowledged: rotated, option } = await answered();
    assert.equal(rotated, 1);
    assert.equal(option, "cookie", "the new one comes with the refusal");

    await lab.server.setSysctl("ipv4/tcp_fastopen", 1);
    const { acknowledged: off, option: none } = await answered();
    assert.equal(off, 1);
    assert.equal(none, "none");
    await assert.rejects(lab.server.setSysctl("ipv4/tcp_teapot", 1), /tcp_teapot/);
  },
);

test("an address that looks global comes before IPv4", { skip }, async () => {
  await using lab = await startHttpLab();
  const { client, server } = lab;
  const [live, dead] = ["2001:db8:77::2", "2001:db8:77::dead"];
  await client.addAddress("2001:db8:77::1");
  await server.addAddress(live);
  assert.equal((await get(lab, "1", live)).code, 0);

  using _names = nameAddresses(client, { "both.test": [server.ipv4, dead] });
  await using resolver = startRemoteClient(client);
  assert.deepEqual(await resolver.lookup("both.test"), [dead, server.ipv4]);
});

test("a full queue turns SYNs away until the server goes on", { skip }, async () => {
  await using lab = await startNetlab({ fastOpen: EVERY_LISTENER });
  const pid = await startHttpServer(lab);
  using filler = new QueueFiller(lab.server, lab.server.ipv4, 80);
  await fetchCookie(lab);
  for (let round = 0; round < 2; round++) {
    await lab.clearPackets();
    process.kill(pid, "SIGSTOP");
    await filler.fill();
    const getting = get(lab, "1");
    await sleep(300);
    const packets = await lab.packets();
    assert.equal(packets.filter(({ flags }) => flags === "S").length, 1, "the filler is not seen");
    assert.ok(packets.every(({ flags }) => flags !== "SA"), "nobody may answer");
    process.kill(pid, "SIGCONT");
    await filler.empty();
    const { code, firstByte } = await getting;
    assert.equal(code, 0);
    assert.ok(firstByte >= 1000, `first byte in ${firstByte} ms`);
  }
});

test("a silent server takes what the SYN brings, and answers nothing", { skip }, async () => {
  await using lab = await startNetlab({ fastOpen: EVERY_LISTENER });
  await startSilentServer(lab.server, "::", 80);
  assert.equal((await get(lab, "1", undefined, 1)).code, 28);
  await lab.clearPackets();
  assert.equal((await get(lab, "1", undefined, 1)).code, 28);
  const packets = await lab.packets();
  const syn = find(packets, "client", "S");
  assert.ok(syn.payload > 0);
  assert.equal(find(packets, "server", "SA").ack, (syn.seq + 1 + syn.payload) >>> 0);
  assert.ok(packets.every(({ from, payload }) => from === "client" || payload === 0));
});

test("a middlebox that does not exist is refused, and the link goes on", { skip }, async () => {
  await using lab = await startHttpLab();
  await assert.rejects(lab.setMiddleboxes([{ kind: "teapot" } as never]), /no such middlebox/);
  assert.equal((await get(lab, "1")).code, 0);
});
