/**
 * Running the project on other platforms than this one.
 *
 * @module
 */

import { existsSync } from "node:fs";
import process from "node:process";
import { netlabUnavailable } from "../../tests/netlab/unavailable.ts";
import { command } from "./command.ts";
import { inLanes } from "./lanes.ts";
import type { Result, Skipped } from "./result.ts";

/** Lanes of scripts in tests/platforms/. The first takes as long as the others together. */
const lanes = [["arm64"], ["windows", "musl", "arm64_user"]] as const;

/** The scripts in tests/platforms/, each of which brings its platform along. */
export const platforms: readonly string[] = lanes.flat();

/** Milliseconds for one of them; the slowest takes two minutes, with all that is fetched. */
const SCRIPT_LIMIT = 10 * 60_000;

/** Why platforms can't be brought here. */
function unavailable(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs Linux on x64";
  if (!existsSync("/usr/bin/apt-get")) return "needs Debian's apt-get";
  return netlabUnavailable();
}

/**
 * Runs scripts, and prints what fails. Gigabytes are fetched and Debian packages installed for them,
 * so outside of CI somebody has to have asked.
 */
export async function runPlatforms(scripts: readonly string[], asked: boolean): Promise<Result> {
  const started = performance.now();
  const reason = unavailable() ??
    (asked || process.env["CI"] ? undefined : "fetches much; npm test -- platforms runs it");
  const failed: string[] = [];
  const skipped: Skipped[] = [];
  let passed = 0;
  if (reason !== undefined) skipped.push(...scripts.map((name) => ({ name, reason })));
  else {
    const wanted = lanes.map((lane) => lane.filter((name) => scripts.includes(name)));
    for (const { PASS, FAIL } of await inLanes(wanted, runScript)) {
      passed += PASS.length;
      failed.push(...FAIL);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  return { name: "platforms", passed, failed, skipped, seconds };
}

async function runScript(name: string) {
  const checks = { PASS: [] as string[], FAIL: [] as string[] };
  const others: string[] = [];
  const { code, timedOut } = await command(
    ["node", "--no-warnings", `tests/platforms/${name}.ts`],
    {
      limit: SCRIPT_LIMIT,
      onLine(line) {
        const [, result, check = ""] = /^(PASS|FAIL) +(.*)$/.exec(line) ?? [];
        if (result === undefined) others.push(line);
        else checks[result as "PASS" | "FAIL"].push(`${name} ${check}`);
      },
    },
  );
  const { PASS, FAIL } = checks;
  if (timedOut) FAIL.push(`${name} took longer than ${SCRIPT_LIMIT / 60_000} minutes`);
  else if (FAIL.length === 0 && (code !== 0 || PASS.length === 0)) {
    FAIL.push(`${name} ended with status ${code} after ${PASS.length} checks`);
  }
  if (FAIL.length > 0) console.log(others.join("\n"));
  return checks;
}
