/**
 * Proves the C declarations in ffi/, for every platform, against that platform's own headers.
 *
 *     npm run check:abi                every constant, size, offset and signature
 *     npm run check:abi -- --mutate    with a mistake in every one of them: all must be found
 *
 * Needs Linux on x64, npm and apt-get. A compiler for all platforms and some of Debian's packages
 * are fetched once, into node_modules/.cache.
 *
 * @module
 */

import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { judge } from "./abi/judge.ts";
import { mutated } from "./abi/mutate.ts";
import { heading, lineOf } from "./abi/report.ts";
import { targets } from "./abi/targets.ts";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const mistakes = process.argv.includes("--mutate");
const complaints: string[] = [];
let proved = 0;

const all = await targets();
console.log(heading());
for (const target of all) {
  const verdicts = judge(mistakes ? mutated(target) : target);
  console.log(lineOf(target.name, verdicts));
  for (const { entry: { name }, objection } of verdicts) {
    const failed = objection !== undefined;
    if (failed === mistakes) proved++;
    else complaints.push(`${target.name}: ${name}: ${objection ?? "a mistake went unnoticed"}`);
  }
}

for (const complaint of complaints) console.log(complaint);
const what = mistakes ? "mistakes found" : "declarations proved";
console.log(`\n${proved} ${what}, ${complaints.length} not`);
process.exitCode = complaints.length > 0 ? 1 : 0;
