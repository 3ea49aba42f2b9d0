/**
 * A client of the benchmark of early answers. It asks by early data for a page that the server closes
 * the connection after, or waits on a connection on which the server waits, too.
 *
 * @module
 */

import process from "node:process";
import { connectTls, FileSessionStore, MemorySessionStore, type SessionStore } from "../../mod.ts";
import { SERVER_NAME } from "./throughput/way.ts";
import { answerAll } from "./answers.ts";
import type { Target } from "./latency/way.ts";

/** One connection. */
export interface EarlyQuestion {
  readonly target: Target;
  readonly caCert: string;
  /** What to send. Default nothing. */
  readonly early?: string;
  /** Where the tickets are. Default the process's memory. */
  readonly folder?: string;
  /** Milliseconds to wait instead of reading an answer. */
  readonly idle?: number;
}

/** What became of it. */
export interface EarlyFinding {
  readonly isEarly: boolean;
  readonly bytes: number;
  /** The code of the error that the answer ended with. */
  readonly error?: string;
}

const memory = new MemorySessionStore();

async function find({ target, caCert, early, folder, idle }: EarlyQuestion): Promise<EarlyFinding> {
  const sessions: SessionStore = folder === undefined ? memory : new FileSessionStore(folder);
  using conn = await connectTls({
    ...target,
    serverName: SERVER_NAME,
    caCerts: [caCert],
    sessions,
    ...(early === undefined ? {} : { earlyData: new TextEncoder().encode(early) }),
  });
  const isEarly = conn.earlyData === "accepted";
  if (idle !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, idle));
    return { isEarly, bytes: 0 };
  }
  const buffer = new Uint8Array(64 * 1024);
  let bytes = 0;
  try {
    for (let n: number | null; (n = await conn.read(buffer)) !== null;) bytes += n;
    return { isEarly, bytes };
  } catch (error) {
    return { isEarly, bytes, error: (error as { code: string }).code };
  }
}

const [, , question] = process.argv;
if (question === undefined) await answerAll(find);
else {
  const finding = await find(JSON.parse(question));
  process.stdout.write(`${JSON.stringify(finding)}\n`, () => process.exit(0));
}
