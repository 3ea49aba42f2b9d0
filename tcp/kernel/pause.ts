/**
 * Linux's own pause: after SYNs with data were lost, the kernel does without Fast Open for a while,
 * towards every host.
 *
 * @module
 */

import type { linux } from "../../ffi/linux.ts";
import type { FastOpenResult } from "../outcome.ts";
import { pathOfSetting, readCounter, readSetting } from "./proc.ts";
import { bitsOf, requireBytes } from "./tcp_info.ts";

const SETTING = "net.ipv4.tcp_fastopen_blackhole_timeout_sec";

/**
 * The result if the kernel pauses, or if it can't be told; `undefined` if a SYN without data has asked
 * for a cookie. `info` is of its socket, at any time until that is closed.
 *
 * A kernel that asks for a cookie notes that it has none. One that pauses notes nothing; nor does any
 * kernel before 5.5. So the setting, which is 0 where it never pauses, and its count of reasons for a
 * pause are asked, too.
 */
export function pauseOf(
  { tcpInfoBits, constants }: typeof linux,
  info: DataView | undefined,
): Pick<FastOpenResult, "outcome" | "reason"> | undefined {
  const told = requireBytes(info, tcpInfoBits.fastopenClientFail.byte + 1);
  const noted = told && bitsOf(told, tcpInfoBits.fastopenClientFail);
  if (noted !== constants.TFO_STATUS_UNSPEC) return undefined;
  const seconds = readSetting(SETTING);
  if (seconds === 0 || readCounter("TCPFastOpenBlackhole") === 0) return undefined;
  const pauses =
    "the kernel pauses Fast Open to all hosts after losses, and its SYNs have no option";
  if (seconds === undefined) {
    const reason = `unless ${pauses}, which can't be told; let this process read ` +
      pathOfSetting(SETTING);
    return { outcome: "cookie-requested", reason };
  }
  const until = `${SETTING} is ${seconds}: so many seconds, and more each time; 0 ends it`;
  return { outcome: "unsupported", reason: `${pauses} at present; ${until}` };
}
