/**
 * What signals ask of a program that serves: to read its settings again, to finish, and to end at once.
 *
 * @module
 */

import process from "node:process";

/** Signals that are listened to. */
export interface Signals extends Disposable {
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly first: Promise<void>;
  /** Resolves at the second one. */
  readonly second: Promise<void>;
}

/** Listens to signals. `reload` is called at each SIGHUP, one call after the other; it must not reject. */
export function listenToSignals(reload: () => Promise<void>): Signals {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let last = Promise.resolve();
  let isEnding = false;
  const onEnd = () => {
    if (isEnding) second.resolve();
    isEnding = true;
    first.resolve();
  };
  const onReload = () => {
    last = last.then(() => isEnding ? undefined : reload());
  };
  process.on("SIGINT", onEnd).on("SIGTERM", onEnd).on("SIGHUP", onReload);
  return {
    first: first.promise,
    second: second.promise,
    [Symbol.dispose]() {
      process.off("SIGINT", onEnd).off("SIGTERM", onEnd).off("SIGHUP", onReload);
    },
  };
}
