/**
 * nginx as a mail server that starts without TLS and upgrades when asked to.
 *
 * @module
 */

import { certificates, type Identity } from "./certificates.ts";
import { temporaryFolder } from "./folder.ts";
import { startNginxProcess } from "./nginx_process.ts";
import { freePort, here, NGINX_MAIL, type Place } from "./peer.ts";

/** How a protocol asks for TLS. */
export interface StartTlsProtocol {
  readonly greeting: RegExp;
  /** What to send before, and the answer to that. */
  readonly before?: readonly [string, RegExp];
  readonly command: string;
  readonly agreed: RegExp;
  /** What to send over TLS, and the answer to that. */
  readonly afterwards: readonly [string, RegExp];
}

/** The protocols that nginx speaks. */
export const protocols = {
  smtp: {
    greeting: /^220 .*\r\n/,
    before: ["EHLO client.test\r\n", /^250-[^]*^250 STARTTLS\r\n/m],
    command: "STARTTLS\r\n",
    agreed: /^220 2\.0\.0 Start TLS\r\n/,
    afterwards: ["EHLO client.test\r\n", /^250 AUTH PLAIN LOGIN\r\n/m],
  },
  imap: {
    greeting: /^\* OK .*\r\n/,
    command: "a STARTTLS\r\n",
    agreed: /^a OK .*\r\n/,
    afterwards: ["b CAPABILITY\r\n", /^\* CAPABILITY .*\r\nb OK .*\r\n/],
  },
  pop3: {
    greeting: /^\+OK .*\r\n/,
    command: "STLS\r\n",
    agreed: /^\+OK\r\n/,
    afterwards: ["CAPA\r\n", /^\+OK [^]*^\.\r\n/m],
  },
} as const satisfies Record<string, StartTlsProtocol>;

export interface MailServerOptions {
  /** Default this machine. */
  readonly place?: Place;
  /** Default a free port. */
  readonly port?: number;
  readonly identity?: Identity;
  /** Default TLS 1.2 and 1.3. */
  readonly versions?: string;
}

/** A running mail server. */
export interface MailServer extends AsyncDisposable {
  readonly port: number;
}

/** Starts a server of one protocol. */
export async function startMailServer(
  protocol: keyof typeof protocols,
  options: MailServerOptions = {},
): Promise<MailServer> {
  const { place = here, port = await freePort(), identity = certificates().server } = options;
  const folder = temporaryFolder();
  const mail = `
    load_module ${NGINX_MAIL};
    mail {
      server_name localhost;
      auth_http 127.0.0.1:1/nobody;
      starttls on;
      ssl_certificate ${identity.certPath};
      ssl_certificate_key ${identity.keyPath};
      ssl_protocols ${options.versions ?? "TLSv1.2 TLSv1.3"};
      server { listen 0.0.0.0:${port}; listen [::]:${port} ipv6only=on; protocol ${protocol}; }
    }`;
  try {
    const peer = await startNginxProcess(place, folder, mail);
    const stop = async () => {
      await peer.stop();
      folder[Symbol.dispose]();
    };
    return { port, [Symbol.asyncDispose]: stop };
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}
