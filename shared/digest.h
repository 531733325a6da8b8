/*
 * digest: SHA-256 (OpenSSL's). The only file besides worker/pg_tls that calls OpenSSL.
 */
#ifndef SHARED_DIGEST_H
#define SHARED_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX 65 /* 64 hexadecimal digits and NUL */

void digest_sha256(const void *data, size_t len, unsigned char out[32]); /* the bytes themselves */
void digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX]);

#endif
