/**
 * nginx in the foreground, with a configuration of its own, until it is disposed of.
 *
 * @module
 */

import type { ChildProcess, SpawnOptions } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder, removeFolder } from "../../tests/peers/folder.ts";
import { cert, key } from "./certificate.ts";

/** Starts a process: on this host, or on a host of the emulated network. */
export type Spawn = (
  command: string,
  args: readonly string[],
  options: SpawnOptions,
) => ChildProcess;

export interface Nginx extends AsyncDisposable {
  /** A temporary folder with `cert.pem` and `key.pem`. It is removed with nginx. */
  readonly folder: string;

  /** Stops the process until {@linkcode Nginx.resume}. The kernel still accepts connections. */
  pause(): void;

  /** Continues the process. */
  resume(): void;
}

/** What nginx serves. `{folder}` stands for {@linkcode Nginx.folder}. */
export interface NginxOptions {
  /** Directives of the one `server` block. */
  readonly server: string;
  /** Directives of the `http` block, outside `server`. */
  readonly http?: string;
  /** Puts files into the folder. */
  readonly files?: (folder: string) => void;
}

/** Starts nginx and waits until it listens. */
export async function startNginx(spawn: Spawn, options: NginxOptions): Promise<Nginx> {
  const folder = makeFolder();
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key);
  options.files?.(folder);
  writeFileSync(join(folder, "nginx.conf"), configuration(options).replaceAll("{folder}", folder));
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => errors += text);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      errors += error.message;
      resolve();
    });
  });
  const cleanUp = () => {
    child.kill("SIGKILL");
    removeFolder(folder);
  };
  process.once("exit", cleanUp);
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    cleanUp();
    process.off("exit", cleanUp);
  };
  // nginx listens a moment after it has checked its configuration. Then it writes the pid file.
  while (!existsSync(join(folder, "pid"))) {
    if (await Promise.race([ended.then(() => true), sleep(5, false)])) {
      await stop();
      throw new Error(`nginx did not start: ${errors.trim()}`);
    }
  }
  return {
    folder,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    [Symbol.asyncDispose]: stop,
  };
}

/** Without a master process, so that there is a single process to end and to measure. */
function configuration({ server, http = "" }: NginxOptions): string {
  return `
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  ssl_certificate {folder}/cert.pem;
  ssl_certificate_key {folder}/key.pem;
  ${http}
  server {
    ${server}
  }
}
`;
}
