/**
 * The engine that connections under test use: OpenSSL, unless a test file selects another one.
 *
 * @module
 */

import process from "node:process";
import type { EngineName } from "../../tls/engine/contract.ts";
import type { CertificateErrorCode } from "../../tls/errors.ts";
import { type EngineFeatures, featuresOf } from "../../tls/engine/features.ts";

/** The environment variable that passes the engine to programs that a test starts. */
export const ENGINE_VARIABLE = "FIRSTFLIGHT_ENGINE";

let engine = (process.env[ENGINE_VARIABLE] ?? "openssl") as EngineName;

/** The engine that connections under test use. */
export function engineUnderTest(): EngineName {
  return engine;
}

/** Selects the engine for all modules that are imported from here on. */
export function useEngine(name: EngineName): void {
  engine = name;
}

/** Whether the engine under test has a feature here. */
export function can(feature: keyof EngineFeatures): boolean {
  return featuresOf(engine)[feature];
}

/** The codes by which the engine under test may report this fault of a certificate. */
export function codesOf(fault: CertificateErrorCode): readonly CertificateErrorCode[] {
  if (engine === "openssl") return [fault];
  if (!can("certificateFaults")) return [fault, "CERT_INVALID"];
  // Some engines report a self-signed certificate as one whose issuer is unknown.
  return fault.includes("SELF_SIGNED") ? [fault, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"] : [fault];
}
