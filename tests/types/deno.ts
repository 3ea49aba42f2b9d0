/**
 * The connections have the shapes of Deno's. Checked by Deno alone: tsc knows no `Deno` namespace.
 */

import type { NetAddr, TcpConn, TlsConn, TlsHandshakeInfo, TlsListener } from "../../mod.ts";

export function connections(tls: TlsConn, tcp: TcpConn): Deno.Conn<Deno.NetAddr>[] {
  tls satisfies Deno.TlsConn;
  return [tls, tcp];
}

export function listeners(listener: TlsListener): Deno.TlsListener {
  return listener;
}

export function parts(
  addr: NetAddr,
  info: TlsHandshakeInfo,
): [Deno.NetAddr, Deno.TlsHandshakeInfo] {
  return [addr, info];
}
