/**
 * What Rollup needs to make one file of declarations.
 *
 * @module
 */

import type { Plugin } from "rollup";
import { dts } from "rollup-plugin-dts";

/**
 * Makes declarations compile for everybody. What `using` needs is in no default library. And somebody
 * without Node's types has `any` in their place: an error in a dependency would help nobody.
 */
const forAnyConsumer: Plugin = {
  name: "for any consumer",
  renderChunk(code) {
    const imports = /^import .* from 'node:.*$/gm;
    return `/// <reference lib="esnext.disposable" />\n` +
      code.replace(imports, "// @ts-ignore: any, where @types/node is missing\n$&");
  },
};

/** In the order in which they run. */
export const declarationPlugins: Plugin[] = [dts(), forAnyConsumer];
