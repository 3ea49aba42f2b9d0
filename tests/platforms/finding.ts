/**
 * What the program on a platform is told, and what it reports: one JSON object per line.
 *
 * @module
 */

import type { EarlyDataStatus, FastOpenOutcome, FastOpenSupport, TlsVersion } from "../../mod.ts";

/** The program's first argument: a server, and the roots to trust. */
export interface Target {
  readonly hostname: string;
  /** The port with TLS. */
  readonly port: number;
  /** The port without TLS. Default 80. */
  readonly plainPort?: number;
  /** Roots in PEM. Default the runtime's own. */
  readonly caCerts?: string[];
  /** The key and the certificate for a server of the program's own. */
  readonly key?: string;
  readonly cert?: string;
}

/** Its other arguments: the steps to take, in this order. */
export type Step =
  /** Plain TCP, with Fast Open switched off. */
  | "plain"
  /** Plain TCP with the request in the SYN. */
  | "tcp"
  /** TLS with the hello in the SYN. */
  | "tls"
  /** The same with the request as early data, where there is a session. */
  | "early-data"
  /** TLS to a name that the certificate is not valid for. */
  | "wrong-name"
  /** TLS to a server that only {@linkcode Target.caCerts} vouch for, without these roots. */
  | "untrusted"
  /** TLS to a server in the same process. */
  | "listen"
  /** A second server, at an address that is taken. */
  | "taken";

/** The first line: the surroundings of the program. */
export interface About {
  readonly runtime: "deno" | "bun" | "node";
  readonly version: string;
  readonly os: string;
  readonly arch: string;
  /** The C library in use, where it is known. */
  readonly libc?: string;
  readonly support: FastOpenSupport;
}

/** A line per step: its result. */
export interface Finding {
  readonly step: Step;
  readonly outcome?: FastOpenOutcome;
  readonly reason?: string;
  /** Bytes in the SYN, and bytes of the whole first flight. */
  readonly synBytes?: number;
  readonly flightBytes?: number;
  readonly engine?: "openssl" | "runtime";
  readonly protocol?: TlsVersion;
  readonly alpnProtocol?: string | null;
  readonly resumed?: boolean;
  readonly earlyData?: EarlyDataStatus;
  /** Bytes of the answer. */
  readonly received?: number;
  /** The client's port, by which the link's packets are assigned to the connection. */
  readonly localPort?: number;
  readonly error?: {
    readonly name: string;
    readonly code?: string;
    readonly errno?: string;
    readonly message: string;
  };
}
