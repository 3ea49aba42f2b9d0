/**
 * The part of HTTP/1.1 that a conversation with a server over one connection needs.
 *
 * @module
 */

/** An HTTP/1.1 request after whose answer the server closes the connection. */
export function httpRequest(
  path: string,
  options: { host?: string; method?: string } = {},
): string {
  const { host = "localhost", method = "GET" } = options;
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
}

/** A request with a body. */
export function httpPut(path: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`;
  const bytes = new Uint8Array(head.length + body.length);
  new TextEncoder().encodeInto(head, bytes);
  bytes.set(body, head.length);
  return bytes;
}

/** The body of an answer in HTTP/1.1 that has a Content-Length. */
export function httpBody(answer: string): string {
  return answer.slice(answer.indexOf("\r\n\r\n") + 4);
}
