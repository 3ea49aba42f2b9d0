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
  renegotiationRefused,
} from "../failures.ts";
import { featuresOf } from "../features.ts";

/** The name of the failed call. Calls inside `node:tls` can't be seen from here. */
const CALL = "node:tls";

/** The alert that an error reports. OpenSSL gives the number, rustls and BoringSSL give a name. */
function alertIn({ message, reason = "" }: NodeError): number | undefined {
  const number = /SSL alert number (\d+)/.exec(message)?.[1];
  if (number !== undefined) return Number(number);
  const name = /received fatal alert: (\w+)/.exec(message) ?? /ALERT_(\w+)/.exec(reason);
  return name?.[1] === undefined ? undefined : alertNamed(name[1]);
}

/** An error as runtimes make them. */
export type NodeError = Error & { readonly code?: string; readonly reason?: string };

/** The {@linkcode TlsError} for a runtime's error; `overheard` is an alert seen in the bytes. */
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
  if (error.code === "ERR_SSL_NO_RENEGOTIATION") return renegotiationRefused(error, peer);
  const alert = overheard || alertIn(error);
  if (alert) return alertReceived(alert, failure);
  return protocolError(error.reason || wordsOf(error), failure);
}

/** The peer's certificate was refused here. */
export function refuseCertificate(
  code: TlsErrorCode,
  words: string,
  peer: FailurePeer,
  certificate?: Uint8Array,
): TlsError {
  return certificateRefused(code, words, { ...peer, call: CALL, certificate });
}

/** OpenSSL's verdicts. The runtimes use the same names as codes. */
const faults: ReadonlySet<string> = new Set(Object.values(certificateErrors));

/** Verdicts that Node has no names for. */
const unnamed: readonly (readonly [RegExp, TlsErrorCode])[] = [
  [/EE certificate key too weak/, "EE_KEY_TOO_SMALL"],
  [/CA certificate key too weak/, "CA_KEY_TOO_SMALL"],
  [/CA signature digest algorithm too weak/, "CA_MD_TOO_WEAK"],
];

/** Words for `CERT_INVALID`, which stands for all faults without a name of their own. */
const UNTOLD = "the certificate was refused, and this runtime does not say why; it may be out of " +
  "date, be made for something else, or lead to nobody who is trusted";

function faultIn({ code = "", message }: NodeError): TlsErrorCode | undefined {
  if (code === "UNSPECIFIED") {
    return unnamed.find(([words]) => words.test(message))?.[1] ?? "CERT_INVALID";
  }
  if (!faults.has(code)) return undefined;
  if (code !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return code as TlsErrorCode;
  // OpenSSL reports this last when it was told to go on after it had found no issuer. On runtimes
  // where faults have no names of their own, this code stands for all of them.
  const { certificateFaults } = featuresOf("runtime");
  return certificateFaults ? "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" : "CERT_INVALID";
}

/** The message without Node's advice, which would not help here. */
function wordsOf({ message }: NodeError): string {
  return message.split(/;|\n/, 1)[0] ?? message;
}
