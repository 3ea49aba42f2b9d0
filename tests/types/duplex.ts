/**
 * A connection's Node face is what Node's ecosystem takes. Compiled, never run.
 */

import type { Agent, RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { TlsConn, TlsSocket } from "../../mod.ts";

export function duplex(conn: TlsConn): Duplex {
  conn.duplex satisfies TlsSocket;
  return conn.duplex;
}

/** `https.request` and agents take it where they make connections. */
export function request({ duplex }: TlsConn) {
  return {
    createConnection: () => duplex,
  } satisfies RequestOptions & { createConnection: NonNullable<Agent["createConnection"]> };
}
