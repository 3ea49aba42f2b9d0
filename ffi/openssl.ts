/**
 * The part of OpenSSL 3 that a TLS engine over memory needs. Header macros are constants here.
 *
 * @module
 */

import type { CTable } from "./long.ts";

/** Functions of libssl. */
export const libsslSymbols = {
  /** `const SSL_METHOD *TLS_client_method(void);` */
  TLS_client_method: { parameters: [], result: "pointer" },
  /** `const SSL_METHOD *TLS_server_method(void);` */
  TLS_server_method: { parameters: [], result: "pointer" },

  /** `SSL_CTX *SSL_CTX_new(const SSL_METHOD *method);` */
  SSL_CTX_new: { parameters: ["pointer"], result: "pointer" },
  /** `void SSL_CTX_free(SSL_CTX *ctx);` */
  SSL_CTX_free: { parameters: ["pointer"], result: "void" },
  /** `long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg);` */
  SSL_CTX_ctrl: { parameters: ["pointer", "i32", "long", "pointer"], result: "long" },
  /** `uint64_t SSL_CTX_set_options(SSL_CTX *ctx, uint64_t options);` */
  SSL_CTX_set_options: { parameters: ["pointer", "u64"], result: "u64" },
  /** `uint64_t SSL_set_options(SSL *ssl, uint64_t options);` */
  SSL_set_options: { parameters: ["pointer", "u64"], result: "u64" },
  /** `uint64_t SSL_clear_options(SSL *ssl, uint64_t options);` */
  SSL_clear_options: { parameters: ["pointer", "u64"], result: "u64" },
  /** `int SSL_CTX_set_ciphersuites(SSL_CTX *ctx, const char *str);` */
  SSL_CTX_set_ciphersuites: { parameters: ["pointer", "buffer"], result: "i32" },
  /** `int SSL_CTX_set_cipher_list(SSL_CTX *ctx, const char *str);` */
  SSL_CTX_set_cipher_list: { parameters: ["pointer", "buffer"], result: "i32" },
  /** `struct stack_st_SSL_CIPHER *SSL_CTX_get_ciphers(const SSL_CTX *ctx);` */
  SSL_CTX_get_ciphers: { parameters: ["pointer"], result: "pointer" },
  /** `int SSL_CTX_get_security_level(const SSL_CTX *ctx);` */
  SSL_CTX_get_security_level: { parameters: ["pointer"], result: "i32" },
  /** `void SSL_CTX_set_security_level(SSL_CTX *ctx, int level);` */
  SSL_CTX_set_security_level: { parameters: ["pointer", "i32"], result: "void" },
  /** `void SSL_CTX_set_verify(SSL_CTX *ctx, int mode, SSL_verify_cb callback);` */
  SSL_CTX_set_verify: { parameters: ["pointer", "i32", "pointer"], result: "void" },
  /** `void SSL_CTX_set1_cert_store(SSL_CTX *ctx, X509_STORE *store);` */
  SSL_CTX_set1_cert_store: { parameters: ["pointer", "pointer"], result: "void" },
  /** `int SSL_CTX_use_certificate(SSL_CTX *ctx, X509 *x);` */
  SSL_CTX_use_certificate: { parameters: ["pointer", "pointer"], result: "i32" },
  /** `int SSL_CTX_use_PrivateKey(SSL_CTX *ctx, EVP_PKEY *pkey);` */
  SSL_CTX_use_PrivateKey: { parameters: ["pointer", "pointer"], result: "i32" },
  /** `int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *id, unsigned len);` */
  SSL_CTX_set_session_id_context: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  /** `int SSL_CTX_set_max_early_data(SSL_CTX *ctx, uint32_t max_early_data);` */
  SSL_CTX_set_max_early_data: { parameters: ["pointer", "u32"], result: "i32" },
  /** `int SSL_CTX_set_recv_max_early_data(SSL_CTX *ctx, uint32_t recv_max_early_data);` */
  SSL_CTX_set_recv_max_early_data: { parameters: ["pointer", "u32"], result: "i32" },
  /** `void SSL_CTX_set_keylog_callback(SSL_CTX *ctx, void (*callback)(const SSL *, const char *));` */
  SSL_CTX_set_keylog_callback: { parameters: ["pointer", "pointer"], result: "void" },
  /**
   * `void SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, int (*callback)(SSL *, const unsigned char **out,
   * unsigned char *outlen, const unsigned char *in, unsigned inlen, void *arg), void *arg);`
   */
  SSL_CTX_set_alpn_select_cb: { parameters: ["pointer", "pointer", "pointer"], result: "void" },

  /** `SSL *SSL_new(SSL_CTX *ctx);` */
  SSL_new: { parameters: ["pointer"], result: "pointer" },
  /** `void SSL_free(SSL *ssl);` */
  SSL_free: { parameters: ["pointer"], result: "void" },
  /** `long SSL_ctrl(SSL *ssl, int cmd, long larg, void *parg);` */
  SSL_ctrl: { parameters: ["pointer", "i32", "long", "pointer"], result: "long" },
  /** `void SSL_set_bio(SSL *ssl, BIO *rbio, BIO *wbio);` */
  SSL_set_bio: { parameters: ["pointer", "pointer", "pointer"], result: "void" },
  /** `void SSL_set0_rbio(SSL *ssl, BIO *rbio);` */
  SSL_set0_rbio: { parameters: ["pointer", "pointer"], result: "void" },
  /** `void SSL_set_connect_state(SSL *ssl);` */
  SSL_set_connect_state: { parameters: ["pointer"], result: "void" },
  /** `void SSL_set_accept_state(SSL *ssl);` */
  SSL_set_accept_state: { parameters: ["pointer"], result: "void" },
  /** `int SSL_set_alpn_protos(SSL *ssl, const unsigned char *protos, unsigned int len);` */
  SSL_set_alpn_protos: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  /** `X509_VERIFY_PARAM *SSL_get0_param(SSL *ssl);` */
  SSL_get0_param: { parameters: ["pointer"], result: "pointer" },
  /** `int SSL_in_init(const SSL *s);` */
  SSL_in_init: { parameters: ["pointer"], result: "i32" },
  /** `void SSL_set_post_handshake_auth(SSL *s, int val);` */
  SSL_set_post_handshake_auth: { parameters: ["pointer", "i32"], result: "void" },
  /** `int SSL_do_handshake(SSL *ssl);` */
  SSL_do_handshake: { parameters: ["pointer"], result: "i32" },
  /** `int SSL_read(SSL *ssl, void *buf, int num);` */
  SSL_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  /** `int SSL_write(SSL *ssl, const void *buf, int num);` */
  SSL_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  /** `int SSL_read_early_data(SSL *ssl, void *buf, size_t num, size_t *readbytes);` */
  SSL_read_early_data: { parameters: ["pointer", "buffer", "u64", "buffer"], result: "i32" },
  /** `int SSL_write_early_data(SSL *ssl, const void *buf, size_t num, size_t *written);` */
  SSL_write_early_data: { parameters: ["pointer", "buffer", "u64", "buffer"], result: "i32" },
  /** `int SSL_get_early_data_status(const SSL *ssl);` */
  SSL_get_early_data_status: { parameters: ["pointer"], result: "i32" },
  /** `int SSL_shutdown(SSL *ssl);` */
  SSL_shutdown: { parameters: ["pointer"], result: "i32" },
  /** `void SSL_set_shutdown(SSL *ssl, int mode);` */
  SSL_set_shutdown: { parameters: ["pointer", "i32"], result: "void" },
  /** `int SSL_get_error(const SSL *ssl, int ret);` */
  SSL_get_error: { parameters: ["pointer", "i32"], result: "i32" },
  /** `long SSL_get_verify_result(const SSL *ssl);` */
  SSL_get_verify_result: { parameters: ["pointer"], result: "long" },
  /** `int SSL_session_reused(const SSL *ssl);` */
  SSL_session_reused: { parameters: ["pointer"], result: "i32" },
  /** `const char *SSL_get_version(const SSL *ssl);` */
  SSL_get_version: { parameters: ["pointer"], result: "pointer" },
  /** `const SSL_CIPHER *SSL_get_current_cipher(const SSL *ssl);` */
  SSL_get_current_cipher: { parameters: ["pointer"], result: "pointer" },
  /** `const char *SSL_CIPHER_get_name(const SSL_CIPHER *cipher);` */
  SSL_CIPHER_get_name: { parameters: ["pointer"], result: "pointer" },
  /** `const char *SSL_CIPHER_standard_name(const SSL_CIPHER *cipher);` */
  SSL_CIPHER_standard_name: { parameters: ["pointer"], result: "pointer" },
  /** `const char *SSL_group_to_name(SSL *ssl, int id);` */
  SSL_group_to_name: { parameters: ["pointer", "i32"], result: "pointer" },
  /** `void SSL_get0_alpn_selected(const SSL *ssl, const unsigned char **data, unsigned int *len);` */
  SSL_get0_alpn_selected: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
  /** `X509 *SSL_get0_peer_certificate(const SSL *ssl);` */
  SSL_get0_peer_certificate: { parameters: ["pointer"], result: "pointer" },
  /** `struct stack_st_X509 *SSL_get_peer_cert_chain(const SSL *ssl);` the caller gets no reference */
  SSL_get_peer_cert_chain: { parameters: ["pointer"], result: "pointer" },
  /** `struct stack_st_X509 *SSL_get0_verified_chain(const SSL *ssl);` the caller gets no reference */
  SSL_get0_verified_chain: { parameters: ["pointer"], result: "pointer" },
  /** `size_t SSL_get_finished(const SSL *ssl, void *buf, size_t count);` */
  SSL_get_finished: { parameters: ["pointer", "buffer", "u64"], result: "u64" },
  /** `size_t SSL_get_peer_finished(const SSL *ssl, void *buf, size_t count);` */
  SSL_get_peer_finished: { parameters: ["pointer", "buffer", "u64"], result: "u64" },
  /**
   * `int SSL_export_keying_material(SSL *ssl, unsigned char *out, size_t olen, const char *label, size_t
   * llen, const unsigned char *context, size_t contextlen, int use_context);`
   */
  SSL_export_keying_material: {
    parameters: ["pointer", "buffer", "u64", "buffer", "u64", "buffer", "u64", "i32"],
    result: "i32",
  },

  /** `int SSL_set_session(SSL *ssl, SSL_SESSION *session);` */
  SSL_set_session: { parameters: ["pointer", "pointer"], result: "i32" },
  /** `SSL_SESSION *SSL_get_session(const SSL *ssl);` the caller gets no reference */
  SSL_get_session: { parameters: ["pointer"], result: "pointer" },
  /** `int SSL_SESSION_is_resumable(const SSL_SESSION *session);` */
  SSL_SESSION_is_resumable: { parameters: ["pointer"], result: "i32" },
  /** `int SSL_SESSION_up_ref(SSL_SESSION *session);` */
  SSL_SESSION_up_ref: { parameters: ["pointer"], result: "i32" },
  /** `void SSL_SESSION_free(SSL_SESSION *session);` */
  SSL_SESSION_free: { parameters: ["pointer"], result: "void" },
  /** `int SSL_SESSION_get_protocol_version(const SSL_SESSION *session);` */
  SSL_SESSION_get_protocol_version: { parameters: ["pointer"], result: "i32" },
  /** `uint32_t SSL_SESSION_get_max_early_data(const SSL_SESSION *session);` */
  SSL_SESSION_get_max_early_data: { parameters: ["pointer"], result: "u32" },
  /**
   * `void SSL_SESSION_get0_alpn_selected(const SSL_SESSION *session, const unsigned char **alpn,
   * size_t *len);`
   */
  SSL_SESSION_get0_alpn_selected: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
  /** `X509 *SSL_SESSION_get0_peer(SSL_SESSION *session);` */
  SSL_SESSION_get0_peer: { parameters: ["pointer"], result: "pointer" },
  /** `const SSL_CIPHER *SSL_SESSION_get0_cipher(const SSL_SESSION *session);` */
  SSL_SESSION_get0_cipher: { parameters: ["pointer"], result: "pointer" },
  /** `unsigned long SSL_SESSION_get_ticket_lifetime_hint(const SSL_SESSION *session);` */
  SSL_SESSION_get_ticket_lifetime_hint: { parameters: ["pointer"], result: "ulong" },
  /** `long SSL_SESSION_get_timeout(const SSL_SESSION *session);` */
  SSL_SESSION_get_timeout: { parameters: ["pointer"], result: "long" },
  /** `int i2d_SSL_SESSION(const SSL_SESSION *in, unsigned char **pp);` */
  i2d_SSL_SESSION: { parameters: ["pointer", "buffer"], result: "i32" },
  /** `SSL_SESSION *d2i_SSL_SESSION(SSL_SESSION **a, const unsigned char **pp, long length);` */
  d2i_SSL_SESSION: { parameters: ["buffer", "buffer", "long"], result: "pointer" },
} as const satisfies CTable;

