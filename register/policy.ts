/**
 * What is said about all connections of TLS at once. The library does not read it, so the runtime has to.
 *
 * @module
 */

import { builtin, runtimeName } from "./builtins.ts";
import { readVariable } from "./switches.ts";

/** Members of `node:tls` that programs set, and functions that they replace. */
const MEMBERS = [
  "DEFAULT_CIPHERS",
  "DEFAULT_ECDH_CURVE",
  "checkServerIdentity",
  "createSecureContext",
] as const;

/** Takes these members as they are now; returns a function that names what is otherwise later, if anything is. */
export function watchPolicy(): () => string | undefined {
  const tls = builtin("tls");
  const own: Record<string, unknown> = Object.fromEntries(MEMBERS.map((name) => [name, tls[name]]));
  const isNode = runtimeName === "node"; // It has options of its command line for some of this.
  if (isNode) own["DEFAULT_CIPHERS"] = builtin("crypto").constants.defaultCoreCipherList;
  const keepsKeyLog = isNode && hasKeyLog();
  return () => {
    if (readVariable("NODE_TLS_REJECT_UNAUTHORIZED") === "0") {
      return "NODE_TLS_REJECT_UNAUTHORIZED=0";
    }
    if (keepsKeyLog) return "--tls-keylog";
    const changed = MEMBERS.find((name) => tls[name] !== own[name]);
    return changed && `tls.${changed}`;
  };
}

/** Whether Node is to write the keys of all connections to a file. */
function hasKeyLog(): boolean {
  const { execArgv } = globalThis.process;
  const options = [...execArgv, ...(readVariable("NODE_OPTIONS") ?? "").split(/\s+/)];
  return options.some((option) => option.startsWith("--tls-keylog"));
}
