/**
 * What a caller may hear of while a connection is being made.
 *
 * @module
 */

import type { Link } from "./race.ts";
import type { Address } from "../name/address.ts";

/**
 * Functions that are called when a stage is over, each in a microtask of its own, so that what they
 * throw is an uncaught exception and nothing is left open. A connection that is made a second time goes
 * through its stages a second time.
 */
export interface Stages {
  /** The name was looked up; these addresses are tried. Not called where the host is an address. */
  lookedUp?(addresses: readonly Address[]): void;
  /** An attempt has won. The TLS handshake, if there is one, is still to come. */
  connected?(link: Link): void;
}