/** Functions of libcrypto, on which libssl depends. */
export const libcryptoSymbols = {
  /** `unsigned long OpenSSL_version_num(void);` */
  OpenSSL_version_num: { parameters: [], result: "ulong" },
  /** `int OPENSSL_init_crypto(uint64_t opts, const OPENSSL_INIT_SETTINGS *settings);` */
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" },

  /** `int OPENSSL_sk_num(const OPENSSL_STACK *stack);` */
  OPENSSL_sk_num: { parameters: ["pointer"], result: "i32" },
  /** `void *OPENSSL_sk_value(const OPENSSL_STACK *stack, int index);` */
  OPENSSL_sk_value: { parameters: ["pointer", "i32"], result: "pointer" },

  /** `BIO *BIO_new(const BIO_METHOD *type);` */
  BIO_new: { parameters: ["pointer"], result: "pointer" },
  /** `const BIO_METHOD *BIO_s_mem(void);` */
  BIO_s_mem: { parameters: [], result: "pointer" },
  /** `BIO *BIO_new_mem_buf(const void *buf, int len);` */
  BIO_new_mem_buf: { parameters: ["buffer", "i32"], result: "pointer" },
  /** `int BIO_free(BIO *bio);` */
  BIO_free: { parameters: ["pointer"], result: "i32" },
  /** `int BIO_up_ref(BIO *bio);` */
  BIO_up_ref: { parameters: ["pointer"], result: "i32" },
  /** `int BIO_read(BIO *bio, void *data, int len);` */
  BIO_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  /** `size_t BIO_ctrl_pending(BIO *bio);` */
  BIO_ctrl_pending: { parameters: ["pointer"], result: "u64" },
  /** `long BIO_ctrl(BIO *bio, int cmd, long larg, void *parg);` */
  BIO_ctrl: { parameters: ["pointer", "i32", "long", "pointer"], result: "long" },

  /** `X509 *PEM_read_bio_X509(BIO *bp, X509 **x, pem_password_cb *cb, void *u);` */
  PEM_read_bio_X509: { parameters: ["pointer", "buffer", "pointer", "buffer"], result: "pointer" },
  /** `EVP_PKEY *PEM_read_bio_PrivateKey(BIO *bp, EVP_PKEY **x, pem_password_cb *cb, void *u);` */
  PEM_read_bio_PrivateKey: {
    parameters: ["pointer", "buffer", "pointer", "buffer"],
    result: "pointer",
  },
  /** `void EVP_PKEY_free(EVP_PKEY *key);` */
  EVP_PKEY_free: { parameters: ["pointer"], result: "void" },
  /** `void X509_free(X509 *a);` */
  X509_free: { parameters: ["pointer"], result: "void" },
  /** `int X509_check_private_key(const X509 *x509, const EVP_PKEY *pkey);` */
  X509_check_private_key: { parameters: ["pointer", "pointer"], result: "i32" },
  /** `int i2d_X509(const X509 *in, unsigned char **pp);` */
  i2d_X509: { parameters: ["pointer", "buffer"], result: "i32" },
  /** `const ASN1_TIME *X509_get0_notAfter(const X509 *x);` */
  X509_get0_notAfter: { parameters: ["pointer"], result: "pointer" },
  /** `int ASN1_TIME_diff(int *pday, int *psec, const ASN1_TIME *from, const ASN1_TIME *to);` */
  ASN1_TIME_diff: { parameters: ["buffer", "buffer", "pointer", "pointer"], result: "i32" },
  /** `X509_STORE *X509_STORE_new(void);` */
  X509_STORE_new: { parameters: [], result: "pointer" },
  /** `int X509_STORE_set_default_paths(X509_STORE *store);` */
  X509_STORE_set_default_paths: { parameters: ["pointer"], result: "i32" },
  /** `int X509_STORE_add_cert(X509_STORE *store, X509 *x);` */
  X509_STORE_add_cert: { parameters: ["pointer", "pointer"], result: "i32" },
  /** `int X509_STORE_load_file(X509_STORE *xs, const char *file);` */
  X509_STORE_load_file: { parameters: ["pointer", "buffer"], result: "i32" },
  /** `int X509_STORE_load_path(X509_STORE *xs, const char *path);` */
  X509_STORE_load_path: { parameters: ["pointer", "buffer"], result: "i32" },
  /** `int X509_STORE_set_flags(X509_STORE *xs, unsigned long flags);` */
  X509_STORE_set_flags: { parameters: ["pointer", "ulong"], result: "i32" },
  /** `void X509_STORE_free(X509_STORE *store);` */
  X509_STORE_free: { parameters: ["pointer"], result: "void" },
  /** `int X509_VERIFY_PARAM_set1_host(X509_VERIFY_PARAM *param, const char *name, size_t len);` */
  X509_VERIFY_PARAM_set1_host: { parameters: ["pointer", "buffer", "u64"], result: "i32" },
  /** `int X509_VERIFY_PARAM_add1_host(X509_VERIFY_PARAM *param, const char *name, size_t len);` */
  X509_VERIFY_PARAM_add1_host: { parameters: ["pointer", "buffer", "u64"], result: "i32" },
  /** `int X509_VERIFY_PARAM_set1_ip_asc(X509_VERIFY_PARAM *param, const char *ipasc);` */
  X509_VERIFY_PARAM_set1_ip_asc: { parameters: ["pointer", "buffer"], result: "i32" },
  /** `void X509_VERIFY_PARAM_set_hostflags(X509_VERIFY_PARAM *param, unsigned int flags);` */
  X509_VERIFY_PARAM_set_hostflags: { parameters: ["pointer", "u32"], result: "void" },
  /** `const char *X509_verify_cert_error_string(long n);` */
  X509_verify_cert_error_string: { parameters: ["long"], result: "pointer" },

  /** `void ERR_clear_error(void);` */
  ERR_clear_error: { parameters: [], result: "void" },
  /** `unsigned long ERR_get_error(void);` */
  ERR_get_error: { parameters: [], result: "ulong" },
  /** `const char *ERR_reason_error_string(unsigned long e);` */
  ERR_reason_error_string: { parameters: ["ulong"], result: "pointer" },
} as const satisfies CTable;

