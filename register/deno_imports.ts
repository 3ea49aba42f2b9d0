/**
 * Named imports of `node:` modules in Deno, which are copies that replaced members do not reach.
 *
 * @module
 */

import { builtin } from "./builtins.ts";

/** The modules whose members are replaced. */
const names = ["tls", "net"] as const;

/**
 * Calls `wanted` with each module that is asked for, before it is there. What is imported by name is what
 * `require` gives; not in ES modules that are required.
 */
export function shareNamedImports(wanted: (specifier: unknown) => void): void {
  const module = builtin("module");
  const shims = new Map<string, string>();
  const register = () =>
    module.registerHooks({
      // A hook for loading as well would let `require` of any builtin fail.
      resolve(specifier, context, next) {
        wanted(specifier);
        const name = names.find((name) => specifier === name || specifier === `node:${name}`);
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
    wanted(args[0]);
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
