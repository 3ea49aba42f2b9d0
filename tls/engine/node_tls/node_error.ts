/**
 * The errors of `node:tls` as {@linkcode TlsError}.
 *
 * @module
 */

import { alertNamed } from "../alerts.ts";
import { certificateErrors, TlsError, type TlsErrorCode } from "../../errors.ts";
import {
  alertReceived,
  certificateRefused,
  type Failure,
  type FailurePeer,
  protocolError,
} from "../failures.ts";
import { featuresOf } from "../features.ts";

/** What fails, as far as can be seen from here. */
const CALL = "node:tls";

/** The alert that an error speaks of. OpenSSL gives the number, rustls and BoringSSL a name. */
function alertIn({ message, reason = "" }: NodeError): number | undefined {
  const number = /SSL alert number (\d+)/.exec(message)?.[1];
  if (number !== undefined) return Number(number);
  const name = /received fatal alert: (\w+)/.exec(message) ?? /ALERT_(\w+)/.exec(reason);
  return name?.[1] === undefined ? undefined : alertNamed(name[1]);
}

/** An error as runtimes make them. */
export type NodeError = Error & { readonly code?: string; readonly reason?: string };

/** What an error of the runtime's means; `overheard` is an alert that was seen on its way here. */
export function failureOf(
  error: NodeError,
  peer: FailurePeer,
  overheard: number | undefined,
): TlsError {
  if (error instanceof TlsError) return error;
  const failure: Failure = { ...peer, call: CALL, cause: error };
  const fault = faultIn(error);
  if (fault === "CERT_INVALID") return certificateRefused(fault, UNTOLD, failure);
  if (fault) return certificateRefused(fault, wordsOf(error), failure);
  const alert = overheard || alertIn(error);
  if (alert) return alertReceived(alert, failure);
  return protocolError(error.reason || wordsOf(error), failure);
}

/** The peer's certificate is not for whom it should be for. */
export function notFor(isAddress: boolean, error: NodeError, peer: FailurePeer): TlsError {
  const code = isAddress ? "IP_ADDRESS_MISMATCH" : "HOSTNAME_MISMATCH";
  return certificateRefused(code, error.reason ?? error.message, { ...peer, call: CALL });
}

/** The peer's certificate was refused here. */
export function refuseCertificate(code: TlsErrorCode, words: string, peer: FailurePeer): TlsError {
  return certificateRefused(code, words, { ...peer, call: CALL });
}

/** OpenSSL's verdicts, which the runtimes call by the same names. */
const faults: ReadonlySet<string> = new Set(Object.values(certificateErrors));

/** Verdicts that Node has no names for. */
const unnamed: readonly (readonly [RegExp, TlsErrorCode])[] = [
  [/EE certificate key too weak/, "EE_KEY_TOO_SMALL"],
  [/CA certificate key too weak/, "CA_KEY_TOO_SMALL"],
  [/CA signature digest algorithm too weak/, "CA_MD_TOO_WEAK"],
];

/** Words for the verdict that stands for whatever has no other name. */
const UNTOLD = "the certificate was refused, and this runtime does not say why; it may be out of " +
  "date, be made for something else, or lead to nobody who is trusted";

function faultIn({ code = "", message }: NodeError): TlsErrorCode | undefined {
  if (code === "UNSPECIFIED") {
    return unnamed.find(([words]) => words.test(message))?.[1] ?? "CERT_INVALID";
  }
  if (!faults.has(code)) return undefined;
  if (code !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return code as TlsErrorCode;
  // What OpenSSL says last when it was told to go on after it had found no issuer. Where faults have
  // no names of their own, it stands for all of them.
  const { certificateFaults } = featuresOf("runtime");
  return certificateFaults ? "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" : "CERT_INVALID";
}

/** The words without what Node advises, which would not help here. */
function wordsOf({ message }: NodeError): string {
  return message.split(/;|\n/, 1)[0] ?? message;
}
