/**
 * What makes a first flight special.
 *
 * @module
 */

import type { Setback } from "../../base/setback.ts";

/**
 * A part that not every server gets:
 *
 * - `"early data"`: the request with the hello (RFC 8446, section 4.2.10)
 * - `"session"`: a session to resume (section 4.2.11)
 * - `"lean hello"`: a hello without what only middleboxes and older versions need
 * - `"large hello"`: a hello that needs more than one packet
 * - `"data in the SYN"`: a first flight that rides in the SYN (RFC 7413)
 */
export type SpecialPart =
  | "early data"
  | "session"
  | "lean hello"
  | "large hello"
  | "data in the SYN";

/** How a part was turned down. */
export type RefusedBy = "reset" | "close" | "alert" | "silence";

/** A part that is left out at present. */
export interface SparedPart extends Setback {
  /** What is left out. */
  readonly part: SpecialPart;
  /** How the server, or something on the way to it, answered the part last. */
  readonly by: RefusedBy;
}
