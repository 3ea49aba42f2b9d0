/**
 * Errors of TLS in the shape that Node's sockets give them, which libraries look at.
 *
 * @module
 */

import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { FirstFlightError } from "../../base/errors.ts";
import { runtime } from "../../runtimes/mod.ts";
import { ConnectError } from "../../tcp/errors.ts";
import { nodeError, nodeErrorOf, type SystemCall, systemError } from "../../tcp/face/node_error.ts";
import { certificateErrors, TlsError } from "../errors.ts";
import { describeCertificate } from "./certificates.ts";

/** Codes of certificates have Node's names, but for three. */
const certificateCodes: ReadonlySet<string> = new Set([
  ...Object.values(certificateErrors),
  "CERT_INVALID",
]);
const nameCodes: ReadonlySet<string> = new Set(["HOSTNAME_MISMATCH", "IP_ADDRESS_MISMATCH"]);

/** OpenSSL's names for the alerts of a peer, as Node's codes have them. Others have a rule. */
const alertCodes: Readonly<Record<number, string>> = {
  10: "SSL/TLS_ALERT_UNEXPECTED_MESSAGE",
  20: "SSL/TLS_ALERT_BAD_RECORD_MAC",
  40: "SSL/TLS_ALERT_HANDSHAKE_FAILURE",
  42: "SSL/TLS_ALERT_BAD_CERTIFICATE",
  43: "SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE",
  44: "SSL/TLS_ALERT_CERTIFICATE_REVOKED",
  45: "SSL/TLS_ALERT_CERTIFICATE_EXPIRED",
  46: "SSL/TLS_ALERT_CERTIFICATE_UNKNOWN",
  47: "SSL/TLS_ALERT_ILLEGAL_PARAMETER",
  48: "TLSV1_ALERT_UNKNOWN_CA",
  49: "TLSV1_ALERT_ACCESS_DENIED",
  50: "TLSV1_ALERT_DECODE_ERROR",
  51: "TLSV1_ALERT_DECRYPT_ERROR",
  70: "TLSV1_ALERT_PROTOCOL_VERSION",
  71: "TLSV1_ALERT_INSUFFICIENT_SECURITY",
  80: "TLSV1_ALERT_INTERNAL_ERROR",
  109: "TLSV13_ALERT_MISSING_EXTENSION",
  112: "TLSV1_UNRECOGNIZED_NAME",
  116: "TLSV13_ALERT_CERTIFICATE_REQUIRED",
  120: "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
};

/** Where a connection was to go, as Node's errors name it. */
export interface Meant {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** An error as a `tls.TLSSocket` would have it; `isWriting` where a write waits for the handshake. */
export function nodeTlsErrorOf(
  error: unknown,
  syscall: SystemCall,
  meant: Meant,
  isWriting: boolean,
): Error {
  if (error instanceof TlsError) return ofTls(error, meant, isWriting && syscall === "connect");
  if (!(error instanceof ConnectError)) return error as Error;
  const hadAccepted = error.code === "CLOSED_BY_PEER" ||
    (error.code === "CONNECTION_RESET" && syscall === "connect" && error.errno === undefined);
  return syscall === "connect" && hadAccepted ? ofCut(error, meant) : nodeErrorOf(error, syscall);
}

/**
 * What `authorizationError` says of an error before the connection is secure: the verdict on the server's
 * certificate, or on its name, or that of the caller's `checkServerIdentity`. `null` for all else.
 */
export function authorizationErrorOf(error: unknown, shown: Error): string | null {
  const { code = shown.message } = shown as { code?: string };
  if (error instanceof TlsError) {
    return nameCodes.has(error.code) || certificateCodes.has(error.code) ? code : null;
  }
  return error instanceof FirstFlightError ? null : code;
}

function ofTls(error: TlsError, meant: Meant, isOfWrite: boolean): Error {
  const { code, message, alert } = error;
  if (nameCodes.has(code)) return ofName(error, meant);
  if (certificateCodes.has(code)) return nodeError(message, { code }, error);
  switch (code) {
    case "HANDSHAKE_CLOSED":
      return ofCut(error, meant);
    case "NOT_TLS":
      return ofOpenssl("WRONG_VERSION_NUMBER", error, isOfWrite);
    case "ALERT_RECEIVED":
      return ofOpenssl(alertCodes[alert ?? -1] ?? `TLSV1_ALERT_${alert}`, error, isOfWrite);
    default:
      return error;
  }
}

/** Node's error has its own words, and the certificate. Whoever shows them gets the same here. */
function ofName(error: TlsError, { host = "" }: Meant): Error {
  const cert = describeCertificate(error.certificate);
  const own = error.certificate && checkServerIdentity(host, cert as PeerCertificate);
  const reason = (own as { reason?: string } | undefined)?.reason ?? error.message;
  const properties = { code: "ERR_TLS_CERT_ALTNAME_INVALID", reason, host, cert };
  return nodeError(error.message, properties, error);
}

/** In Node alone a write that waits fails first, and its error is then the socket's. */
function ofOpenssl(name: string, error: TlsError, isOfWrite: boolean): Error {
  if (isOfWrite && runtime.name === "node") {
    return systemError("write", "EPROTO", error, error.message);
  }
  const reason = name.toLowerCase().replaceAll("_", " ");
  const properties = { code: `ERR_SSL_${name}`, library: "SSL routines", reason };
  return nodeError(error.message, properties, error);
}

function ofCut(error: Error, { host, port }: Meant): Error {
  return nodeError(
    "Client network socket disconnected before secure TLS connection was established",
    { code: "ECONNRESET", path: undefined, host, port, localAddress: undefined },
    error,
  );
}
