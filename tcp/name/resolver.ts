/**
 * The shape of a resolver: that of `dns.lookup`.
 *
 * @module
 */

/** An address that a {@linkcode LookupFunction} has found. */
export interface LookupAddress {
  /** An IP address; an IPv6 one may have a `%scope`. */
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** What a {@linkcode LookupFunction} is asked for. */
export interface LookupOptions {
  /** All addresses of the name are wanted, since they race. */
  readonly all: true;
  /** Which addresses are wanted: 4, 6, or 0 for both. */
  readonly family: 0 | 4 | 6;
  /** No flags of `getaddrinfo`. */
  readonly hints: 0;
  /** The order is the resolver's. */
  readonly order: "verbatim";
  /** What older functions have instead of `order`. */
  readonly verbatim: true;
}

/**
 * A resolver in the shape of `dns.lookup`, such as that function itself or `lookup` of
 * `cacheable-lookup`. It may answer with all addresses, as it is asked to, or with one and its family.
 */
export type LookupFunction = (
  hostname: string,
  options: LookupOptions,
  callback: (
    error: Error | null,
    address?: string | readonly LookupAddress[],
    family?: number,
  ) => void,
) => void;
