/**
 * `Deno.connectTls`.
 *
 * @module
 */

import type { ConnectTlsOptions } from "../mod.ts";
import { type DenoErrors, withDenoErrors } from "./deno_errors.ts";
import type { Flag } from "./flag.ts";
import type { Options, Understood } from "./understand.ts";

/** What is replaced in Deno alone. */
interface DenoNamespace {
  connectTls(options: Options): Promise<unknown>;
  readonly errors: DenoErrors;
}

/** Options that the library has by the same names. */
const OPTIONS: ReadonlySet<string> = new Set([
  ...["hostname", "port", "caCerts", "cert", "key", "alpnProtocols", "signal"],
]);

/** Replaces what only Deno has; does nothing in other runtimes. */
export function patchDeno(flag: Flag): void {
  const { Deno } = globalThis as unknown as { Deno?: DenoNamespace };
  if (!Deno) return;
  const { connectTls } = Deno;
  const of = "Deno.connectTls";
  Deno.connectTls = async (options) => {
    const taken = flag.take(of, understand(options), (options) => {
      return flag.library.load().connectTls(options as unknown as ConnectTlsOptions);
    });
    try {
      const conn = await taken;
      if (conn) {
        flag.account.connected(of, conn);
        return withDenoErrors(conn, Deno.errors);
      }
    } catch (error) {
      // Nothing of the program's was sent yet. The runtime's own may trust more: there `caCerts` come on top of
      // its roots. If that fails as well, the error is as the program expects it.
      flag.account.left(of, `since ${(error as { code?: string }).code ?? error}`);
    }
    return await connectTls(options);
  };
  flag.patched.push(of);
}

function understand(given: Options | undefined): Understood {
  const options: Record<string, unknown> = { hostname: "127.0.0.1" }; // Deno's default.
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (!OPTIONS.has(name)) return { reason: `option ${name}` };
    options[name] = value;
  }
  return { options };
}
