/**
 * Names that only one host of the emulated network knows.
 *
 * @module
 */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { onAbruptEnd } from "../netlab/cleanup.ts";
import type { Host } from "../netlab/mod.ts";

/**
 * Gives `host` a hosts file. Every process that is started there from then on sees it as
 * /etc/hosts, because `ip netns exec` puts the files of /etc/netns in place of those of /etc.
 */
export function nameAddresses(
  host: Host,
  names: Readonly<Record<string, readonly string[]>>,
): Disposable {
  const folder = `/etc/netns/${host.namespace}`;
  mkdirSync(folder, { recursive: true });
  const lines = Object.entries(names)
    .flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}\n`));
  writeFileSync(`${folder}/hosts`, ["127.0.0.1 localhost\n", ...lines].join(""));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const takeBack = onAbruptEnd(remove);
  return {
    [Symbol.dispose]() {
      remove();
      takeBack();
    },
  };
}
