/**
 * The interface that a link-local IPv6 address is reached by (RFC 4007).
 *
 * @module
 */

/** fe80::/10 is the same on every link, so that such an address also needs an interface. */
const LINK_LOCAL = /^fe[89ab][\da-f]:/i;

/** The errors for an unknown interface, of the kernels and of the runtimes without FFI. */
const unknownInterface: readonly unknown[] = [
  ...["ENODEV", "ENXIO", "EINVAL", "EADDRNOTAVAIL", "ENETUNREACH"],
];

/** Advice for a failure with `address`, if its scope may be the cause; otherwise "". */
export function scopeAdvice(address: string, errno: string | undefined): string {
  const [ip = "", scope] = address.split("%", 2);
  if (scope === undefined) {
    if (!LINK_LOCAL.test(ip)) return "";
    return `; a link-local address needs its interface, such as ${ip}%eth0`;
  }
  if (!unknownInterface.includes(errno)) return "";
  return `; what follows the "%" must be an interface of this machine, "${scope}" may be none`;
}
