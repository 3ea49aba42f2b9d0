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

/** Whether `address` needs an interface and has none. */
export function lacksScope(address: string): boolean {
  return LINK_LOCAL.test(address) && !address.includes("%");
}

/** Advice for a failure with `address`, if its scope may be the cause; otherwise "". */
export function scopeAdvice(address: string, errno: string | undefined): string {
  if (lacksScope(address)) {
    return `; a link-local address needs its interface, such as ${address}%eth0`;
  }
  const [, scope] = address.split("%", 2);
  if (scope === undefined) return "";
  if (!unknownInterface.includes(errno)) return "";
  return `; what follows the "%" must be an interface of this machine, "${scope}" may be none`;
}
