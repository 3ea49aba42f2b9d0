/**
 * A certificate for tests on this machine, and its key: the files beside this one.
 *
 * It is self-signed, for `localhost`, `127.0.0.1` and `::1`, and valid until 2126. Its key is
 * public, so it proves nothing: never deploy it, and never trust it outside a test.
 *
 * @module
 */

import { readFileSync } from "node:fs";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/** The certificate, PEM. Passed as `caCerts` it is its own root. */
export const cert: string = read("./certificate.pem");

/** The certificate's private key, PEM. It is public. */
export const key: string = read("./key.pem");
