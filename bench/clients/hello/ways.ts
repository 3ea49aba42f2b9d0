/**
 * Full handshakes with a server name and ALPN protocols, as browsers make them: by firstflight, and
 * by the runtime's own TLS, with and without firstflight's Fast Open.
 *
 * @module
 */

import { connect as connectSocket, type ConnectionOptions } from "node:tls";
import { cert } from "../../harness/certificate.ts";
import { observe } from "../latency/firstflight.ts";
import { observeSocket } from "../latency/natives.ts";
import type { Ask, Observation, Target } from "../latency/way.ts";
import { FastOpenDuplex } from "./fast_open_duplex.ts";

/** No certificate here has this name. It gives the ClientHello a typical length. */
const SERVER_NAME = "www.example.com";
const PROTOCOLS = ["h2", "http/1.1"];

function byFirstflight(groups: "fit" | "full"): Ask {
  const tls = {
    groups,
    serverName: SERVER_NAME,
    alpnProtocols: PROTOCOLS,
    unsafelyDisableHostnameVerification: true,
  };
  return (target) => observe(target, { fastOpen: true, tls });
}

async function byNodeTls(target: Target, options: ConnectionOptions): Promise<Observation> {
  let group: string | undefined;
  const observation = await observeSocket(target, () => {
    const socket = connectSocket({
      servername: SERVER_NAME,
      ALPNProtocols: PROTOCOLS,
      ca: [cert],
      checkServerIdentity: () => undefined,
      ...options,
    });
    return socket.once("secureConnect", () => {
      const exchange = socket.getEphemeralKeyInfo();
      if (exchange && "name" in exchange) group = exchange.name;
    });
  });
  return { ...observation, ...(group === undefined ? {} : { group }) };
}

const overFastOpen: Ask = async (target) => {
  const socket = new FastOpenDuplex(target);
  const observation = await byNodeTls(target, { socket });
  const { outcome, synBytes, flightBytes } = await socket.fastOpen();
  return { ...observation, facts: { outcome, synBytes, flightBytes, earlyData: "not-sent" } };
};

export const ways: Readonly<Record<string, Ask>> = {
  "firstflight": byFirstflight("fit"),
  'firstflight, groups "full"': byFirstflight("full"),
  "node:tls over connect()": overFastOpen,
  "node:tls": ({ hostname: host, port }) => byNodeTls({ hostname: host, port }, { host, port }),
};
