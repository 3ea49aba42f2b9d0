/**
 * nginx as an HTTPS server that reports what it saw of each request.
 *
 * @module
 */

import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { certificates, type Identity } from "./certificates.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { httpBody } from "./http.ts";
import { startNginxProcess } from "./nginx_process.ts";
import { freePort, here, type Peer, type Place } from "./peer.ts";

/** What nginx reports of a request, in its answer to `/facts` and in its log. */
export interface NginxFacts {
  /** `GET /facts HTTP/1.1` */
  readonly request: string;
  /** `TLSv1.3` */
  readonly protocol: string;
  readonly cipher: string;
  /** `X25519`, `prime256v1` */
  readonly curve: string;
  /** The name in the ClientHello; empty where there was none. */
  readonly serverName: string;
  /** The protocol agreed on; empty where none was. */
  readonly alpn: string;
  readonly resumed: boolean;
  /** Whether the request arrived as early data, before the handshake was complete. */
  readonly early: boolean;
  /** Length of the request's body. */
  readonly bodyBytes: number;
  /** `SUCCESS`, `NONE`, or `FAILED:…` with the reason. */
  readonly client: string;
}

const FACTS = [
  `"request":"$request"`,
  `"protocol":"$ssl_protocol"`,
  `"cipher":"$ssl_cipher"`,
  `"curve":"$ssl_curve"`,
  `"serverName":"$ssl_server_name"`,
  `"alpn":"$ssl_alpn_protocol"`,
  `"resumed":$resumed`,
  `"early":$early`,
  `"bodyBytes":$body_bytes`,
  `"client":"$ssl_client_verify"`,
].join();

export interface NginxOptions {
  /** Default this machine. */
  readonly place?: Place;
  /** Default a free port. */
  readonly port?: number;
  /** The addresses to listen on, IPv6 in brackets. Default all. */
  readonly addresses?: readonly string[];
  /** The port without TLS; 0 picks a free one. Default none. */
  readonly plainPort?: number;
  readonly identity?: Identity;
  readonly protocols?: string;
  /** Default true. */
  readonly earlyData?: boolean;
  /** Whether to speak HTTP/2, too, and prefer it. Default false. */
  readonly http2?: boolean;
  /** Whether to listen with `fastopen=256`. Default true. */
  readonly fastOpen?: boolean;
  /** The key of its tickets. Default: each start makes its own. */
  readonly ticketKey?: Uint8Array;
  /** Further lines of the `server` block. */
  readonly lines?: readonly string[];
}

/** A running nginx. `PUT /upload/NAME` keeps a body, `GET /upload/NAME` gives it back. */
export class Nginx implements AsyncDisposable {
  readonly port: number;
  /** The port without TLS; 0 where there is none. */
  readonly plainPort: number;
  #folder: Folder;
  #peer: Peer;

  constructor(port: number, plainPort: number, folder: Folder, peer: Peer) {
    this.port = port;
    this.plainPort = plainPort;
    this.#folder = folder;
    this.#peer = peer;
  }

  /** Makes a file that `GET /upload/NAME` answers with. */
  serve(name: string, content: Uint8Array): void {
    writeFileSync(this.#folder.path("upload", name), content);
  }

  /** Makes a file of `size` zeros that takes no disk space. */
  serveZeros(name: string, size: number): void {
    this.serve(name, new Uint8Array());
    truncateSync(this.#folder.path("upload", name), size);
  }

  /** The body that `PUT /upload/NAME` brought. */
  uploaded(name: string): Uint8Array {
    return Uint8Array.from(readFileSync(this.#folder.path("upload", name)));
  }

  /** Resolves to all requests, once there are at least `count`. */
  async requests(count = 1): Promise<NginxFacts[]> {
    return await this.#peer.until(`${count} requests in its log`, () => {
      const lines = readFileSync(this.#folder.path("access.log"), "utf8").split("\n");
      const requests = lines.slice(0, -1).map((line) => JSON.parse(line) as NginxFacts);
      return requests.length >= count ? requests : undefined;
    });
  }

  /** Stops the process until {@linkcode Nginx.resume}. The kernel still accepts connections. */
  pause(): void {
    this.#peer.pause();
  }

  /** Continues the process. */
  resume(): void {
    this.#peer.resume();
  }

  async stop(): Promise<void> {
    await this.#peer.stop();
    this.#folder[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts nginx. */
export async function startNginx(options: NginxOptions = {}): Promise<Nginx> {
  const { place = here, port = await freePort() } = options;
  const plainPort = options.plainPort === 0 ? await freePort() : options.plainPort ?? 0;
  const folder = temporaryFolder();
  try {
    mkdirSync(folder.path("upload"));
    writeFileSync(folder.path("access.log"), "");
    if (options.ticketKey) writeFileSync(folder.path("ticket.key"), options.ticketKey);
    const http = configurationOf(options, port, plainPort, folder);
    return new Nginx(port, plainPort, folder, await startNginxProcess(place, folder, http));
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/** nginx's folders for temporary data. Each must be set: the defaults are folders of the system. */
const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

function configurationOf(
  options: NginxOptions,
  port: number,
  plainPort: number,
  folder: Folder,
): string {
  const { addresses = ["0.0.0.0", "[::]"], fastOpen = true, earlyData = true, lines = [] } =
    options;
  const { server, caPath } = certificates();
  const { certPath, keyPath } = options.identity ?? server;
  const listen = (port: number, how: string) =>
    addresses
      .map((address) => `listen ${address}:${port} ${how} ${fastOpen ? "fastopen=256" : ""};`)
      .join(" ");
  const locations = `
    default_type text/plain;
    location = /facts { return 200 '{${FACTS}}'; }
    location /upload/ { root ${folder.path()}; dav_methods PUT; }`;
  const ticketKey = options.ticketKey && `ssl_session_ticket_key ${folder.path("ticket.key")};`;
  const plain = plainPort && `server { ${listen(plainPort, "backlog=512")} ${locations} }`;
  return `http {
    log_format facts escape=json '{${FACTS}}';
    access_log ${folder.path("access.log")} facts;
    ${TEMPORARY.map((kind) => `${kind}_temp_path ${folder.path(kind)};`).join("\n")}
    map $ssl_session_reused $resumed { r true; default false; }
    map $ssl_early_data $early { 1 true; default false; }
    map $content_length $body_bytes { "" 0; default $content_length; }
    client_max_body_size 100m;
    server {
      ${listen(port, options.http2 ? "backlog=512 ssl http2" : "backlog=512 ssl")}
      ssl_certificate ${certPath};
      ssl_certificate_key ${keyPath};
      ssl_client_certificate ${caPath};
      ssl_verify_depth 3;
      ssl_protocols ${options.protocols ?? "TLSv1.2 TLSv1.3"};
      ssl_early_data ${earlyData ? "on" : "off"};
      ssl_session_timeout 1h;
      ${ticketKey ?? ""}
      ${lines.join("\n")}
      ${locations}
    }
    ${plain || ""}
  }`;
}

/** The facts in {@linkcode Nginx}'s answer to `/facts`. */
export function factsIn(answer: string): NginxFacts {
  return JSON.parse(httpBody(answer)) as NginxFacts;
}
