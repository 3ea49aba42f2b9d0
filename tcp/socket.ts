/**
 * A plain connection in the shape of Node's sockets.
 *
 * @module
 */

import { inside } from "../base/constructors.ts";
import { ConnectError } from "./errors.ts";
import { nodeErrorOf } from "./face/node_error.ts";
import type { SocketSettings } from "./face/settings.ts";
import { StreamSocket } from "./face/stream_socket.ts";
import type { SocketKind, Underneath } from "./face/underneath.ts";

/** Makes a socket that connects; with a port at once, otherwise by `connect()`. */
export let makeTcpSocket: (
  settings: SocketSettings,
  kind: Pick<SocketKind, "open" | "collectsFirstWrites">,
) => TcpSocket;

/** Makes a socket over a connection that stands. */
export let makeTcpSocketOver: (settings: SocketSettings, underneath: Underneath) => TcpSocket;

/** What all plain sockets do. */
const plain: Pick<SocketKind, "errorOf" | "isCut"> = {
  errorOf: (error, syscall) => {
    return error instanceof ConnectError ? nodeErrorOf(error, syscall) : error as Error;
  },
  isCut: () => false, // The end of plain TCP can't be told from a cut.
};

/**
 * A plain TCP connection in the shape that Node's ecosystem expects, that of `net.Socket`. `tcpSocket`
 * makes it, and `conn.duplex`; destroying it closes the connection.
 */
export class TcpSocket extends StreamSocket {
  static {
    makeTcpSocket = (settings, { open, collectsFirstWrites }) => {
      const socket = new TcpSocket(inside, settings, { ...plain, open, collectsFirstWrites });
      if (settings.port !== undefined) socket.begin({});
      return socket;
    };
    makeTcpSocketOver = (settings, underneath) => {
      const kind = { ...plain, open: () => underneath, collectsFirstWrites: false };
      const socket = new TcpSocket(inside, settings, kind);
      socket.standOn(underneath);
      return socket;
    };
  }
}
