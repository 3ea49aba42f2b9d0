/**
 * The C structs behind the layouts that ffi/ declares.
 *
 * @module
 */

/** A C struct, and the prefix of its fields' names. */
export interface Struct {
  readonly type: string;
  readonly prefix: string;
  /**
   * Reads only up to the last field that is declared, because each kernel version may add fields.
   */
  readonly partial?: true;
}

/** The structs by the names of their layouts. */
export const structs: Readonly<Record<string, Struct>> = {
  iovec: { type: "struct iovec", prefix: "iov_" },
  msghdr: { type: "struct msghdr", prefix: "msg_" },
  saEndpoints: { type: "struct sa_endpoints", prefix: "sae_" },
  sockaddrIn: { type: "struct sockaddr_in", prefix: "sin_" },
  sockaddrIn6: { type: "struct sockaddr_in6", prefix: "sin6_" },
  tcpConnectionInfo: { type: "struct tcp_connection_info", prefix: "tcpi_" },
  tcpInfo: { type: "struct tcp_info", prefix: "tcpi_", partial: true },
  timeval: { type: "struct timeval", prefix: "tv_" },
};

/** The C name of a field. */
export function fieldOf({ prefix }: Struct, name: string): string {
  return prefix + name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
