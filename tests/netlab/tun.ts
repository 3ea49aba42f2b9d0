/**
 * TUN devices: a network interface on one side, a file descriptor for whole IP packets on the
 * other.
 *
 * @module
 */

import { check, cString, libc } from "./libc.ts";
import { DEVICE } from "./protocol.ts";

const O_RDONLY = 0;
const O_RDWR = 2;
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
const CLONE_NEWNET = 0x40000000;
const TUNSETIFF = 0x400454can;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;

/**
 * Creates the device {@linkcode DEVICE} inside a named network namespace.
 *
 * A device belongs to the namespace of the thread that opens it. So this thread enters the
 * namespace first, and stays there, because the calling process needs no sockets. The device lives
 * as long as the descriptor.
 *
 * @returns a non-blocking descriptor; each read is one packet, each write is one packet.
 */
export function openTun(namespace: string): number {
  const path = `/run/netns/${namespace}`;
  const place = check(`open ${path}`, libc.open(cString(path), O_RDONLY | O_CLOEXEC));
  check(`setns ${path}`, libc.setns(place, CLONE_NEWNET));
  libc.close(place);

  const clone = "/dev/net/tun";
  const fd = check(`open ${clone}`, libc.open(cString(clone), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  // struct ifreq { char ifr_name[16]; short ifr_flags; … } (40 bytes)
  const request = new Uint8Array(40);
  request.set(cString(DEVICE));
  new DataView(request.buffer).setInt16(16, IFF_TUN | IFF_NO_PI, true);
  check("ioctl TUNSETIFF", libc.ioctl(fd, TUNSETIFF, request));
  return fd;
}
