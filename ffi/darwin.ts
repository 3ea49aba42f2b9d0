/**
 * macOS: Fast Open through `connectx` with an iovec.
 *
 * The values are from the XNU headers, the layouts are 64-bit. `npm run check:abi` proves each.
 *
 * @module
 */

import type { PlatformTable } from "./table.ts";

export const darwin = {
  os: "darwin",
  fastOpen: "connectx",
  writev: true,
  long: 8,
  constants: {
    AF_INET: 2,
    AF_INET6: 30,
    SOCK_STREAM: 1,
    SOCK_DGRAM: 2,
    IPPROTO_TCP: 6,
    SOL_SOCKET: 0xffff,
    SO_REUSEADDR: 4,
    SO_ERROR: 0x1007,
    SO_SNDTIMEO: 0x1005,
    SO_ACCEPTCONN: 0x2,
    SO_NOSIGPIPE: 0x1022,
    TCP_NODELAY: 1,
    TCP_FASTOPEN: 0x105,
    TCP_CONNECTION_INFO: 0x106,
    TCPCI_OPT_TIMESTAMPS: 0x1,
    MSG_DONTWAIT: 0x80,
    SAE_ASSOCID_ANY: 0,
    CONNECT_DATA_IDEMPOTENT: 0x2,
    FIOCLEX: 0x20006601,
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
    45: "ENOTSUP",
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
    102: "EOPNOTSUPP",
  },
  sockaddr: { family: "u8 after length" },
  /** struct iovec */
  iovec: { size: 16, base: 0, len: 8 },
  /** struct sa_endpoints (sa_endpoints_t) */
  saEndpoints: { size: 40, srcif: 0, srcaddr: 8, srcaddrlen: 16, dstaddr: 24, dstaddrlen: 32 },
  /** struct timeval */
  timeval: { size: 16, sec: 0, usec: 8 },
  /** struct tcp_connection_info */
  tcpConnectionInfo: { size: 112, options: 4, maxseg: 16, srtt: 44 },
  tcpConnectionInfoBits: {
    /** The SYN asked for a cookie. */
    tfoCookieReq: { byte: 52, mask: 0x01 },
    /** The SYN had to be sent again, without Fast Open. */
    tfoSynLoss: { byte: 52, mask: 0x04 },
    /** The SYN carried data. */
    tfoSynDataSent: { byte: 52, mask: 0x08 },
    /** The SYN-ACK acknowledged data. */
    tfoSynDataAcked: { byte: 52, mask: 0x10 },
    /** The kernel does not use Fast Open on this network, after losses. */
    tfoHeuristicsDisable: { byte: 53, mask: 0x08 },
  },
  symbols: {
    /** `int socket(int domain, int type, int protocol);` */
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    /** `int connect(int fd, const struct sockaddr *addr, socklen_t len);` */
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    /**
     * `int connectx(int fd, const sa_endpoints_t *endpoints, sae_associd_t associd, unsigned flags,
     * const struct iovec *iov, unsigned iovcnt, size_t *sent, sae_connid_t *connid);`
     */
    connectx: {
      parameters: ["i32", "buffer", "u32", "u32", "buffer", "u32", "buffer", "buffer"],
      result: "i32",
    },
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
    /** `int ioctl(int fd, unsigned long request, ...);` for requests without a third argument */
    ioctl: { parameters: ["i32", "u64"], result: "i32" },
    /** `unsigned int if_nametoindex(const char *name);` */
    if_nametoindex: { parameters: ["buffer"], result: "u32" },
    /** `int sysctlbyname(const char *name, void *oldp, size_t *oldlenp, void *newp, size_t newlen);` */
    sysctlbyname: { parameters: ["buffer", "buffer", "buffer", "buffer", "u64"], result: "i32" },
  },
  errnoSymbol: "__error",
} as const satisfies PlatformTable;
