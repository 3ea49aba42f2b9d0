/**
 * Stories of a library's connections, which must end over this package's sockets as they do over the
 * library's own TLS.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type PeerName, requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";
import { runtime } from "./subjects.ts";
import { ourWays, Way, type WayName } from "./ways.ts";

/** What happens, told as plain data. */
export type Story<Servers> = (way: Way, servers: Servers) => Promise<unknown>;

/** Where the library's own TLS is no example. */
export interface Exception {
  readonly in: "deno" | "bun" | "node";
  readonly because: string;
  /** How the story ends in the other runtimes. */
  readonly expected: unknown;
}

/** Registers the tests of stories that share servers. */
export function testStories<Servers>(
  servers: () => Promise<Servers>,
  peers: readonly PeerName[],
  stories: Readonly<Record<string, Story<Servers>>>,
  exceptions: Readonly<Record<string, Exception>> = {},
): void {
  const skip = requirePeer(...peers);
  for (const [title, story] of Object.entries(stories)) {
    test(`${title}: as over the library's own TLS`, { skip }, async () => {
      const running = await servers();
      const tell = (name: WayName) => soon(`end, ${name}`, story(new Way(name), running));
      const exception = exceptions[title];
      const expected = exception?.in === runtime() ? exception.expected : await tell("own TLS");
      for (const name of ourWays) assert.deepEqual(await tell(name), expected, name);
    });
  }
}

/** Milliseconds between two looks. */
const OFTEN = 5;

/** Resolves once `holds` does. Some facts have no event that tells them. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, OFTEN));
}
