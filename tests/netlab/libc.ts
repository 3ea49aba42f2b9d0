/**
 * The C library functions that the link process calls, declared as data.
 *
 * `size_t` is 64 bits wide on every platform this runs on, hence `u64`. A `ssize_t` result is read as
 * its low half: read(2) and write(2) never move more than 0x7ffff000 bytes at once, and a number is
 * much cheaper than a bigint in a loop that runs per packet.
 *
 * open(2), ioctl(2) and prctl(2) are variadic in C. The calling conventions of Linux on x86-64 and
 * arm64 pass the first variadic arguments like fixed ones, so fixed declarations work.
 *
 * @module
 */

import { libcPaths } from "../../base/libc_paths.ts";
import { dlopenFirst } from "../../ffi/libc.ts";
import type { NativeFunctions } from "../../runtimes/mod.ts";

const table = {
  // int open(const char *pathname, int flags, ...);
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // ssize_t read(int fd, void buf[.count], size_t count);
  read: { parameters: ["i32", "buffer", "u64"], result: "i32" },
  // ssize_t write(int fd, const void buf[.count], size_t count);
  write: { parameters: ["i32", "buffer", "u64"], result: "i32" },
  // int ioctl(int fd, unsigned long op, ...);
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  // int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *tmo, const sigset_t *sigmask);
  ppoll: { parameters: ["buffer", "u64", "buffer", "buffer"], result: "i32" },
  // int setns(int fd, int nstype);
  setns: { parameters: ["i32", "i32"], result: "i32" },
  // int prctl(int op, ...);
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  // int setpriority(int which, id_t who, int prio);
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  // pid_t getppid(void);
  getppid: { parameters: [], result: "i32" },
  // int clock_gettime(clockid_t clockid, struct timespec *tp);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // int *__errno_location(void);
  __errno_location: { parameters: [], result: "pointer" },
  // void *memcpy(void dest[.n], const void src[.n], size_t n);
  memcpy: { parameters: ["buffer", "pointer", "u64"], result: "pointer" },
} as const;

/** The C library of the runtime's own architecture, opened once. */
export const libc: NativeFunctions<typeof table> = dlopenFirst(libcPaths, table);

/** A C string: the text's bytes and a closing NUL. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** Returns a result that is not negative. Throws with `errno` for a negative one. */
export function check(call: string, result: number): number {
  if (result >= 0) return result;
  const errno = new Int32Array(1);
  libc.memcpy(new Uint8Array(errno.buffer), libc.__errno_location(), 4n);
  throw new Error(`${call} failed with errno ${errno[0]}`);
}
