/**
 * The certificate of the benchmarks' servers, and its key: self-signed, for `localhost`, the loopback
 * address and the emulated network's server. Published here, so it proves nothing to anybody.
 *
 * @module
 */

/** The certificate, PEM. */
export const cert: string = `-----BEGIN CERTIFICATE-----
MIICIzCCAcqgAwIBAgIUCm7atluirOUdYTK14aWvjYlECf8wCgYIKoZIzj0EAwIw
SzESMBAGA1UEAwwJbG9jYWxob3N0MTUwMwYDVQQKDCxmaXJzdGZsaWdodCBiZW5j
aG1hcmsgY2VydGlmaWNhdGUsIHdvcnRobGVzczAgFw0yNjAxMDEwMDAwMDBaGA8y
MTI2MDEwMTAwMDAwMFowSzESMBAGA1UEAwwJbG9jYWxob3N0MTUwMwYDVQQKDCxm
aXJzdGZsaWdodCBiZW5jaG1hcmsgY2VydGlmaWNhdGUsIHdvcnRobGVzczBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABGSB/Mo8ReDQNykeNjdupOdGdx4JLOZSAulc
JAhan0UrCgCSNAG2Mwcd/BTnawEPh1MC71prc56C/DWxITreoRCjgYkwgYYwMgYD
VR0RBCswKYIJbG9jYWxob3N0hwR/AAABhwQKTQAChxD9dwAAAAAAAAAAAAAAAAAC
MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUF
BwMBMB0GA1UdDgQWBBQo+T0SnU1MhNEi1tizMputaVN/7DAKBggqhkjOPQQDAgNH
ADBEAiBSJ+qeH5Iv6Rzfjb/gkDJtzc51ytq5SjqwBNMFNhnpcQIgKP2XqD3Hus71
xQH1wOcZWKEpVu8cVydYqcriVpPSQDY=
-----END CERTIFICATE-----
`;

/** Its private key, PEM. */
export const key: string = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQVbazgZAzhVDC4l7
TrZrDFbZhqLIcWGY3XrEABuqsjuhRANCAARkgfzKPEXg0DcpHjY3bqTnRnceCSzm
UgLpXCQIWp9FKwoAkjQBtjMHHfwU52sBD4dTAu9aa3Oegvw1sSE63qEQ
-----END PRIVATE KEY-----
`;
