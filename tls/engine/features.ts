/**
 * The features of each engine on each runtime.
 *
 * @module
 */

import { type Runtime, runtime } from "../../runtimes/mod.ts";
import type { EngineName } from "./contract.ts";

/** The features of an engine. */
export interface EngineFeatures {
  /** Works on servers: `listenTls`. */
  readonly listen: boolean;
  /** Sends early data with its first flight (RFC 8446, section 2.3). */
  readonly earlyData: boolean;
  /** Resumes sessions, and hands out new sessions to be kept. */
  readonly resumption: boolean;
  /** Hands out the lines of the key log. */
  readonly keyLog: boolean;
  /** Lets the key-exchange groups be chosen, so that the hello can be made to fit a SYN. */
  readonly groups: boolean;
  /** Goes on sending after the peer has finished. */
  readonly halfClose: boolean;
  /** Names the fault of a certificate. Otherwise some faults are only `CERT_INVALID`. */
  readonly certificateFaults: boolean;
  /** Tells the peer by an alert why its certificate was refused. */
  readonly refusalAlert: boolean;
  /** Shows the client's certificate after the handshake where the caller allows it. */
  readonly postHandshakeAuth: boolean;
}

/** The features of the engine on OpenSSL, and of the engine on the runtime's own `node:tls`. */
export const features: {
  readonly openssl: EngineFeatures;
  readonly runtime: Readonly<Record<Runtime["name"], EngineFeatures>>;
} = {
  openssl: {
    listen: true,
    earlyData: true,
    resumption: true,
    keyLog: true,
    groups: true,
    halfClose: true,
    certificateFaults: true,
    refusalAlert: true,
    postHandshakeAuth: true,
  },
  runtime: {
    deno: {
      listen: false,
      earlyData: false,
      resumption: false,
      keyLog: false,
      groups: false,
      halfClose: true,
      certificateFaults: false,
      refusalAlert: false,
      postHandshakeAuth: false,
    },
    bun: {
      listen: false,
      earlyData: false,
      resumption: true,
      keyLog: true,
      groups: true,
      halfClose: false,
      certificateFaults: true,
      refusalAlert: false,
      postHandshakeAuth: false,
    },
    node: {
      listen: false,
      earlyData: false,
      resumption: true,
      keyLog: true,
      groups: true,
      halfClose: true,
      certificateFaults: true,
      refusalAlert: false,
      postHandshakeAuth: false,
    },
  },
};

/** The features of an engine on this runtime. */
export function featuresOf(engine: EngineName): EngineFeatures {
  return engine === "openssl" ? features.openssl : features.runtime[runtime.name];
}
