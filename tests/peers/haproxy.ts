/**
 * HAProxy, which takes early data and answers each request itself.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { certificates } from "./certificates.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { freePort, here, listensOn, Peer } from "./peer.ts";

/** The status of each answer. */
const ANSWER = 'http-request return status 200 content-type text/plain string "taken"';

/** A place for HAProxy, whose tickets stay good when it starts again there. */
export class HaproxySite implements Disposable {
  readonly port: number;
  readonly #folder: Folder;

  private constructor(port: number, folder: Folder) {
    this.port = port;
    this.#folder = folder;
    const { cert, key } = certificates().server;
    writeFileSync(folder.path("server.pem"), cert + key);
    const keys = Array.from({ length: 3 }, () => randomBytes(80).toString("base64"));
    writeFileSync(folder.path("tickets"), `${keys.join("\n")}\n`);
  }

  static async make(): Promise<HaproxySite> {
    return new HaproxySite(await freePort(), temporaryFolder());
  }

  /** Starts HAProxy, which promises to take nearly `bufferSize` bytes of early data. */
  async start(bufferSize: number): Promise<Peer> {
    const configuration = this.#folder.path("haproxy.cfg");
    const tls = `ssl crt ${this.#folder.path("server.pem")} allow-0rtt ` +
      `tls-ticket-keys ${this.#folder.path("tickets")}`;
    writeFileSync(
      configuration,
      `
global
  tune.bufsize ${bufferSize}
defaults
  mode http
  timeout client 10s
frontend only
  bind 127.0.0.1:${this.port} ${tls}
  ${ANSWER}
`,
    );
    const peer = new Peer(here, "haproxy", ["-db", "-f", configuration]);
    try {
      await peer.until("a listener", () => listensOn(this.port));
      return peer;
    } catch (error) {
      await peer.stop();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
