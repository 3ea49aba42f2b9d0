/**
 * Asks a resolver over TLS (RFC 7858) for a name's IPv4 addresses. The question rides in the SYN.
 *
 *     deno run -A dns_over_tls.ts example.com dns.google
 *     bun dns_over_tls.ts example.com dns.google
 *     node dns_over_tls.ts example.com dns.google 853
 *
 * It asks twice, because the first connection brings the ticket for the second one's early data.
 * Anybody may repeat a DNS query without harm (RFC 9250 says the same for QUIC).
 *
 * @module
 */

import process from "node:process";
import { connectTls, type TlsConn } from "../mod.ts";
import { cert } from "./certificate.ts";

const [name = "example.com", resolver = "dns.google", port = "853"] = process.argv.slice(2);

for (const attempt of ["first", "second"]) {
  const started = performance.now();
  using conn = await connectTls({
    hostname: resolver,
    port: Number(port),
    alpnProtocols: ["dot"],
    earlyData: formatQuery(name),
    ...(resolver === "localhost" ? { caCerts: [cert] } : {}), // For a local test.
  });
  const addresses = addressesIn(await readMessage(conn));
  const took = (performance.now() - started).toFixed(1);
  console.log(`${attempt}: ${name} ${addresses.join(" ") || "has no IPv4 address"}, ${took} ms`);
  console.log(`  Fast Open ${conn.fastOpen.outcome}, early data ${conn.earlyData}`);
}

/** A query for A records (RFC 1035, section 4), with its length in front. */
function formatQuery(name: string): Uint8Array {
  const labels = name.replace(/\.$/, "").split(".").map((label) => new TextEncoder().encode(label));
  const header = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]; // Recursion desired, one question.
  const question = [...labels.flatMap((label) => [label.length, ...label]), 0, 0, 1, 0, 1]; // A, IN.
  const message = [...header, ...question];
  return Uint8Array.of(message.length >> 8, message.length & 0xff, ...message);
}

/** Reads one message, without its length. */
async function readMessage(conn: TlsConn): Promise<DataView> {
  const buffer = new Uint8Array(2 + 0xffff);
  const view = new DataView(buffer.buffer);
  let have = 0;
  while (have < 2 || have < 2 + view.getUint16(0)) {
    const length = await conn.read(buffer.subarray(have));
    if (length === null) throw new Error(`${resolver} hung up without an answer`);
    have += length;
  }
  return new DataView(buffer.buffer, 2, view.getUint16(0));
}

/** The addresses in an answer. Throws a RangeError where the answer ends too soon. */
function addressesIn(message: DataView): string[] {
  const code = message.getUint8(3) & 0xf;
  if (code !== 0) throw new Error(`${resolver} answered with the error ${code}`);
  let at = 12;
  for (let question = message.getUint16(4); question > 0; question--) {
    at = skipName(message, at) + 4;
  }
  const addresses: string[] = [];
  for (let answer = message.getUint16(6); answer > 0; answer--) {
    at = skipName(message, at);
    const type = message.getUint16(at);
    const length = message.getUint16(at + 8);
    at += 10;
    if (type === 1 && length === 4) {
      addresses.push([0, 1, 2, 3].map((byte) => message.getUint8(at + byte)).join("."));
    }
    at += length;
  }
  return addresses;
}

/** The position after a name. A name ends at a zero, or after a pointer to the rest. */
function skipName(message: DataView, at: number): number {
  while (message.getUint8(at) !== 0) {
    if (message.getUint8(at) >= 0xc0) return at + 2;
    at += 1 + message.getUint8(at);
  }
  return at + 1;
}
