/**
 * Objects of the runtime that stand for options: the flag remembers what they were made from.
 *
 * @module
 */

import type { TlsSocket } from "../mod.ts";
import { builtin } from "./builtins.ts";
import { isOpenedByFlag } from "./opened.ts";
import { isOfContext, type Options, understandTls, type Understood } from "./understand.ts";

/** A secure context; what it stands on has the functions that change it. */
interface SecureContext {
  readonly context?: Record<string, unknown>;
}

/** What programs call to let a context trust more than its options say, or to change it otherwise. */
const CHANGES = ["addCACert", "addCRL", "addRootCerts", "setCert", "setKey", "loadPKCS12"] as const;

/** What the program was given earlier, and gives back in options. */
export class Remembered {
  /** The options of secure contexts. */
  readonly #contexts = new WeakMap<object, Options>();
  /** Sessions of the library's sockets. Its memory resumes them by itself. */
  readonly #sessions = new WeakSet<object>();
  /** The runtime's own, which is what the library does anyway. */
  readonly #checkServerIdentity = builtin("tls").checkServerIdentity;

  /** Remembers what a secure context was made from, until it is changed. */
  context(context: SecureContext, options: unknown): void {
    const own: Record<string, unknown> = {};
    const given = (options ?? {}) as Options;
    for (const name in given) { // As in Node, also what an object inherits.
      if (isOfContext(name)) own[name] = given[name];
    }
    this.#contexts.set(context, own);
    const { context: inside = {} } = context;
    for (const name of CHANGES) {
      const change = inside[name];
      if (typeof change !== "function") continue;
      const value = (...args: unknown[]) => {
        this.#contexts.delete(context);
        return Reflect.apply(change, inside, args);
      };
      Object.defineProperty(inside, name, { configurable: true, writable: true, value });
    }
  }

  /** Remembers the sessions that a socket will tell. */
  sessionsOf(socket: TlsSocket): void {
    socket.on("session", (session: object) => this.#sessions.add(session));
  }

  /** Reads options of `tls.connect`, with what such objects stand for in their place. */
  understand(given: Options): Understood {
    const spelled = this.#spell(given);
    const { checkServerIdentity, host = "localhost", port, servername, socket } = spelled;
    const { isIP } = builtin("net");
    // The runtime has an error for that.
    if (isIP(String(servername))) return { reason: "option servername" };
    // No name is to be sent. The library sends one wherever it has one to verify.
    if (servername === "" && !isIP(String(host))) return { reason: "option servername" };
    const understood = understandTls(spelled, (name, value) => {
      return name === "socket" && isOpenedByFlag(value);
    });
    if ("reason" in understood) return understood;
    // Without a port, a socket of the library's waits to be told; the runtime has an error for that.
    if (port === undefined && !socket) return { reason: "option port" };
    // As the runtimes do: a caller's function takes the place of the verification of the name, and without
    // one a common name may be that.
    const names = checkServerIdentity
      ? { unsafelyDisableHostnameVerification: true }
      : { unsafelyAcceptCommonName: true };
    const options = { ...understood.options, ...names };
    return { options };
  }

  #spell(given: Options): Options {
    const context = this.#contexts.get(given["secureContext"] as object);
    const spelled: Record<string, unknown> = { ...context };
    for (const [name, value] of Object.entries(given)) { // The runtimes don't read what is inherited.
      if (value === undefined || value === null) continue;
      if (context && isOfContext(name)) continue; // The context has the say.
      spelled[name] = value;
    }
    if (context) delete spelled["secureContext"];
    const { session, checkServerIdentity, socket } = spelled;
    if (this.#sessions.has(session as object)) delete spelled["session"];
    if (checkServerIdentity === this.#checkServerIdentity) delete spelled["checkServerIdentity"];
    if (isOpenedByFlag(socket) && !spelled["host"]) spelled["host"] = socket._host;
    return spelled;
  }
}
