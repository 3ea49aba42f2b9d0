/**
 * Certificates and keys from PEM, read by OpenSSL.
 *
 * @module
 */

import { withPinned } from "../../../ffi/pin.ts";
import { notCertificate, notDecrypted, notKey } from "../bad_pem.ts";
import { certificatesIn, keyIn } from "../pem_blocks.ts";
import { takeError } from "./error_queue.ts";
import { openssl } from "./library.ts";

/**
 * A passphrase for OpenSSL's own callback, which asks for one on the terminal where there is none, not
 * even an empty one.
 */
function passwordOf(passphrase = ""): Uint8Array {
  return new TextEncoder().encode(`${passphrase}\0`);
}

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
 * Calls `use` with each certificate in `pem`, first to last, and frees it. Returns the certificates.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or when one can't be read
 */
export function eachCertificate(
  pem: string,
  option: string,
  use: (x509: bigint, index: number) => void,
): readonly string[] {
  const library = openssl();
  const certificates = certificatesIn(pem, option);
  for (const [index, each] of certificates.entries()) {
    withBio(each, (bio) => {
      library.ERR_clear_error();
      const x509 = library.PEM_read_bio_X509(bio, null, 0n, passwordOf());
      if (x509 === 0n) {
        throw notCertificate(option, takeError().reason, { call: "PEM_read_bio_X509" });
      }
      try {
        use(x509, index);
      } finally {
        library.X509_free(x509);
      }
    });
  }
  return certificates;
}

/**
 * Calls `use` with the private key in `pem`, and frees it.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or when the passphrase does not open it
 */
export function withPrivateKey(
  pem: string,
  passphrase: string | undefined,
  use: (key: bigint) => void,
): void {
  const library = openssl();
  const { text, isEncrypted } = keyIn(pem, passphrase);
  withBio(text, (bio) => {
    library.ERR_clear_error();
    const key = library.PEM_read_bio_PrivateKey(bio, null, 0n, passwordOf(passphrase));
    if (key === 0n) {
      const unreadable = isEncrypted ? notDecrypted : notKey;
      throw unreadable(takeError().reason, { call: "PEM_read_bio_PrivateKey" });
    }
    try {
      use(key);
    } finally {
      library.EVP_PKEY_free(key);
    }
  });
}
