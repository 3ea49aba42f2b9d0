/**
 * The kind of socket that is judged: TLS, unless a test file selects TCP.
 *
 * @module
 */

import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { MemorySessionStore, type SessionStore, tcpSocket, tlsSocket } from "../../../mod.ts";
import { certificates } from "../certificates.ts";
import { can, engineUnderTest } from "../engine.ts";
import type { Connect } from "./scene.ts";

/** What is judged, and by what. */
export interface Kind {
  readonly name: "tls" | "tcp";
  /** The runtime's own function, as titles name it. */
  readonly judge: "tls.connect" | "net.connect";
  /** The event after which bytes may be exchanged. */
  readonly stands: "secureConnect" | "connect";
  readonly own: Connect;
  /** Makes a function that connects by this module. No two share anything that is remembered. */
  ours(): Connect;
}

const kinds: Readonly<Record<Kind["name"], Kind>> = {
  tls: {
    name: "tls",
    judge: "tls.connect",
    stands: "secureConnect",
    own: (options) => connectTls({ ca: certificates().ca, ...options }),
    ours() {
      const sessions: SessionStore | false = can("resumption") && new MemorySessionStore();
      return (options) => {
        const ours = {
          sessions,
          engine: engineUnderTest(),
          ca: certificates().ca,
          // As in Node, the caller's function is then the only one that judges the name.
          ...(options.checkServerIdentity ? { unsafelyDisableHostnameVerification: true } : {}),
          ...options,
        };
        return tlsSocket(ours as Parameters<typeof tlsSocket>[0]) as unknown as TLSSocket;
      };
    },
  },
  // What only TLS has is left out of the scenarios; so its type does no harm.
  tcp: {
    name: "tcp",
    judge: "net.connect",
    stands: "connect",
    own: (options) => connectTcp(options as Parameters<typeof connectTcp>[0]) as TLSSocket,
    ours: () => (options) =>
      tcpSocket(options as Parameters<typeof tcpSocket>[0]) as unknown as TLSSocket,
  },
};

let kind: Kind = kinds.tls;

/** The kind of socket that is judged. */
export function kindUnderTest(): Kind {
  return kind;
}

/** Selects the kind for all modules that are imported from here on. */
export function useKind(name: Kind["name"]): void {
  kind = kinds[name];
}
