/**
 * The origin of the benchmark of cold starts: nginx, which logs what came early, and keeps what is put
 * there.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Netlab } from "../tests/netlab/mod.ts";
import { startServer } from "./harness/network.ts";
import type { Nginx } from "./harness/nginx.ts";

/** A request in nginx's log. */
export interface Logged {
  readonly path: string;
  /** Whether its head came as early data: 1, or nothing. */
  readonly early: "1" | "";
}

/** That nginx. */
export class ColdOrigin implements AsyncDisposable {
  readonly #nginx: Nginx;
  #seen = 0;

  private constructor(nginx: Nginx) {
    this.#nginx = nginx;
  }

  static async start(lab: Netlab): Promise<ColdOrigin> {
    return new ColdOrigin(
      await startServer(lab, {
        http: `log_format origin escape=json '{"path":"$uri","early":"$early"}';`,
        // Set when the head is there; what the variable says by itself changes with the handshake.
        server: `
    set $early $ssl_early_data;
    access_log {folder}/requests origin;
    location /upload/ { root {folder}; dav_methods PUT; }`,
        files: (folder) => mkdirSync(join(folder, "upload")),
      }),
    );
  }

  /** `cert.pem` is there. */
  get folder(): string {
    return this.#nginx.folder;
  }

  /** What was logged since the last call. */
  takeRequests(): Logged[] {
    const lines = readFileSync(join(this.folder, "requests"), "utf8").split("\n").slice(0, -1);
    const fresh = lines.slice(this.#seen);
    this.#seen = lines.length;
    return fresh.map((line) => JSON.parse(line));
  }

  /** Whether exactly these bytes are kept at a path. */
  keeps(path: string, bytes: Uint8Array): boolean {
    const file = join(this.folder, path);
    return existsSync(file) && Buffer.compare(readFileSync(file), bytes) === 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nginx[Symbol.asyncDispose]();
  }
}
