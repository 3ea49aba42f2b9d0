/**
 * Turns settings into a plain connection.
 *
 * @module
 */

import { withDeadline } from "./dial/deadline.ts";
import { dial } from "./dial/dial.ts";
import type { Kept } from "./wire/keep.ts";
import type { Stages } from "./dial/stages.ts";
import type { Known } from "./facts.ts";
import type { DialSettings } from "./options.ts";
import { TcpStream } from "./stream.ts";

/** A connection that stands, and facts about it. */
export interface Connected extends Known {
  readonly stream: TcpStream;
}

/** Connects, with `data` in the SYN where that is possible. */
export async function establish(
  settings: DialSettings & Kept,
  data: Uint8Array | undefined,
  stages: Stages = {},
): Promise<Connected> {
  const { hostname, port } = settings;
  return await withDeadline(settings, async (deadline) => {
    const flight = { complete: data === undefined ? [] : [data], repeatable: () => [] };
    const { link: { arrived, facts, carries } } = await dial(
      settings,
      deadline,
      () => flight,
      "established",
      stages,
    );
    if (data && carries !== "complete") arrived.wire.socket.write(data);
    return { stream: new TcpStream(arrived, { hostname, port }), facts };
  });
}
