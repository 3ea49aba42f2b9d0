/**
 * Connections that are made by their first write.
 *
 * @module
 */

import { inside } from "../base/constructors.ts";
import { readOptions, type Rules } from "../base/options.ts";
import {
  checkDialSettings,
  destinationIn,
  type DialOptions,
  dialRules,
  type DialSettings,
} from "../tcp/options.ts";
import { chooseEngine } from "./choose_engine.ts";
import { establishSending } from "./client/establish.ts";
import { FirstWriteStream } from "./client/first_write.ts";
import { TlsConn } from "./conn.ts";
import {
  checkTlsSettings,
  type TlsClientOptions,
  tlsClientRules,
  type TlsClientSettings,
} from "./options.ts";
import { makeTlsSocket, type TlsSocket } from "./socket.ts";
import { plainTlsSettings } from "./underneath.ts";

/** Options of {@linkcode prepareTls}: those of `connectTls`, but for `earlyData`. */
export interface PrepareTlsOptions extends DialOptions, TlsClientOptions {}

/** {@linkcode PrepareTlsOptions} after they were read. */
interface PrepareTlsSettings extends DialSettings, TlsClientSettings {}

const rules: Rules<PrepareTlsSettings> = { ...dialRules, ...tlsClientRules };

let makePendingTls: (stream: FirstWriteStream) => PendingTls;

/**
 * A TLS connection that waits for its first write. It is used as any other. Until it is made, the
 * properties that describe it throw `NOT_CONNECTED`.
 *
 * Reading and writing also throw the errors of `connectTls`, including the reason of its `signal`.
 */
export class PendingTls extends TlsConn {
  #stream: FirstWriteStream;

  private constructor(key: typeof inside, stream: FirstWriteStream) {
    super(key, stream, stream);
    this.#stream = stream;
  }

  static {
    makePendingTls = (stream) => new PendingTls(inside, stream);
  }

  /** Whether there is no connection yet. */
  get pending(): boolean {
    return this.#stream.stream === undefined;
  }

  /** Resolves when the connection is made, and rejects when it can't be. Does not begin it. */
  get connected(): Promise<void> {
    return this.#stream.standing().then(() => {});
  }

  /** @ignore */
  protected override makeDuplex(): TlsSocket {
    const stream = this.#stream;
    return makeTlsSocket({ ...plainTlsSettings, serverName: stream.serverName }, {
      collectsFirstWrites: true,
      open: () => ({
        stream,
        ready: stream.standing(),
        facts: () => stream.stream && stream.facts,
        result: () => stream.stream?.info(),
        peerCertificate: () => stream.stream?.info().peerCertificate,
        warnings: () => stream.stream ? stream.warnings : [],
      }),
    }, true);
  }
}

/**
 * Prepares a TLS connection that is made by its first write: with everything that is written in the same
 * turn of the event loop as early data (RFC 8446, section 2.3). So the request of a client that knows
 * nothing of early data rides in the SYN.
 *
 * Early data can be **replayed**: an attacker can send the same flight again, and the server may act on
 * it again. Write only what may be repeated. `tlsSocket` judges that by the bytes.
 *
 * `handshake()` and `closeWrite()` make the connection without early data. Reading waits, and does not
 * make it. If nothing is written within `connectTimeout`, which counts from this call, everything fails
 * with `TIMED_OUT`. So where the server speaks first, call `handshake()`.
 *
 * ```ts
 * import { listenTls, prepareTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 *
 * const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * const served = listener.accept().then(async (conn) => {
 *   await conn.read(new Uint8Array(16));
 *   await conn.write(new TextEncoder().encode("hello"));
 * });
 *
 * using conn = prepareTls({ hostname: "127.0.0.1", port: listener.addr.port, caCerts: [cert] });
 * await conn.write(new TextEncoder().encode("who is there?")); // This connects.
 * console.log(conn.earlyData); // "not-sent": there was no ticket yet
 * await served;
 * listener.close();
 * ```
 *
 * @throws {OptionError} when an option is wrong
 * @throws {TlsError} `ENGINE_UNAVAILABLE` or `FEATURE_UNAVAILABLE`
 */
export function prepareTls(options: PrepareTlsOptions): PendingTls {
  const settings = readOptions(options, rules, destinationIn);
  const { hostname, port } = settings;
  checkDialSettings(settings);
  checkTlsSettings(settings, { hostname, port });
  const chosen = chooseEngine({ ...settings, earlyData: "first-write" }, settings);
  return makePendingTls(
    new FirstWriteStream(settings, chosen.name, (first, limits) => {
      return establishSending({ ...settings, ...limits }, chosen, first);
    }),
  );
}
