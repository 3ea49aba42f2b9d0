/**
 * An HTTPS GET through a SOCKS proxy (RFC 1928), with a user's name and password where it wants one
 * (RFC 1929).
 *
 *     deno run -A socks_proxy.ts socks5://proxy.example:1080/ https://example.com/
 *     bun socks_proxy.ts socks5://user:password@proxy.example:1080/ https://example.com/
 *     node socks_proxy.ts socks5://proxy.example:1080/ https://example.com/
 *
 * The greeting rides in the SYN to the proxy. It asks twice: the second request rides in the first
 * flight through the proxy, as early data.
 *
 * @module
 */

import process from "node:process";
import { connect, startTls, type TcpConn } from "../mod.ts";
import { cert } from "./certificate.ts";

const NO_AUTHENTICATION = 0, USERNAME_PASSWORD = 2;
const CONNECT = 1, DOMAIN_NAME = 3;
const ADDRESS_LENGTHS: Readonly<Record<number, number>> = { 1: 4, 4: 16 };
const REPLIES = [
  "succeeded",
  "it failed",
  "its rules forbid it",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "the time to live expired",
  "it does not know the command",
  "it does not know the type of address",
];

const proxy = new URL(process.argv[2] ?? "socks5://localhost:1080/");
const url = new URL(process.argv[3] ?? "https://example.com/");
const patience = Number(process.argv[4] ?? 10_000); // Milliseconds that the proxy may take.
const hostname = url.hostname.replace(/^\[|\]$/g, "");
const port = Number(url.port || 443);
const get = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
  "Connection: close\r\n\r\n";

try {
  for (const attempt of ["first", "second"]) {
    using conn = await startTls(await openTunnel(proxy, hostname, port), {
      hostname, // Whom the tunnel leads to; the default would be the proxy's name.
      port,
      alpnProtocols: ["http/1.1"],
      earlyData: encode(get), // Others can replay it: fine for a GET.
      ...(hostname === "localhost" ? { caCerts: [cert] } : {}), // For ./server.ts.
    });
    const answer = await new Response(conn.readable).text();
    const status = answer.slice(0, answer.indexOf("\r\n"));
    console.log(`${attempt}: ${status}, ${answer.length} characters, early data ${conn.earlyData}`);
  }
} catch (error) {
  console.error(`${error}`);
  process.exitCode = 1;
}

/** Asks the proxy for a connection to `hostname`, which it looks up itself. */
async function openTunnel(proxy: URL, hostname: string, port: number): Promise<TcpConn> {
  const methods = proxy.username ? [NO_AUTHENTICATION, USERNAME_PASSWORD] : [NO_AUTHENTICATION];
  const conn = await connect({
    hostname: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: Number(proxy.port || 1080),
    data: Uint8Array.of(5, methods.length, ...methods),
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    conn.close(); // Ends the read that waits.
  }, patience);
  try {
    await negotiate(conn, proxy, hostname, port);
    return conn;
  } catch (error) {
    conn.close();
    throw isLate ? new Error(`The proxy ${proxy.host} said nothing`) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function negotiate(
  conn: TcpConn,
  proxy: URL,
  hostname: string,
  port: number,
): Promise<void> {
  const refuse = (why: string) => new Error(`The proxy ${proxy.host} refused: ${why}`);
  const [version, method] = await readExactly(conn, 2);
  if (version !== 5) throw new Error(`${proxy.host} is no SOCKS5 proxy`);
  if (method === USERNAME_PASSWORD && proxy.username) {
    const user = withLength(decodeURIComponent(proxy.username));
    await conn.write(Uint8Array.of(1, ...user, ...withLength(decodeURIComponent(proxy.password))));
    const [, status] = await readExactly(conn, 2);
    if (status !== 0) throw refuse("the user's name or password is wrong");
  } else if (method !== NO_AUTHENTICATION) throw refuse("it wants a user's name and password");

  const name = withLength(hostname);
  await conn.write(Uint8Array.of(5, CONNECT, 0, DOMAIN_NAME, ...name, port >> 8, port & 0xff));
  const [, reply = 1, , type = 0] = await readExactly(conn, 4);
  if (reply !== 0) throw refuse(REPLIES[reply] ?? `reply ${reply}`);
  // Where it connects from, is of no use. But not a byte of it may be left for TLS.
  const [length = 0] = type === DOMAIN_NAME ? await readExactly(conn, 1) : [ADDRESS_LENGTHS[type]];
  await readExactly(conn, length + 2);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A text of at most 255 bytes, behind its length. */
function withLength(text: string): Uint8Array {
  const bytes = encode(text);
  if (bytes.length > 255) throw new Error(`"${text}" is too long for SOCKS`);
  return Uint8Array.of(bytes.length, ...bytes);
}

/** Reads so many bytes, and not one more: what follows is TLS. */
async function readExactly(conn: TcpConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let have = 0; have < length;) {
    const more = await conn.read(bytes.subarray(have));
    if (more === null) throw new Error("The proxy hung up");
    have += more;
  }
  return bytes;
}
