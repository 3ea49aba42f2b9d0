/**
 * One request over one connection, timed.
 *
 * @module
 */

import {
  connectTls,
  type ConnectTlsOptions,
  type FastOpenResult,
  type TlsConn,
  type TlsWarning,
} from "../mod.ts";
import { CommandError } from "./failure.ts";
import { formatTarget } from "./target.ts";

/** Milliseconds, counted from the moment the SYN was handed to the kernel. */
export interface Times {
  /** When the look-up began; negative. */
  readonly lookup: number;
  /** When the server's first byte arrived. It belongs to the handshake. */
  readonly hello: number;
  /** When the handshake was complete. */
  readonly secure: number;
  /** When the first byte of the answer arrived. */
  readonly response: number;
}

/** The result of one exchange. */
export interface Sample {
  readonly times: Times;
  readonly fastOpen: FastOpenResult;
  readonly resumed: boolean;
  readonly earlyData: TlsConn["earlyData"];
  readonly protocol: string;
  readonly group: string | undefined;
  readonly address: string;
  /** The HTTP status of the answer; `undefined` where the answer is not HTTP. */
  readonly status: number | undefined;
  readonly warnings: readonly TlsWarning[];
}

/** An exchange whose connection is still open. */
export interface Exchange {
  readonly sample: Sample;
  readonly conn: TlsConn;
}

/** Milliseconds to wait for an answer where `connectTimeout` is not given. */
const PATIENCE = 30_000;

/**
 * Connects, sends the request unless it is the early data, and waits for the first byte of the
 * answer. The caller closes the connection.
 */
export async function exchange(options: ConnectTlsOptions, request: Uint8Array): Promise<Exchange> {
  const conn = await connectTls(options);
  const { open, firstByte, secure } = conn.timing;
  const synAt = performance.now() - secure + open;
  try {
    const { fastOpen } = conn; // Read now: its round trip must be that of the handshake.
    if (options.earlyData === undefined) await conn.write(request);
    const { at, status } = await firstAnswer(conn, options);
    const sample: Sample = {
      times: {
        lookup: -open,
        hello: firstByte - open,
        secure: secure - open,
        response: at - synAt,
      },
      fastOpen,
      resumed: conn.resumed,
      earlyData: conn.earlyData,
      protocol: conn.protocol,
      group: conn.group,
      address: conn.remoteAddr.hostname,
      status,
      warnings: conn.warnings,
    };
    return { sample, conn };
  } catch (error) {
    conn.close();
    throw error;
  }
}

async function firstAnswer(
  conn: TlsConn,
  { hostname, port, connectTimeout = PATIENCE }: ConnectTlsOptions,
): Promise<{ at: number; status: number | undefined }> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    conn.close();
  }, connectTimeout);
  const place = formatTarget({ hostname, port });
  try {
    const buffer = new Uint8Array(16 * 1024);
    const length = await conn.read(buffer);
    const at = performance.now();
    if (length === null) {
      throw new CommandError("NO_ANSWER", `${place} closed the connection without an answer`);
    }
    const text = new TextDecoder().decode(buffer.subarray(0, length));
    const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(text)?.[1];
    return { at, status: status === undefined ? undefined : Number(status) };
  } catch (error) {
    if (!late) throw error;
    throw new CommandError("TIMED_OUT", `${place} gave no answer within ${connectTimeout} ms`);
  } finally {
    clearTimeout(timer);
  }
}
