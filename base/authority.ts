/**
 * A host and a port in one string.
 *
 * @module
 */

/** One end of a connection, or where a listener listens. */
interface End {
  readonly hostname: string;
  readonly port: number;
}

/** Host and port as in URLs (RFC 3986, section 3.2): `example.com:443`, `[::1]:443`. */
export function authority({ hostname, port }: End): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Names an end in messages. The address of a client that left at once is not known. */
export function quoted(end: End): string {
  return end.hostname === "" ? "a client that left at once" : `"${authority(end)}"`;
}
