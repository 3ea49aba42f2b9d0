/**
 * A certificate for trying things out on this machine, and its key.
 *
 * Self-signed, for `localhost`, `127.0.0.1` and `::1`, valid until 2126. Its key is published here, so
 * it proves nothing to anybody: never deploy it, and never trust it outside a test.
 *
 * @module
 */

/** The certificate, PEM. Passed as `caCerts` it is its own root. */
export const cert: string = `-----BEGIN CERTIFICATE-----
MIICEzCCAbqgAwIBAgIUAwjOMowgDySdi4nnp3E8vPaSH3kwCgYIKoZIzj0EAwIw
RjESMBAGA1UEAwwJbG9jYWxob3N0MTAwLgYDVQQKDCdmaXJzdGZsaWdodCB0ZXN0
IGNlcnRpZmljYXRlLCB3b3J0aGxlc3MwIBcNMjYwMTAxMDAwMDAwWhgPMjEyNjAx
MDEwMDAwMDBaMEYxEjAQBgNVBAMMCWxvY2FsaG9zdDEwMC4GA1UECgwnZmlyc3Rm
bGlnaHQgdGVzdCBjZXJ0aWZpY2F0ZSwgd29ydGhsZXNzMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEjecrgOWC+z0jHuqEn1hPIRWBPJXSZl4yRzQtRwKSWiAm44bi
Lt4+sJwICKe/mTD6w4SBCRAJC4uHsMskhi2F8qOBgzCBgDAsBgNVHREEJTAjggls
b2NhbGhvc3SHBH8AAAGHEAAAAAAAAAAAAAAAAAAAAAEwDAYDVR0TAQH/BAIwADAO
BgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwHQYDVR0OBBYEFAU+
v7fiWQanALVDEHZlWAOlY1IhMAoGCCqGSM49BAMCA0cAMEQCIATMWcZJWJhIbAcj
vKcNqjSL1cXL6RR29WCyLlYOWtOCAiBIP2tf0frUQihKEqpsjwMlS4DnFVdWxdSR
+C/bJ58TuA==
-----END CERTIFICATE-----
`;

/** Its private key, PEM: public, and so worth nothing. */
export const key: string = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0fTn9OX3wEMSy4K/
/2eydpD9K8AQoDPhFx7wq8pTCB6hRANCAASN5yuA5YL7PSMe6oSfWE8hFYE8ldJm
XjJHNC1HApJaICbjhuIu3j6wnAgIp7+ZMPrDhIEJEAkLi4ewyySGLYXy
-----END PRIVATE KEY-----
`;
