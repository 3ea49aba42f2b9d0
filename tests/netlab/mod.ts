/**
 * The emulated network: two hosts, a round trip apart, and middleboxes on the path between them.
 *
 * Each host is a network namespace with one TUN device. A link process holds the other ends of the
 * devices, carries the packets between them half a round trip late, and acts as the middleboxes.
 * For both kernels this is a network: nothing that they do is emulated.
 *
 * @example
 * ```ts
 * await using lab = await startNetlab({ rtt: 35, middleboxes: [{ kind: "drop-syn-data" }] });
 * lab.server.spawn("nginx", ["-c", configuration]);
 * await lab.client.run("curl", ["--tcp-fastopen", `http://${lab.server.ipv4}/`]);
 * console.log(await lab.packets());
 * ```
 *
 * @module
 */

import process from "node:process";
import { onAbruptEnd } from "./cleanup.ts";
import { createHost, type Host } from "./host.ts";
import { LinkProcess } from "./link_process.ts";
import type { Middlebox } from "./middlebox.ts";
import { addNamespace, ip, newNames, removeNamespace, sweepNamespaces } from "./namespace.ts";
import { DEVICE, type SeenPacket } from "./protocol.ts";

export { LineProcess } from "./line_process.ts";
export { programArguments } from "./program.ts";
export { QueueFiller } from "./queue_filler.ts";
export { startSilentServer } from "./silent_server.ts";
export { netlabSkip, netlabUnavailable } from "./unavailable.ts";
export type { Finished, Host } from "./host.ts";
export type { Middlebox } from "./middlebox.ts";
export type { MindHello } from "./mind_hello.ts";
export type { SeenPacket } from "./protocol.ts";

export interface NetlabOptions {
  /** Round-trip time in milliseconds. Default 35. */
  readonly rtt?: number;
  /** Middleboxes on the path, in order. Default none. */
  readonly middleboxes?: readonly Middlebox[];
  /** `net.ipv4.tcp_fastopen` on both hosts. Default 3: client and server. */
  readonly fastOpen?: number;
  /** MTU of both devices in bytes. Default 1500. Below 1280 the kernel has no IPv6. */
  readonly mtu?: number;
  /**
   * Called as soon as both hosts are there, and nothing between them yet: what takes long to start can do so
   * while the link starts.
   */
  readonly onHosts?: (hosts: Hosts) => void;
}

/** The two ends of the network. */
export interface Hosts {
  readonly client: Host;
  readonly server: Host;
}

export interface Netlab extends Hosts, AsyncDisposable {
  readonly rtt: number;

  /** Replaces the middleboxes. Resolves once the new ones apply to every packet that arrives. */
  setMiddleboxes(list: readonly Middlebox[]): Promise<void>;

  /**
   * The TCP packets that the link saw since the last clear, oldest first: the first 64 of each
   * flow, 4096 in all.
   */
  packets(): Promise<SeenPacket[]>;

  clearPackets(): Promise<void>;

  /** Ends every process on both hosts and removes everything. */
  stop(): Promise<void>;
}

const ADDRESSES = {
  client: ["10.77.0.1", "fd77::1"],
  server: ["10.77.0.2", "fd77::2"],
} as const;

/** The networks for {@linkcode Host.addAddress}. The last one looks global. */
const NETWORKS = ["10.77.0.0/16", "fd77::/16", "2001:db8:77::/48"];

/** Sets up two hosts and the link between them. Needs what {@linkcode netlabUnavailable} checks. */
export async function startNetlab(options: NetlabOptions = {}): Promise<Netlab> {
  const { rtt = 35, middleboxes = [], fastOpen = 3, mtu = 1500, onHosts } = options;
  sweepNamespaces();
  const names = newNames();
  const hosts: Hosts = {
    client: createHost(names.client, ...ADDRESSES.client),
    server: createHost(names.server, ...ADDRESSES.server),
  };
  let link: LinkProcess | undefined;

  const removeNamespaces = () => {
    removeNamespace(names.client);
    removeNamespace(names.server);
  };
  // The link ends by itself when its parent or its devices are gone.
  const takeBack = onAbruptEnd(removeNamespaces);
  const stop = async () => {
    await link?.stop();
    removeNamespaces();
    takeBack();
  };

  try {
    await Promise.all(
      [names.client, names.server].map((name) => addNamespace(name, sysctls(fastOpen))),
    );
    onHosts?.(hosts);
    link = await LinkProcess.start({ parent: process.pid, ...names, rtt, mtu });
    await Promise.all([
      configureDevice(names.client, ADDRESSES.client, mtu),
      configureDevice(names.server, ADDRESSES.server, mtu),
    ]);
    if (middleboxes.length > 0) await link.ask({ ask: "middleboxes", list: middleboxes });
  } catch (error) {
    await stop();
    throw error;
  }

  const running = link;
  return {
    rtt,
    ...hosts,
    async setMiddleboxes(list) {
      await running.ask({ ask: "middleboxes", list });
    },
    async packets() {
      return (await running.ask({ ask: "packets" })).packets ?? [];
    },
    async clearPackets() {
      await running.ask({ ask: "clear" });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A new namespace inherits some settings of the machine. These are the settings that matter. */
function sysctls(fastOpen: number): Record<string, number> {
  return {
    "ipv4/tcp_fastopen": fastOpen,
    "ipv4/ip_forward": 0,
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
    "ipv6/conf/all/disable_ipv6": 0,
    "ipv6/conf/default/disable_ipv6": 0,
  };
}

/**
 * Both hosts route the networks to the link, so that every address in them reaches it. The hosts'
 * own addresses have no subnet: within the host's IPv4 subnet getaddrinfo would prefer the address
 * most like the host's (RFC 6724, rule 9), whatever order the name has them in.
 */
async function configureDevice(
  namespace: string,
  [ipv4, ipv6]: readonly [string, string],
  mtu: number,
): Promise<void> {
  await ip(
    ["-n", namespace, "-batch", "-"],
    [
      "link set lo up",
      `link set ${DEVICE} addrgenmode none`, // No link-local address, no multicast chatter.
      `link set ${DEVICE} mtu ${mtu} txqueuelen 10000 up`,
      `addr add ${ipv4}/32 dev ${DEVICE}`,
      `addr add ${ipv6}/128 dev ${DEVICE} nodad`, // Usable at once.
      ...NETWORKS.map((network) => `route add ${network} dev ${DEVICE}`),
    ].join("\n"),
  );
}
