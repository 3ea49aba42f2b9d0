/**
 * The link process. It carries packets between the two hosts, each half a round trip late.
 *
 * It is a process of its own because it blocks: one loop around ppoll(2) never yields to an event
 * loop. This keeps the delay exact to some ten microseconds. `link_process.ts` starts it; its only
 * argument is a {@linkcode LinkConfig}.
 *
 * @module
 */

import process from "node:process";
import { clockOffset } from "./clock.ts";
import { ControlChannel, STDIN, STDOUT } from "./control.ts";
import { DelayQueue } from "./delay_queue.ts";
import { libc } from "./libc.ts";
import { judge } from "./middlebox.ts";
import { Poller, POLLGONE, POLLIN, POLLOUT } from "./poller.ts";
import type { LinkConfig, LinkRequest, Side } from "./protocol.ts";
import { Recorder } from "./recorder.ts";
import { openTun } from "./tun.ts";

const PR_SET_PDEATHSIG = 1;
const PR_SET_TIMERSLACK = 29;
const SIGKILL = 9n;

/**
 * Packets read from one device before the other device, and packets that are due, get their turn.
 */
const BATCH = 32;

/**
 * Milliseconds that the kernel may take to wake a sleeper. For so long before a packet is due the
 * loop stays awake.
 */
const WAKE_UP = 0.1;

const config = JSON.parse(process.argv[2] ?? "") as LinkConfig;

/** The packets from one host to the other. */
interface Direction {
  readonly from: Side;
  readonly input: number;
  readonly output: number;
  readonly queue: DelayQueue;
}

function tieToParent(): void {
  libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0n, 0n, 0n);
  if (libc.getppid() !== config.parent) process.exit(1); // The parent ended before the call above.
}

/** Makes wake-ups exact: no slack for the kernel to batch timers (default 50 µs), and priority. */
function beOnTime(): void {
  libc.prctl(PR_SET_TIMERSLACK, 1n, 0n, 0n, 0n);
  libc.setpriority(0, 0, -20);
}

tieToParent();
beOnTime();

const client = openTun(config.client);
const server = openTun(config.server);
const slotSize = Math.max(config.mtu, 1500);
const up: Direction = {
  from: "client",
  input: client,
  output: server,
  queue: new DelayQueue(slotSize),
};
const down: Direction = {
  from: "server",
  input: server,
  output: client,
  queue: new DelayQueue(slotSize),
};

const delay = config.rtt / 2;
const slotLength = BigInt(slotSize);
const overflow = new Uint8Array(slotSize);
const recorder = new Recorder();
const control = new ControlChannel();
const poller = new Poller([client, server, STDIN, STDOUT]);
const [CLIENT, SERVER, REQUESTS, ANSWERS] = [0, 1, 2, 3];
let rule = judge([]);

/** Reads a batch of packets that a host sent, and queues what the middleboxes let through. */
function take({ from, input, queue }: Direction, back: DelayQueue): void {
  for (let i = 0; i < BATCH; i++) {
    const slot = queue.full ? overflow : queue.tail;
    const length = libc.read(input, slot, slotLength);
    if (length < 0) return;
    const now = performance.now();
    const packet = slot.subarray(0, length);
    const record = recorder.record(packet, from, now + clockOffset);
    const verdict = rule(packet);
    if (verdict instanceof Uint8Array && slot !== overflow) {
      if (verdict !== packet) slot.set(verdict);
      queue.commit(verdict.length, now + delay);
      continue;
    }
    if (record) record.dropped = true;
    if (verdict instanceof Uint8Array) continue; // There is no room for it.
    // The middlebox is half way: a quarter of the round trip there, a quarter back.
    if (verdict.reply) send(verdict.reply, back, now + delay);
    if (verdict.onward) send(verdict.onward, queue, now + delay);
  }
}

/** Queues a packet of a middlebox's own. */
function send(packet: Uint8Array, queue: DelayQueue, due: number): void {
  if (queue.full) return;
  queue.tail.set(packet);
  queue.commit(packet.length, due);
}

/** Passes every packet that is due to the other host. */
function deliver({ output, queue }: Direction): void {
  while (queue.nextDue <= performance.now()) {
    // A write fails when the host does not take the packet. The packet is lost, as on any network.
    libc.write(output, queue.head, BigInt(queue.headLength));
    queue.removeHead();
  }
}

function answer(request: LinkRequest): void {
  const { id } = request;
  try {
    if (request.ask === "packets") return control.send({ id, packets: recorder.packets });
    if (request.ask === "clear") recorder.clear();
    else rule = judge(request.list);
    control.send({ id });
  } catch (error) {
    control.send({ id, error: String(error) });
  }
}

control.send({ id: 0 });
poller.watch(CLIENT, POLLIN);
poller.watch(SERVER, POLLIN);
poller.watch(REQUESTS, POLLIN);
for (;;) {
  deliver(up);
  deliver(down);
  poller.watch(ANSWERS, control.hasOutgoing ? POLLOUT : 0);
  poller.wait(Math.min(up.queue.nextDue, down.queue.nextDue) - performance.now() - WAKE_UP);

  // A device vanishes with its namespace, the pipe with the parent.
  const gone = poller.happened(CLIENT) | poller.happened(SERVER) | poller.happened(ANSWERS);
  if (gone & POLLGONE) process.exit(0);
  if (poller.happened(CLIENT) & POLLIN) take(up, down.queue);
  if (poller.happened(SERVER) & POLLIN) take(down, up.queue);
  if (poller.happened(REQUESTS)) {
    const requests = control.receive();
    if (!requests) process.exit(0);
    requests.forEach(answer);
  }
  if (poller.happened(ANSWERS) & POLLOUT) control.flush();
}