/** Values of OpenSSL 3's headers. */
export const OPENSSL = {
  OPENSSL_INIT_NO_ATEXIT: 0x80000n,

  SSL_ERROR_WANT_READ: 2,
  SSL_ERROR_ZERO_RETURN: 6,

  SSL_CTRL_MODE: 33,
  SSL_CTRL_CLEAR_MODE: 78,
  SSL_CTRL_SET_SESS_CACHE_MODE: 44,
  SSL_CTRL_SET_TLSEXT_HOSTNAME: 55,
  SSL_CTRL_CHAIN_CERT: 89,
  SSL_CTRL_SET_GROUPS_LIST: 92,
  SSL_CTRL_SET_SIGALGS_LIST: 98,
  SSL_CTRL_SET_MIN_PROTO_VERSION: 123,
  SSL_CTRL_SET_MAX_PROTO_VERSION: 124,
  SSL_CTRL_GET_NEGOTIATED_GROUP: 134,
  BIO_C_SET_BUF_MEM_EOF_RETURN: 130,

  SSL_MODE_AUTO_RETRY: 4,
  SSL_MODE_RELEASE_BUFFERS: 0x10,
  SSL_OP_NO_EXTENDED_MASTER_SECRET: 1n << 0n,
  SSL_OP_NO_ENCRYPT_THEN_MAC: 1n << 19n,
  SSL_OP_ENABLE_MIDDLEBOX_COMPAT: 1n << 20n,
  SSL_OP_PRIORITIZE_CHACHA: 1n << 21n,
  SSL_OP_CIPHER_SERVER_PREFERENCE: 1n << 22n,
  SSL_OP_NO_RENEGOTIATION: 1n << 30n,
  /** Since 3.2; older versions ignore it. */
  SSL_OP_NO_RX_CERTIFICATE_COMPRESSION: 1n << 33n,

  SSL_SESS_CACHE_OFF: 0,

  SSL_SENT_SHUTDOWN: 1,
  SSL_RECEIVED_SHUTDOWN: 2,

  SSL_VERIFY_PEER: 1,

  SSL_READ_EARLY_DATA_ERROR: 0,
  SSL_READ_EARLY_DATA_FINISH: 2,
  SSL_EARLY_DATA_ACCEPTED: 2,

  SSL_TLSEXT_ERR_OK: 0,
  SSL_TLSEXT_ERR_ALERT_FATAL: 2,
  SSL_TLSEXT_ERR_NOACK: 3,

  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS: 0x4,
  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT: 0x20,
  X509_V_FLAG_PARTIAL_CHAIN: 0x80000n,
  X509_V_OK: 0,

  TLS1_2_VERSION: 0x0303,
  TLS1_3_VERSION: 0x0304,

  /** `ERR_GET_LIB` is `(code >> 23) & 0xff`, `ERR_GET_REASON` is `code & 0x7fffff`. */
  ERR_LIB_OFFSET: 23,
  ERR_REASON_MASK: 0x7fffff,
  ERR_LIB_SSL: 20,
  /** OpenSSL reports an alert of the peer as this reason plus the alert's number. */
  SSL_AD_REASON_OFFSET: 1000,
} as const;
