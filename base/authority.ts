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

/** Names an end in messages. What is not known of it is left out. */
export function quoted(end: End): string {
  const { hostname, port } = end;
  if (hostname === "") return "a client whose address is not known";
  return port === 0 ? `"${hostname}"` : `"${authority(end)}"`;
}
