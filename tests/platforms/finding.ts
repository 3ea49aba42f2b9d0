/**
 * What the program that runs on a platform is told, and what it says: one JSON object per line.
 *
 * @module
 */

import type { EarlyDataStatus, FastOpenOutcome, FastOpenSupport, TlsVersion } from "../../mod.ts";

/** The program's first argument: a server, and whom to trust. */
export interface Target {
  readonly hostname: string;
  /** Where it speaks TLS. */
  readonly port: number;
  /** Where it doesn't; default 80. */
  readonly plainPort?: number;
  /** Roots in PEM; by default the runtime's own. */
  readonly caCerts?: string[];
  /** The key and the certificate for a server of the program's own. */
  readonly key?: string;
  readonly cert?: string;
}

/** Its other arguments: what to do, in this order. */
export type Step =
  /** Plain TCP, Fast Open switched off. */
  | "plain"
  /** Plain TCP with the request in the SYN. */
  | "tcp"
  /** TLS with the hello in the SYN. */
  | "tls"
  /** The same with the request as early data, where there is a session. */
  | "early-data"
  /** TLS to a name that the certificate is not for. */
  | "wrong-name"
  /** TLS to somebody whom only {@linkcode Target.caCerts} vouches for, without those. */
  | "untrusted"
  /** TLS to a server in the same process. */
  | "listen"
  /** Such a server at an address that is taken. */
  | "taken";

/** The first line: where the program finds itself. */
export interface About {
  readonly runtime: "deno" | "bun" | "node";
  readonly version: string;
  readonly os: string;
  readonly arch: string;
  /** The C library in use, where that can be told. */
  readonly libc?: string;
  readonly support: FastOpenSupport;
}

/** A line per step: how it went. */
export interface Finding {
  readonly step: Step;
  readonly outcome?: FastOpenOutcome;
  readonly reason?: string;
  /** Bytes in the SYN, and of the first flight in all. */
  readonly synBytes?: number;
  readonly flightBytes?: number;
  readonly engine?: "openssl" | "runtime";
  readonly protocol?: TlsVersion;
  readonly alpnProtocol?: string | null;
  readonly resumed?: boolean;
  readonly earlyData?: EarlyDataStatus;
  /** Bytes of the answer. */
  readonly received?: number;
  /** The client's port, by which others know the connection. */
  readonly localPort?: number;
  readonly error?: {
    readonly name: string;
    readonly code?: string;
    readonly errno?: string;
    readonly message: string;
  };
}
