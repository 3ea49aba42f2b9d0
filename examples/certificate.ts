/**
 * A certificate for trying things out on this machine, and its key: the files beside this one.
 *
 * Self-signed, for `localhost`, `127.0.0.1` and `::1`, valid until 2126. Its key is published here, so
 * it proves nothing to anybody: never deploy it, and never trust it outside a test.
 *
 * @module
 */

import { readFileSync } from "node:fs";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/** The certificate, PEM. Passed as `caCerts` it is its own root. */
export const cert: string = read("./certificate.pem");

/** Its private key, PEM: public, and so worth nothing. */
export const key: string = read("./key.pem");
