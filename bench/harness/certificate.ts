/**
 * The certificate of the benchmarks' servers, and its key. It is self-signed, for `localhost`, the
 * loopback address, the emulated network's server, and names like `*.firstflight.test` there. The
 * key is public, so the certificate proves nothing.
 *
 * @module
 */

/** The certificate, PEM. */
export const cert: string = `-----BEGIN CERTIFICATE-----
MIICNjCCAdygAwIBAgISDfgFhE1WQJzWNeA+jSWAh59uMAoGCCqGSM49BAMCMEsx
EjAQBgNVBAMMCWxvY2FsaG9zdDE1MDMGA1UECgwsZmlyc3RmbGlnaHQgYmVuY2ht
YXJrIGNlcnRpZmljYXRlLCB3b3J0aGxlc3MwIBcNMjYwMTAxMDAwMDAwWhgPMjEy
NjAxMDEwMDAwMDBaMEsxEjAQBgNVBAMMCWxvY2FsaG9zdDE1MDMGA1UECgwsZmly
c3RmbGlnaHQgYmVuY2htYXJrIGNlcnRpZmljYXRlLCB3b3J0aGxlc3MwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAARkgfzKPEXg0DcpHjY3bqTnRnceCSzmUgLpXCQI
Wp9FKwoAkjQBtjMHHfwU52sBD4dTAu9aa3Oegvw1sSE63qEQo4GdMIGaMEYGA1Ud
EQQ/MD2CCWxvY2FsaG9zdIISKi5maXJzdGZsaWdodC50ZXN0hwR/AAABhwQKTQAC
hxD9dwAAAAAAAAAAAAAAAAACMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeA
MBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBQo+T0SnU1MhNEi1tizMput
aVN/7DAKBggqhkjOPQQDAgNIADBFAiBsNX9axLjtl0E5vZBAHP7QDOaWkmuPxbTT
KWJI7TZY9wIhAJbiQoA6wFwz5THv/ujnx/3QiJRYqDrfCv8dTgd5zxJG
-----END CERTIFICATE-----
`;

/** The certificate's private key, PEM. */
export const key: string = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQVbazgZAzhVDC4l7
TrZrDFbZhqLIcWGY3XrEABuqsjuhRANCAARkgfzKPEXg0DcpHjY3bqTnRnceCSzm
UgLpXCQIWp9FKwoAkjQBtjMHHfwU52sBD4dTAu9aa3Oegvw1sSE63qEQ
-----END PRIVATE KEY-----
`;
