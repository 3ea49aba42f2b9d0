/**
 * What the words mean that the commands use.
 *
 * @module
 */

/** One sentence for each, for a help text. */
export const aboutTerms =
  "A cookie is what a server's kernel gave this machine earlier, so that it takes data in the SYN. A ticket " +
  "is what a TLS server gave earlier, so that the session can be resumed without a full handshake. Early " +
  "data is what a client sends with a ticket before the server has answered.";
