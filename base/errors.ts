/**
 * The base class of all errors of this module, and the error for a caller's mistake.
 *
 * @module
 */

/** Facts that every error of this module may carry. */
export interface FirstFlightErrorDetails {
  /** The host that was asked for. */
  readonly hostname?: string;
  /** The port that was asked for. */
  readonly port?: number;
  /** Whether the same call may succeed later. Default `false`. */
  readonly retryable?: boolean;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * The base of every error that this module throws: `OptionError`, `ConnectError` and `TlsError`.
 *
 * ```ts
 * import { connectTls, FirstFlightError } from "@firstflight/tls";
 *
 * try {
 *   await connectTls({ hostname: "127.0.0.1", port: 1 });
 * } catch (error) {
 *   if (!(error instanceof FirstFlightError)) throw error;
 *   console.log(error.code, error.retryable); // "CONNECTION_REFUSED" true
 * }
 * ```
 */
export abstract class FirstFlightError extends Error {
  /** What went wrong; stable across versions. Each code stands for one cause and has one class. */
  abstract readonly code: string;
  /** The host that was asked for; `undefined` if there was none. */
  readonly hostname: string | undefined;
  /** The port that was asked for; `undefined` if there was none, 0 if it is not known. */
  readonly port: number | undefined;
  /**
   * Whether the same call may succeed later without a change on this side. This says nothing about
   * the data that were sent: the peer may have acted on them.
   */
  readonly retryable: boolean;
  /** The error that caused this one, such as the runtime's own; absent if there is none. */
  declare readonly cause?: unknown;

  /** Makes an error; the subclass says of which kind. */
  constructor(message: string, details: FirstFlightErrorDetails) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.hostname = details.hostname;
    this.port = details.port;
    this.retryable = details.retryable ?? false;
  }
}

/** Facts that an {@linkcode OptionError} carries besides its message. */
export interface OptionErrorDetails {
  /** The host that was asked for. */
  readonly hostname?: string;
  /** The port that was asked for. */
  readonly port?: number;
  /** What a function of the caller's has thrown. */
  readonly cause?: unknown;
}

/**
 * An option or an argument is wrong: its name, its type or its value. Nothing was opened.
 *
 * ```ts
 * import { connectTls, OptionError } from "@firstflight/tls";
 *
 * const options = { hostname: "127.0.0.1", port: 443, servername: "example.com" };
 * try {
 *   await connectTls(options);
 * } catch (error) {
 *   if (error instanceof OptionError) console.log(error.message); // … did you mean "serverName"? …
 * }
 * ```
 */
export class OptionError extends FirstFlightError {
  /** The class's name, as in the stack trace. */
  override readonly name = "OptionError";
  /** Always `"INVALID_OPTION"`. */
  override readonly code = "INVALID_OPTION";
  /** The name of the option or argument. */
  readonly option: string;

  /** Makes an error about `option`; `message` says what is wrong with it. */
  constructor(option: string, message: string, details: OptionErrorDetails = {}) {
    super(message, details);
    this.option = option;
  }
}
