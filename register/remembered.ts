/**
 * Objects of the runtime that stand for options: the flag remembers what they were made from.
 *
 * @module
 */

import type { TlsSocket } from "../mod.ts";
import { builtin } from "./builtins.ts";
import { isOpenedByFlag } from "./opened.ts";
import { type Options, understandTls, type Understood } from "./understand.ts";

/** What the program was given earlier, and gives back in options. */
export class Remembered {
  /** The options of secure contexts. */
  readonly #contexts = new WeakMap<object, Options>();
  /** Sessions of the library's sockets. Its memory resumes them by itself. */
  readonly #sessions = new WeakSet<object>();

  /** The runtime's own verification of names. */
  readonly #check = builtin("tls").checkServerIdentity;

  /** Remembers what a secure context was made from. */
  context(context: object, options: unknown): void {
    this.#contexts.set(context, { ...options as Options | undefined });
  }

  /** Remembers the sessions that a socket will tell. */
  sessionsOf(socket: TlsSocket): void {
    socket.on("session", (session: object) => this.#sessions.add(session));
  }

  /** Reads options of `tls.connect`, with what such objects stand for in their place. */
  understand(given: Options): Understood {
    const spelled = this.#spell(given);
    const { checkServerIdentity = this.#checkOfProgram(), servername } = spelled;
    // The runtime has an error for that.
    if (builtin("net").isIP(String(servername))) return { reason: "option servername" };
    const understood = understandTls(spelled, (name, value) => {
      return name === "socket" && isOpenedByFlag(value);
    });
    if ("reason" in understood) return understood;
    if (!checkServerIdentity) {
      return { options: { ...understood.options, unsafelyAcceptCommonName: true } }; // As the runtimes do.
    }
    // The function takes the place of the verification of the name, as it does in Node.
    const options = {
      ...understood.options,
      checkServerIdentity,
      unsafelyDisableHostnameVerification: true,
    };
    return { options };
  }

  /** What a program has put in the place of the runtime's verification of names. */
  #checkOfProgram(): unknown {
    const { checkServerIdentity } = builtin("tls");
    return checkServerIdentity === this.#check ? undefined : checkServerIdentity;
  }

  #spell(given: Options): Options {
    const context = this.#contexts.get(given["secureContext"] as object);
    const spelled: Record<string, unknown> = { ...context };
    for (const name in given) {
      const value = given[name];
      if (value !== undefined && value !== null) spelled[name] = value;
    }
    if (context) delete spelled["secureContext"];
    const { session, checkServerIdentity, socket } = spelled;
    if (this.#sessions.has(session as object)) delete spelled["session"];
    if (checkServerIdentity === this.#check) delete spelled["checkServerIdentity"];
    if (isOpenedByFlag(socket) && !spelled["host"]) spelled["host"] = socket._host;
    return spelled;
  }
}
