/**
 * Certificates and keys from PEM, read by OpenSSL.
 *
 * @module
 */

import { withPinned } from "../../../ffi/pin.ts";
import { notCertificate, notKey } from "../bad_pem.ts";
import { takeError } from "./error_queue.ts";
import { openssl } from "./library.ts";

/** With an empty password OpenSSL's password callback does not ask for one on the terminal. */
const NO_PASSWORD = Uint8Array.of(0);

/** Runs `read` with a BIO that holds the text. */
function withBio<T>(pem: string, read: (bio: bigint) => T): T {
  const bytes = new TextEncoder().encode(pem);
  return withPinned([bytes], () => {
    const bio = openssl().BIO_new_mem_buf(bytes, bytes.length);
    try {
      return read(bio);
    } finally {
      openssl().BIO_free(bio);
    }
  });
}

/**
 * Calls `use` with each certificate in `pem`, first to last, and frees it.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or when one can't be read
 */
export function eachCertificate(
  pem: string,
  option: string,
  use: (x509: bigint, index: number) => void,
): void {
  const library = openssl();
  withBio(pem, (bio) => {
    for (let index = 0;; index++) {
      library.ERR_clear_error();
      const x509 = pem === "" ? 0n : library.PEM_read_bio_X509(bio, null, 0n, NO_PASSWORD);
      if (x509 === 0n) {
        const { reason } = takeError(); // "no start line" follows the last one
        if (index > 0 && reason === "no start line") return;
        throw notCertificate(option, reason, { call: "PEM_read_bio_X509" });
      }
      try {
        use(x509, index);
      } finally {
        library.X509_free(x509);
      }
    }
  });
}

/**
 * Calls `use` with the private key in `pem`, and frees it.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or when it is encrypted
 */
export function withPrivateKey(pem: string, use: (key: bigint) => void): void {
  const library = openssl();
  withBio(pem, (bio) => {
    library.ERR_clear_error();
    const key = library.PEM_read_bio_PrivateKey(bio, null, 0n, NO_PASSWORD);
    if (key === 0n) {
      throw notKey(takeError().reason, { call: "PEM_read_bio_PrivateKey" });
    }
    try {
      use(key);
    } finally {
      library.EVP_PKEY_free(key);
    }
  });
}
