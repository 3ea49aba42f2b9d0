/**
 * What this process knows of the servers it has shaken hands with: what a hello for them should carry,
 * and what it can do without.
 *
 * @module
 */

/** One server. */
export interface KnownServer {
  /** The group it picked last; a hello carries a key share for this one alone. */
  readonly group?: string;
  /** It spoke TLS 1.3, so that a lean hello will do. */
  readonly speaksTls13?: boolean;
  /** The full hello does not fit the SYN, even with a single share. */
  readonly needsLean?: boolean;
  /** A lean hello failed: something on the way, or the server itself, wants the full one. */
  readonly refusesLean?: boolean;
}

/** Servers by `host:port`, least recently used first. */
const servers = new Map<string, KnownServer>();
const MOST_SERVERS = 1024;

const STRANGER: KnownServer = {};

/** What is known of a server; of a stranger, nothing. */
export function knownServer(hostname: string, port: number): KnownServer {
  return servers.get(`${hostname}:${port}`) ?? STRANGER;
}

/** Adds to what is known of a server. */
export function learnServer(hostname: string, port: number, facts: KnownServer): void {
  const key = `${hostname}:${port}`;
  const known = { ...servers.get(key), ...facts };
  servers.delete(key);
  servers.set(key, known);
  const [oldest] = servers.keys();
  if (servers.size > MOST_SERVERS && oldest !== undefined) servers.delete(oldest);
}
