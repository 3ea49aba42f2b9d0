/**
 * One constant table per platform, chosen by one constant.
 *
 * A platform's type has no members for what the platform lacks: `connectx` on Linux or `sendmsg` on
 * Windows is a compile error. Code narrows with `platform.fastOpen === "sendmsg"` or
 * `if (platform.writev)`.
 *
 * @module
 */

import { darwin } from "./darwin.ts";
import { freebsd } from "./freebsd.ts";
import { linux } from "./linux.ts";
import type { PlatformTable } from "./table.ts";
import { windows } from "./windows.ts";

const other = {
  os: "other",
  fastOpen: "none",
  writev: false,
  long: 8,
  reason: "this platform's Fast Open calls are not known here",
} as const satisfies PlatformTable;

/** This process's platform. Bundlers fold it when `process.platform` is defined as a constant. */
export const platform:
  | typeof linux
  | typeof darwin
  | typeof freebsd
  | typeof windows
  | typeof other =
  // deno-lint-ignore no-process-global -- an imported `process` can't be replaced by --define
  process.platform === "linux" || process.platform === "android"
    ? linux
    // deno-lint-ignore no-process-global
    : process.platform === "darwin"
    ? darwin
    // deno-lint-ignore no-process-global
    : process.platform === "freebsd"
    ? freebsd
    // deno-lint-ignore no-process-global
    : process.platform === "win32"
    ? windows
    : other;
