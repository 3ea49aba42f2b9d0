/**
 * Which key share a ClientHello carries.
 *
 * A hello with a share for every group the library would like, X25519MLKEM768 among them, is larger
 * than a SYN has room for. The first connection to a server sends it all the same and learns which
 * group the server picks; from then on the hello carries that share alone.
 *
 * @module
 */

/** Groups that servers picked, by `host:port`, least recently used first. */
const picked = new Map<string, string>();
const MOST_PICKED = 1024;

/** The group the server picked last time; `undefined` before the first connection. */
export function pickedGroup(hostname: string, port: number): string | undefined {
  return picked.get(`${hostname}:${port}`);
}

/** Remembers the group of a full handshake. */
export function learnGroup(hostname: string, port: number, group: string | undefined): void {
  if (group === undefined) return;
  const key = `${hostname}:${port}`;
  picked.delete(key);
  picked.set(key, group);
  const [oldest] = picked.keys();
  if (picked.size > MOST_PICKED && oldest !== undefined) picked.delete(oldest);
}
