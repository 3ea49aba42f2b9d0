/**
 * Listeners, which from now on take data in the SYN.
 *
 * @module
 */

import type { AnyListener } from "../mod.ts";
import { builtin } from "./builtins.ts";
import type { Flag } from "./flag.ts";

/** A function that makes a listener. */
type Listens = (...args: unknown[]) => unknown;

/** Lets servers of `node:net`, and what stands on them, take Fast Open. */
export function patchServers(flag: Flag): void {
  const { Server } = builtin("net");
  const { listen } = Server.prototype;
  const listeners = new WeakMap<object, () => void>();
  Server.prototype.listen = function (this: InstanceType<typeof Server>, ...args: unknown[]) {
    const enableThis = listeners.get(this) ?? (() => enable(flag, "net.Server.listen", this));
    listeners.set(this, enableThis);
    this.off("listening", enableThis); // It may have tried another port before, in vain.
    this.once("listening", enableThis);
    try {
      return Reflect.apply(listen, this, args);
    } catch (error) {
      this.off("listening", enableThis);
      throw error;
    }
  } as typeof listen;
  flag.patched.push("net.Server.listen");
}

/** The same for what a runtime has of its own. */
export function patchOwnListeners(flag: Flag): void {
  const { Bun, Deno } = globalThis as { Bun?: object; Deno?: object };
  if (Bun) patchMembers(flag, "Bun", Bun, ["serve", "listen"]);
  if (Deno) patchMembers(flag, "Deno", Deno, ["serve", "listen", "listenTls"]);
}

function patchMembers(flag: Flag, place: string, owner: object, names: readonly string[]): void {
  for (const name of names) {
    const listens: Listens = Reflect.get(owner, name);
    const of = `${place}.${name}`;
    const value: Listens = function (this: unknown, ...args) {
      const listener = Reflect.apply(listens, this, args);
      enable(flag, of, listener as AnyListener);
      return listener;
    };
    const isSet = Reflect.defineProperty(owner, name, { ...describe(owner, name), value });
    if (isSet) flag.patched.push(of);
    else flag.account.left(of, "it can't be replaced");
  }
}

function describe(owner: object, name: string): PropertyDescriptor {
  const { enumerable = true, configurable = true } =
    Reflect.getOwnPropertyDescriptor(owner, name) ?? {};
  return { enumerable, configurable, writable: true };
}

/** In a turn of its own: loading the library takes longer than listening. */
function enable(flag: Flag, of: string, listener: AnyListener): void {
  setTimeout(() => {
    try {
      flag.account.listener(of, flag.library.load().enableFastOpen(listener));
    } catch (error) {
      const { name, message } = error as Error;
      const reason = name === "OptionError" ? "it does not listen on TCP" : message;
      flag.account.listener(of, { enabled: false, reason });
    }
  }, 0).unref?.();
}
