/**
 * Named imports of `node:` modules in Deno, which are copies that replaced members do not reach.
 *
 * @module
 */

import { builtin } from "./builtins.ts";

/** The modules whose members are replaced. */
const names = ["tls", "net"] as const;

/** Modules that stand on those. When the first of all these is wanted, `prepare` is called. */
const above = ["http", "http2", "https", "_tls_wrap", "_http_agent", "_http_client"];

/**
 * Calls `prepare` before one of the runtime's modules for networks is there for anybody: replacing members
 * loads them all, which programs that do without need not wait for. From then on what is imported by name is
 * what `require` gives; not in ES modules that are required.
 */
export function shareNamedImports(prepare: () => void): void {
  const module = builtin("module");
  const shims = new Map<string, string>();
  let isPrepared = false;
  const prepareFor = (specifier: unknown) => {
    const name = String(specifier).replace(/^node:/, "");
    const shared = names.find((each) => each === name);
    if (!isPrepared && (shared || above.includes(name))) {
      isPrepared = true;
      prepare();
    }
    return shared;
  };
  const register = () =>
    module.registerHooks({
      // A hook for loading as well would let `require` of any builtin fail.
      resolve(specifier, context, next) {
        const name = prepareFor(specifier);
        if (!name) return next(specifier, context);
        let url = shims.get(name);
        if (!url) shims.set(name, url = shimOf(name));
        return { url, format: "module", shortCircuit: true };
      },
    });
  let hooks = register();

  // While there is a hook, Deno 2.9 can't require an ES module: "Cannot resolve module". So there is none then.
  const internals = module as unknown as { _load(...args: unknown[]): unknown };
  const { _load: load } = internals;
  let depth = 0;
  internals._load = function (this: unknown, ...args) {
    prepareFor(args[0]);
    if (depth++ === 0) hooks.deregister();
    try {
      return Reflect.apply(load, this, args);
    } finally {
      if (--depth === 0) hooks = register();
    }
  };
}

/** A module that exports the members of another one as they are when it is loaded. */
function shimOf(name: typeof names[number]): string {
  const members = Object.keys(builtin(name)).filter((member) => member !== "default");
  const code = [
    `const module = process.getBuiltinModule("node:${name}");`,
    "export default module;",
    ...members.map((member) => `export const ${member} = module[${JSON.stringify(member)}];`),
  ];
  return `data:text/javascript,${encodeURIComponent(code.join("\n"))}`;
}
