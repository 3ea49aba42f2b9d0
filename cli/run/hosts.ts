/**
 * Lists of hosts that an option allows something for.
 *
 * @module
 */

import { entriesIn } from "../../register/hosts.ts";
import { formatTarget, readTarget } from "../target.ts";
import { readBytes } from "../tls_options.ts";
import { UsageError } from "../usage.ts";

/**
 * Reads `HOST:PORT,HOST:PORT`, or `@FILE` with one on each line, after which `#` begins a remark. The result
 * has commas, so that a program needs no permission to read the file.
 *
 * @throws {UsageError} that names the entry, and its line
 */
export async function readHosts(option: string, text: string): Promise<string> {
  const file = text.startsWith("@") ? text.slice(1) : undefined;
  const list = file === undefined ? text : new TextDecoder().decode(await readBytes(option, file));
  const hosts = entriesIn(list, file !== undefined).map(({ text, line }) => {
    const place = file === undefined ? "" : `, line ${line} of "${file}"`;
    return readHost(option, text, place);
  });
  if (hosts.length > 0) return hosts.join();
  throw new UsageError(`Option --${option} names no host, got "${text}"`);
}

function readHost(option: string, entry: string, place: string): string {
  const wrong = (why: string) => new UsageError(`Option --${option}${place}: ${why}`);
  // A port that is not named would be guessed, and here a guess is dangerous.
  if (!/^(\[[^\]]*\]|[^:]+):\d+$/.test(entry)) throw wrong(`Expected HOST:PORT, got "${entry}"`);
  try {
    return formatTarget(readTarget(entry));
  } catch (error) {
    throw wrong((error as UsageError).message);
  }
}
