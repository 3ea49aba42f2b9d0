/**
 * Programs of others, started as peers of this project's connections.
 *
 * @module
 */

import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { onAbruptEnd } from "../netlab/cleanup.ts";
import { ENGINE_VARIABLE, engineUnderTest } from "./engine.ts";

/** The place where a peer runs: this machine, or a host of the emulated network. */
export interface Place {
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
}

/** This machine. */
export const here: Place = {
  spawn: (command, args, options = {}) => spawn(command, args, options),
};

/** The programs that the tests talk to, and their Debian packages. */
const packages = {
  "curl": "curl",
  "dovecot": "dovecot-imapd",
  "exim4": "exim4-daemon-light",
  "gnutls-cli": "gnutls-bin",
  "gnutls-serv": "gnutls-bin",
  "haproxy": "haproxy",
  "mariadbd": "mariadb-server-core",
  "microsocks": "microsocks",
  "mosquitto": "mosquitto",
  "nginx": "nginx",
  "nginx-mail": "libnginx-mod-mail",
  "openssl": "openssl",
  "postgresql": "postgresql",
  "redis-server": "redis-server",
  "slapd": "slapd",
  "tinyproxy": "tinyproxy-bin",
  "unbound": "unbound",
} as const;

/** A program that the tests talk to. */
export type PeerName = keyof typeof packages;

/** These folders are not on every user's PATH. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** nginx's module for mail protocols. */
export const NGINX_MAIL = "/usr/lib/nginx/modules/ngx_mail_module.so";

/** Where Debian has PostgreSQL's programs, in a folder for each version. */
export const POSTGRESQL_VERSIONS = "/usr/lib/postgresql";

function installed(name: PeerName): boolean {
  if (name === "nginx-mail") return existsSync(NGINX_MAIL) && installed("nginx");
  if (name === "postgresql") return existsSync(POSTGRESQL_VERSIONS);
  const folders = [...(process.env["PATH"] ?? "").split(":"), ...SYSTEM_FOLDERS];
  return folders.some((folder) => existsSync(`${folder}/${name}`));
}

/**
 * The `skip` option for a test that needs these peers. Where tests run unattended (CI), nobody
 * would notice a skip, so there it is an error.
 */
export function requirePeer(...names: PeerName[]): string | false {
  const missing = names.find((name) => !installed(name));
  if (missing === undefined) return false;
  const reason = `${missing} is not installed (Debian's package ${packages[missing]})`;
  if (process.env["CI"]) throw new Error(reason);
  return reason;
}

/** Milliseconds: more than any peer takes on a busy machine, less than a test may take. */
const PATIENCE = 15_000;

/** Rejects when `promise` takes longer than {@linkcode PATIENCE}. */
export function soon<T>(what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`There was no ${what} in time`)), PATIENCE);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Characters of a program's output that an error repeats. */
const MOST_REPORTED = 2000;

/** A running program. */
export class Peer implements AsyncDisposable {
  /** Everything it has printed on stdout and stderr, in the order it came. */
  output = "";
  readonly #ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #takeBack: () => void;
  #over = false;
  #watchers = new Set<() => void>();

  constructor(place: Place, command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#name = `${command} ${args[0] ?? ""}`.trim();
    const child = place.spawn(command, args, {
      ...options,
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...process.env,
        [ENGINE_VARIABLE]: engineUnderTest(),
        PATH: [process.env["PATH"], ...SYSTEM_FOLDERS].join(":"),
      },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#wake();
      });
    }
    child.stdin?.on("error", () => {}); // The program has ended. That shows elsewhere.
    this.#takeBack = onAbruptEnd(() => child.kill("SIGKILL"));
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null) => {
        this.#over = true;
        this.#takeBack();
        resolve(code);
        this.#wake();
      };
      child.once("close", end);
      child.once("error", (error) => {
        this.output += error.message;
        end(null);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves once the output matches. Rejects, with the output, when it can't match any more. */
  async saw(pattern: RegExp): Promise<RegExpExecArray> {
    return await this.until(`output like ${pattern}`, () => pattern.exec(this.output));
  }

  /** Resolves to what `look` finds. `look` is called whenever something may have changed. */
  async until<T>(
    what: string,
    look: () => T | null | undefined | false,
    patience: number = PATIENCE,
  ): Promise<T> {
    const deadline = Date.now() + patience;
    for (;;) {
      const found = look();
      if (found) return found;
      const late = Date.now() > deadline;
      if (late || this.#over) throw this.#without(what, late ? "gave" : "ended, having given");
      await this.#change();
    }
  }

  #without(what: string, verb: string): Error {
    const said = this.output.slice(-MOST_REPORTED);
    return new Error(`${this.#name} ${verb} no ${what}; it said last:\n${said}`);
  }

  /** Writes to its stdin. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Ends its stdin. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Stops the process until {@linkcode Peer.resume}. The kernel still accepts connections. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  /** Continues the process. */
  resume(): void {
    this.#signal("SIGCONT");
  }

  /** Resolves to its exit status, `null` after a signal. */
  finished(): Promise<number | null> {
    return soon(`end of ${this.#name}`, this.#ended);
  }

  /**
   * Ends it, and waits until it is gone. By SIGKILL, unless it has processes of its own to end first: then
   * by the signal at which it does.
   */
  async stop(signal: "SIGKILL" | "SIGQUIT" = "SIGKILL"): Promise<void> {
    this.#signal(signal);
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #signal(signal: "SIGSTOP" | "SIGCONT" | "SIGKILL" | "SIGQUIT"): void {
    if (this.pid === undefined || this.#over) return;
    try {
      // Deno's child.kill() treats every signal as the one that ends the child.
      process.kill(this.pid, signal);
    } catch (error) {
      // It has just ended by itself, and "close" is still to come.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = () => {
      clearTimeout(timer);
      this.#watchers.delete(done);
      resolve();
    };
    const timer = setTimeout(done, 20); // Some peers report through files.
    this.#watchers.add(done);
    return promise;
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** The result of a command that ran to its end. */
export interface Ran {
  /** The exit status, `null` after a signal. */
  readonly code: number | null;
  /** Everything it printed on stdout and stderr, in the order it came. */
  readonly output: string;
}

/** Runs a command to its end, with `input` as its stdin. */
export async function run(
  place: Place,
  command: string,
  args: readonly string[],
  input = "",
): Promise<Ran> {
  await using peer = new Peer(place, command, args);
  peer.type(input);
  peer.endInput();
  return { code: await peer.finished(), output: peer.output };
}

/** The range is below that of the kernel's ports for outgoing connections. */
const FIRST_PORT = 15_000;
const LAST_PORT = 31_000;

/** A port that nothing on this machine listens on, for peers that can't pick one themselves. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (await isFree(port)) return port;
  }
}

/**
 * Whether something listens on this port of 127.0.0.1 or of all addresses, as the kernel lists it; where a
 * process is, which may be a host of the emulated network. Default: here.
 */
export function listensOn(port: number, pid: number | "self" = "self"): boolean {
  const local = `(0100007F|00000000):${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const table = `/proc/${pid}/net/tcp`;
  if (!existsSync(table)) return false; // The process has ended, as whoever waits for it will notice.
  return new RegExp(`${local} 00000000:0000 0A `).test(readFileSync(table, "utf8"));
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen({ port, host: "::" }, () => server.close(() => resolve(true)));
  return promise;
}
