/**
 * FreeBSD 12 and later: `setsockopt(TCP_FASTOPEN)`, then an addressed send.
 *
 * The values are from the system headers, the layouts are 64-bit. `npm run check:abi` proves each.
 *
 * @module
 */

import type { PlatformTable } from "./table.ts";

export const freebsd = {
  os: "freebsd",
  fastOpen: "sendto",
  writev: true,
  long: 8,
  constants: {
    AF_INET: 2,
    AF_INET6: 28,
    SOCK_STREAM: 1,
    SOCK_DGRAM: 2,
    SOCK_NONBLOCK: 0x20000000,
    SOCK_CLOEXEC: 0x10000000,
    IPPROTO_TCP: 6,
    SOL_SOCKET: 0xffff,
    SO_REUSEADDR: 4,
    SO_ERROR: 0x1007,
    SO_ACCEPTCONN: 0x2,
    SO_NOSIGPIPE: 0x800,
    TCP_NODELAY: 1,
    TCP_INFO: 32,
    TCP_FASTOPEN: 1025,
    MSG_DONTWAIT: 0x80,
    MSG_NOSIGNAL: 0x20000,
  },
  errno: {
    1: "EPERM",
    9: "EBADF",
    12: "ENOMEM",
    13: "EACCES",
    22: "EINVAL",
    23: "ENFILE",
    24: "EMFILE",
    32: "EPIPE",
    35: "EAGAIN",
    36: "EINPROGRESS",
    37: "EALREADY",
    42: "ENOPROTOOPT",
    45: "EOPNOTSUPP",
    47: "EAFNOSUPPORT",
    48: "EADDRINUSE",
    49: "EADDRNOTAVAIL",
    51: "ENETUNREACH",
    53: "ECONNABORTED",
    54: "ECONNRESET",
    55: "ENOBUFS",
    60: "ETIMEDOUT",
    61: "ECONNREFUSED",
    64: "EHOSTDOWN",
    65: "EHOSTUNREACH",
  },
  sockaddr: { family: "u8 after length" },
  /** struct msghdr */
  msghdr: {
    size: 48,
    name: 0,
    namelen: 8,
    iov: 16,
    iovlen: 24,
    control: 32,
    controllen: 40,
    flags: 44,
  },
  /** struct iovec */
  iovec: { size: 16, base: 0, len: 8 },
  /** struct tcp_info up to the last field read here; 14.0 and later have all of these fields. */
  tcpInfo: { size: 184, sndMss: 16, rtt: 68, sndRexmitpack: 120, sndUna: 176, sndMax: 180 },
  symbols: {
    /** `int socket(int domain, int type, int protocol);` */
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    /** `int connect(int fd, const struct sockaddr *addr, socklen_t len);` */
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    /** `ssize_t sendmsg(int fd, const struct msghdr *msg, int flags);` */
    sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i64" },
    /** `ssize_t recv(int fd, void *buf, size_t len, int flags);` */
    recv: { parameters: ["i32", "buffer", "u64", "i32"], result: "i64" },
    /** `int bind(int fd, const struct sockaddr *addr, socklen_t len);` */
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    /** `int listen(int fd, int backlog);` */
    listen: { parameters: ["i32", "i32"], result: "i32" },
    /** `int getsockopt(int fd, int level, int name, void *value, socklen_t *len);` */
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    /** `int setsockopt(int fd, int level, int name, const void *value, socklen_t len);` */
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    /** `int getsockname(int fd, struct sockaddr *addr, socklen_t *len);` */
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    /** `int getpeername(int fd, struct sockaddr *addr, socklen_t *len);` */
    getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    /** `int close(int fd);` */
    close: { parameters: ["i32"], result: "i32" },
    /** `unsigned int if_nametoindex(const char *name);` */
    if_nametoindex: { parameters: ["buffer"], result: "u32" },
    /** `int sysctlbyname(const char *name, void *oldp, size_t *oldlenp, const void *newp, size_t newlen);` */
    sysctlbyname: { parameters: ["buffer", "buffer", "buffer", "buffer", "u64"], result: "i32" },
  },
  errnoSymbol: "__error",
} as const satisfies PlatformTable;
