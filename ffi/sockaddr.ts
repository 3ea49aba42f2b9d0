/**
 * The layout of socket addresses. It is the same on all platforms, except for the family's place.
 *
 * @module
 */

/** struct sockaddr_in */
export const sockaddrIn = { size: 16, port: 2, addr: 4 } as const;

/** struct sockaddr_in6 */
export const sockaddrIn6 = { size: 28, port: 2, addr: 8, scopeId: 24 } as const;
