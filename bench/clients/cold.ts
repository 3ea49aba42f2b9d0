/**
 * One connection in a process of its own, which finds what earlier ones have left: a Fast Open cookie
 * in the kernel, and tickets in a folder.
 *
 *     cold.ts '{"target": {"hostname": "10.77.0.2", "port": 443}, "fastOpen": true, "sessions": "…"}'
 *
 * @module
 */

import process from "node:process";
import { FileSessionStore } from "../../mod.ts";
import { monotonicNow } from "../../tests/netlab/clock.ts";
import { AwaitedStore } from "./awaited_store.ts";
import { observe } from "./latency/firstflight.ts";
import type { Observation, Target } from "./latency/way.ts";
import { type Upload, uploadRequest } from "./upload.ts";

/** What to do. */
export interface ColdTask {
  readonly target: Target;
  readonly fastOpen: boolean;
  /** The folder with the tickets. With one, early data; default none. */
  readonly sessions?: string;
  /** What to upload, instead of a GET of `/`. */
  readonly upload?: Upload;
}

/** What came of it. */
export interface ColdFinding extends Observation {
  /** When the first byte of the response was there, by the clock of the link's packets. */
  readonly answeredAt: number;
}

const { target, fastOpen, sessions, upload }: ColdTask = JSON.parse(process.argv[2] ?? "{}");
const options = {
  fastOpen,
  ...(sessions === undefined ? {} : { sessions: new AwaitedStore(new FileSessionStore(sessions)) }),
  ...(upload ? { asked: uploadRequest(upload) } : {}),
};
const calledAt = monotonicNow();
const observation = await observe(target, options);
const finding: ColdFinding = { ...observation, answeredAt: calledAt + observation.firstByte };
process.stdout.write(`${JSON.stringify(finding)}\n`, () => process.exit(0));
