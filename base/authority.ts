/**
 * A host and a port as one word.
 *
 * @module
 */

/** Whom a connection is with. */
interface End {
  readonly hostname: string;
  readonly port: number;
}

/** As URLs have it (RFC 3986, section 3.2): `example.com:443`, `[::1]:443`. */
export function authority({ hostname, port }: End): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** For messages; of a client that has left at once nobody can tell where it was. */
export function quoted(end: End): string {
  return end.hostname === "" ? "a client that left at once" : `"${authority(end)}"`;
}
