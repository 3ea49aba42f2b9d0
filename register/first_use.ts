/**
 * The moment when a program first wants a module for networks. Replacing members of these modules loads them,
 * which takes longer than all else that the flag does, and which programs that do without need not wait for.
 *
 * @module
 */

import { builtin, runtimeName } from "./builtins.ts";
import { shareNamedImports } from "./deno_imports.ts";

/** The modules, by the names that programs use. */
const NETWORK: ReadonlySet<string> = new Set([
  ...["cluster", "http", "http2", "https", "net", "tls"],
  ...["_http_agent", "_http_client", "_http_server", "_tls_common", "_tls_wrap"],
]);

/** Calls `prepare` once, before such a module is there for anybody; where that can't be told, at once. */
export function onFirstUse(prepare: () => void): void {
  if (runtimeName === "bun") return prepare();
  let isPrepared = false;
  const prepareOnce = () => {
    if (!isPrepared) {
      isPrepared = true;
      prepare();
    }
  };
  const wanted = (specifier: unknown) => {
    if (NETWORK.has(String(specifier).replace(/^node:/, ""))) prepareOnce();
  };
  watchBuiltins(wanted);
  if (runtimeName === "deno") return shareNamedImports(wanted);
  // Node makes it of such modules without asking for them. So it does its WebSocket; to look at that loads it.
  watchGlobal("fetch", prepareOnce);
  builtin("module").registerHooks({
    resolve(specifier, context, next) {
      wanted(specifier);
      return next(specifier, context);
    },
  });
}

/** `process.getBuiltinModule` gets a module that no import names. */
function watchBuiltins(wanted: (specifier: unknown) => void): void {
  const { process } = globalThis;
  const { getBuiltinModule } = process;
  process.getBuiltinModule = function (this: unknown, ...args: [string]) {
    wanted(args[0]);
    return Reflect.apply(getBuiltinModule, this, args);
  } as typeof getBuiltinModule;
}

/** Lets a global be as it was from its first use on. */
function watchGlobal(name: string, used: () => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  if (!descriptor?.configurable) return;
  const restore = () => void Object.defineProperty(globalThis, name, descriptor);
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: descriptor.enumerable ?? false,
    get() {
      restore();
      used();
      return Reflect.get(globalThis, name);
    },
    set(value) {
      restore();
      Reflect.set(globalThis, name, value);
    },
  });
}
