/**
 * How a fetch fails: as the platform's, with a `TypeError` whose `cause` tells more.
 *
 * @module
 */

/** The failure for what went wrong. */
export function fetchFailed(error: unknown): TypeError {
  if (error instanceof FetchError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FetchError(`fetch failed: ${message}`, { cause: error });
}

/** A failure of this `fetch`, which is not to be wrapped once more. By its name it is a `TypeError`. */
export class FetchError extends TypeError {
  static {
    this.prototype.name = "TypeError";
  }
}

/** Throws where a request asks for what would not be done. */
export function refuse({ url, method }: Request, { body, integrity }: RequestInit): void {
  refuseAddress(new URL(url));
  if ((method === "GET" || method === "HEAD") && body !== undefined && body !== null) {
    throw new FetchError(`fetch failed: a ${method} has no body`); // Bun's Request takes it.
  }
  // Whoever gives it relies on it.
  if (integrity) {
    throw new FetchError(
      'fetch failed: "integrity" is not checked here; compare a digest of the body',
    );
  }
}

/** Throws where an address can't be fetched. */
export function refuseAddress({ protocol }: URL): void {
  if (protocol === "https:") return;
  throw new FetchError(
    `fetch failed: the address must begin with "https:", got "${protocol}"; ` +
      "the platform's own fetch takes others",
  );
}
