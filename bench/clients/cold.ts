/**
 * One connection in a process of its own. It uses what earlier processes left: a Fast Open cookie
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

/** The connection to make. */
export interface ColdTask {
  readonly target: Target;
  readonly fastOpen: boolean;
  /** The folder with the tickets. With a folder, the request is early data. Default none. */
  readonly sessions?: string;
  /** The upload to send instead of a GET of `/`. */
  readonly upload?: Upload;
}

/** The result of the connection. */
export interface ColdFinding extends Observation {
  /** When the first byte of the response arrived, by the clock of the link's packets. */
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
