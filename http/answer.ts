/**
 * How much of an answer is looked at to find its status.
 *
 * @module
 */

/**
 * Bytes in which the status is to be: hints come before it (1xx), and frames about the connection. All of
 * them are read again whenever more has arrived, so a server must not be able to send many.
 */
const MOST = 16 * 1024;

/** The status that asks for a request once more, after the handshake (RFC 8470, section 5.2). */
export const TOO_EARLY = "425";

/**
 * Whether the answer asks for the request again, as `judge` finds. A peer that never comes to the
 * point does not.
 */
export function judgeStart(
  answer: Uint8Array,
  judge: (start: Uint8Array) => boolean | undefined,
): boolean | undefined {
  const verdict = judge(answer.subarray(0, MOST));
  return verdict === undefined && answer.length >= MOST ? false : verdict;
}
