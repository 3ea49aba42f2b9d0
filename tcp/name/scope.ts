/**
 * The interface that a link-local IPv6 address is reached by (RFC 4007).
 *
 * @module
 */

/** fe80::/10: the same on every link, so it takes an interface to mean anything. */
const LINK_LOCAL = /^fe[89ab][\da-f]:/i;

/** What the kernels, and the runtimes without FFI, say of an interface that there is none. */
const unknownInterface: readonly unknown[] = [
  ...["ENODEV", "ENXIO", "EINVAL", "EADDRNOTAVAIL", "ENETUNREACH"],
];

/** What to do about a failure with `address` where its scope is to blame; else "". */
export function scopeAdvice(address: string, errno: string | undefined): string {
  const [ip = "", scope] = address.split("%", 2);
  if (scope === undefined) {
    if (!LINK_LOCAL.test(ip)) return "";
    return `; a link-local address needs its interface, such as ${ip}%eth0`;
  }
  if (!unknownInterface.includes(errno)) return "";
  return `; what follows the "%" must be an interface of this machine, "${scope}" may be none`;
}
