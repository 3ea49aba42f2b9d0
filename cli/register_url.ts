/**
 * Where the module is that takes over a program's connections, the subpath `register` of the package.
 *
 * @module
 */

/** Beside the command: `cli.ts` and `register.ts` in the sources, `cli.js` and `register.js` in npm's package. */
export const registerUrl: URL = import.meta.url.endsWith(".ts")
  ? new URL("../register.ts", import.meta.url)
  : new URL("./register.js", import.meta.url);
