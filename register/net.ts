/**
 * `net.connect` and `new net.Socket()`, for libraries that begin in plain TCP and start TLS later.
 *
 * @module
 */

import { isOwnCall } from "../base/own_call.ts";
import type { TcpSocket, TcpSocketOptions } from "../mod.ts";
import { readArguments } from "./arguments.ts";
import { builtin } from "./builtins.ts";
import type { Flag } from "./flag.ts";
import type { HostList } from "./hosts.ts";
import { markOpened } from "./opened.ts";
import { type Options, understandNet } from "./understand.ts";

/**
 * Replaces them by sockets that say "connect" at once, and connect by what is written first, for the hosts
 * that the environment names.
 */
export function patchNet(flag: Flag, hosts: HostList): void {
  const net = builtin("net");
  const { connect, Socket } = net;
  const open = (of: string, options: Options) => {
    const socket = flag.library.load().tcpSocket({ ...options, ...lazily(hosts) });
    flag.account.watch(of, socket);
    return socket;
  };

  net.connect = net.createConnection = function (this: unknown, ...args: unknown[]) {
    const { options, listener } = readArguments(args);
    if (isOwnCall(options)) return Reflect.apply(connect, this, args);
    const { host, port } = options;
    const isListed = hosts.has(String(host ?? "localhost"), Number(port));
    const understood = isListed
      ? understandNet(options)
      : { reason: "not in FIRSTFLIGHT_OPTIMISTIC_NET" };
    const socket = flag.take("net.connect", understood, (options) => open("net.connect", options));
    if (!socket) return Reflect.apply(connect, this, args);
    markOpened(socket, host);
    if (listener) socket.once("connect", listener);
    return socket;
  } as typeof connect;

  // It learns by its connect() where to. Classes that extend it, and sockets of a descriptor, stay as they are.
  net.Socket = new Proxy(Socket, {
    construct(target, args: [Options?], newTarget) {
      const make = () =>
        Reflect.construct(target, args, newTarget === net.Socket ? target : newTarget);
      if (newTarget !== net.Socket || isOpen(args[0])) return make();
      const understood = understandNet(args[0] ?? {});
      const socket = flag.take("net.Socket", understood, (options) => open("net.Socket", options));
      return socket ? markedByConnect(socket) : make();
    },
  });
  flag.patched.push("net.connect", "net.Socket");
}

/** Whether options of a socket are about something that is open already, such as the pipes of a child process. */
function isOpen(options: Options | undefined): boolean {
  return options?.["fd"] !== undefined || options?.["handle"] !== undefined;
}

function lazily(hosts: HostList): TcpSocketOptions {
  return {
    data: mayArriveTwice,
    optimisticConnect: ({ hostname, port }) => hosts.has(hostname, port),
  };
}

/** Marks a socket once it is known where to. */
function markedByConnect(socket: TcpSocket): TcpSocket {
  const { connect } = socket;
  socket.connect = function (...args: unknown[]) {
    markOpened(socket, readArguments(args).options["host"]);
    return Reflect.apply(connect, socket, args);
  };
  return socket;
}

/** PostgreSQL's SSLRequest: eight bytes that ask whether there is TLS. */
const SSL_REQUEST = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/**
 * Whether bytes may arrive twice (RFC 7413, section 6.1): a ClientHello, which is a record of a handshake (RFC
 * 8446, section 5.1), and PostgreSQL's question. Neither does anything by itself.
 */
function mayArriveTwice(first: Uint8Array): boolean {
  const [type, major] = first;
  if (type === 22 && major === 3) return true;
  return first.length === SSL_REQUEST.length && SSL_REQUEST.every((byte, at) => byte === first[at]);
}
