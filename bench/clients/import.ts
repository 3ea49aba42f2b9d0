/**
 * A process that imports a module, and tells how many milliseconds that took.
 *
 * @module
 */

import process from "node:process";

const [url = ""] = process.argv.slice(2);
const started = performance.now();
await import(url);
console.log(performance.now() - started);
