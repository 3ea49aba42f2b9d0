/**
 * Linux and Android: Fast Open by a `connect` that waits for data (TCP_FASTOPEN_CONNECT).
 *
 * The values are from the kernel's uapi headers, glibc, musl and bionic, the layouts are 64-bit.
 * `npm run check:abi` proves each.
 *
 * @module
 */

import process from "node:process";
import type { PlatformTable } from "./table.ts";

/** `int *__errno_location(void);` or bionic's `int *__errno(void);` */
function errnoSymbol(): "__errno" | "__errno_location" {
  return process.platform === "android" ? "__errno" : "__errno_location";
}

export const linux = {
  os: "linux",
  fastOpen: "sendmsg",
  writev: true,
  long: 8,
  constants: {
    AF_INET: 2,
    AF_INET6: 10,
    SOCK_STREAM: 1,
    SOCK_DGRAM: 2,
    SOCK_NONBLOCK: 0x800,
    SOCK_CLOEXEC: 0x80000,
    IPPROTO_IP: 0,
    IPPROTO_TCP: 6,
    SOL_SOCKET: 1,
    SO_REUSEADDR: 2,
    SO_ERROR: 4,
    SO_ACCEPTCONN: 30,
    IP_BIND_ADDRESS_NO_PORT: 24,
    TCP_NODELAY: 1,
    TCP_INFO: 11,
    TCP_FASTOPEN: 23,
    TCP_FASTOPEN_CONNECT: 30,
    MSG_FASTOPEN: 0x20000000,
    TCP_CLOSE: 7,
    TCPI_OPT_TIMESTAMPS: 1,
    TCPI_OPT_SYN_DATA: 32,
    TFO_STATUS_UNSPEC: 0,
    TFO_COOKIE_UNAVAILABLE: 1,
    TFO_DATA_NOT_ACKED: 2,
    TFO_SYN_RETRANSMITTED: 3,
    MSG_DONTWAIT: 0x40,
    MSG_NOSIGNAL: 0x4000,
  },
  errno: {
    1: "EPERM",
    9: "EBADF",
    11: "EAGAIN",
    12: "ENOMEM",
    13: "EACCES",
    22: "EINVAL",
    23: "ENFILE",
    24: "EMFILE",
    32: "EPIPE",
    38: "ENOSYS",
    92: "ENOPROTOOPT",
    95: "EOPNOTSUPP",
    97: "EAFNOSUPPORT",
    98: "EADDRINUSE",
    99: "EADDRNOTAVAIL",
    101: "ENETUNREACH",
    103: "ECONNABORTED",
    104: "ECONNRESET",
    105: "ENOBUFS",
    110: "ETIMEDOUT",
    111: "ECONNREFUSED",
    112: "EHOSTDOWN",
    113: "EHOSTUNREACH",
    114: "EALREADY",
    115: "EINPROGRESS",
  },
  sockaddr: { family: "u16" },
  /** struct msghdr; musl's 32-bit lengths with zeroed padding are the same little-endian bytes. */
  msghdr: {
    size: 56,
    name: 0,
    namelen: 8,
    iov: 16,
    iovlen: 24,
    control: 32,
    controllen: 40,
    flags: 48,
  },
  /** struct iovec */
  iovec: { size: 16, base: 0, len: 8 },
  /** struct tcp_info up to the last field read here; the kernel fills as much as is asked for. */
  tcpInfo: {
    size: 156,
    state: 0,
    options: 5,
    sndMss: 16,
    unacked: 24,
    rtt: 68,
    advmss: 84,
    bytesReceived: 128,
    dataSegsIn: 152,
  },
  tcpInfoBits: { fastopenClientFail: { byte: 7, mask: 0x06 } },
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
  },
  errnoSymbol: /* @__PURE__ */ errnoSymbol(),
} as const satisfies PlatformTable;
