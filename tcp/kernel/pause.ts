/**
 * Linux's own pause: after SYNs with data were lost, the kernel does without Fast Open for a while,
 * towards every host.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import type { linux } from "../../ffi/linux.ts";
import { runtime } from "../../runtimes/mod.ts";
import type { FastOpenResult } from "../outcome.ts";
import { bitsOf } from "./tcp_info.ts";

const SETTING = "net.ipv4.tcp_fastopen_blackhole_timeout_sec";
const PATH = `/proc/sys/${SETTING.replaceAll(".", "/")}`;

/**
 * The result if the kernel pauses, or if it can't be told; `undefined` if a SYN without data has asked
 * for a cookie. `info` is of its socket, at any time until that is closed.
 *
 * A kernel that asks for a cookie notes that it has none. One that pauses notes nothing; nor does any
 * kernel before 5.5. The setting is 0 where the kernel never pauses.
 */
export function pauseOf(
  { tcpInfoBits, constants }: typeof linux,
  info: DataView,
): Pick<FastOpenResult, "outcome" | "reason"> | undefined {
  const noted = bitsOf(info, tcpInfoBits.fastopenClientFail);
  if (noted !== constants.TFO_STATUS_UNSPEC) return undefined;
  const seconds = readSetting();
  if (seconds === 0) return undefined;
  const pauses =
    "the kernel pauses Fast Open to all hosts after losses, and its SYNs have no option";
  if (seconds === undefined) {
    const reason = `unless ${pauses}, which can't be told; let this process read ${PATH}`;
    return { outcome: "cookie-requested", reason };
  }
  const until = `${SETTING} is ${seconds}: so many seconds, and more each time; 0 ends it`;
  return { outcome: "unsupported", reason: `${pauses} at present; ${until}` };
}

/** The setting; `undefined` where it can't be read. */
function readSetting(): number | undefined {
  if (!runtime.mayAccess(PATH, "read")) return undefined;
  try {
    return Number(readFileSync(PATH, "utf8"));
  } catch {
    return undefined;
  }
}
