/**
 * The engine that connections under test use: OpenSSL, unless a file takes another one.
 *
 * @module
 */

import process from "node:process";
import type { EngineName } from "../../tls/engine/contract.ts";
import type { CertificateErrorCode } from "../../tls/errors.ts";
import { type EngineFeatures, featuresOf } from "../../tls/engine/features.ts";

/** How the engine gets to programs that a test starts. */
export const ENGINE_VARIABLE = "FIRSTFLIGHT_ENGINE";

let engine = (process.env[ENGINE_VARIABLE] ?? "openssl") as EngineName;

/** The engine that connections under test use. */
export function engineUnderTest(): EngineName {
  return engine;
}

/** Takes another engine for all that is imported from here on. */
export function useEngine(name: EngineName): void {
  engine = name;
}

/** What the engine under test can do here. */
export function can(feature: keyof EngineFeatures): boolean {
  return featuresOf(engine)[feature];
}

/** The codes by which the engine under test may report this fault of a certificate. */
export function codesOf(fault: CertificateErrorCode): readonly CertificateErrorCode[] {
  if (engine === "openssl") return [fault];
  if (!can("certificateFaults")) return [fault, "CERT_INVALID"];
  // Whoever signed itself has an issuer that nobody knows, some say.
  return fault.includes("SELF_SIGNED") ? [fault, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"] : [fault];
}
