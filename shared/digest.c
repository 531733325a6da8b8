/*
 * digest: SHA-256 by OpenSSL, for fingerprints of workloads and data. Anybody may call it.
 */
/* The plain functions: EVP would load OpenSSL's configuration and providers, which takes longer than the hashing. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "shared/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

#include "shared/err.h"

void digest_sha256(const void *data, size_t len, unsigned char out[32])
{
#ifndef OPENSSL_NO_DEPRECATED_3_0
	SHA256_CTX context;

	SHA256_Init(&context);
	SHA256_Update(&context, data != NULL ? data : "", len);
	SHA256_Final(out, &context);
#else
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(data != NULL ? data : "", len, sum, &n, EVP_sha256(), NULL) != 1 || n != 32) {
		/* Only an exhausted heap or an OpenSSL without SHA-256 ends here: as with memory, nobody could go on.
		 */
		static const char text[] =
		        "pgparallel: OpenSSL refuses SHA-256; check OPENSSL_CONF and the installation\n";

		if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
			/* nobody can be told */
		}
		_exit(EXIT_STORE);
	}
	memcpy(out, sum, 32);
#endif
}

void digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[32];

	digest_sha256(data, len, sum);
	for (unsigned i = 0; i < sizeof sum; i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[64] = '\0';
}
