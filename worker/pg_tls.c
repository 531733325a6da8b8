/*
 * pg_tls: OpenSSL before the first fork, and what a connection says of its encryption.
 */
#include "worker/pg_private.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>

#if OPENSSL_VERSION_MAJOR >= 3
/* What a handshake asks OpenSSL's providers for stays in tables once it was asked for: asked for here, it is found by
 * all children in pages they share. What a library does not have is not missed. */
static void look_up_algorithms(void)
{
	static const char *const keys[] = {"X25519", "EC", "RSA", "RSA-PSS", "ED25519"};
	static const char *const exchanges[] = {"X25519", "ECDH"};
	static const char *const signatures[] = {"RSA", "ECDSA", "ED25519"};
	static const char *const digests[] = {"SHA2-256", "SHA2-384", "SHA2-512", "SHA1", "MD5-SHA1"};
	static const char *const derivations[] = {"TLS13-KDF", "TLS1-PRF", "HKDF"};
	static const char *const ciphers[] = {"AES-256-GCM", "AES-128-GCM", "ChaCha20-Poly1305"};

#define LOOK_UP(what, names)                                                                                           \
	for (size_t i = 0; i < sizeof(names) / sizeof *(names); i++)                                                   \
	what##_free(what##_fetch(NULL, (names)[i], NULL))
	LOOK_UP(EVP_KEYMGMT, keys);
	LOOK_UP(EVP_KEYEXCH, exchanges);
	LOOK_UP(EVP_SIGNATURE, signatures);
	LOOK_UP(EVP_MD, digests);
	LOOK_UP(EVP_KDF, derivations);
	LOOK_UP(EVP_CIPHER, ciphers);
#undef LOOK_UP
	EVP_MAC_free(EVP_MAC_fetch(NULL, "HMAC", NULL));
}

/* The sources of random numbers are set up with the first draw; OpenSSL seeds them anew in a child. */
static void warm_up_random(void)
{
	unsigned char drawn;

	RAND_bytes(&drawn, 1);
	RAND_priv_bytes(&drawn, 1);
	EVP_PKEY_free(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
}
#endif

void pg_tls_warm_up(void)
{
	/* Kept for ever: what counts are the tables OpenSSL fills on the way, whose pages the children then share. */
	static SSL_CTX *context;

	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CONFIG, NULL);
	if (context)
		return;
	context = SSL_CTX_new(TLS_client_method());
#if OPENSSL_VERSION_MAJOR >= 3
	look_up_algorithms();
	warm_up_random();
#endif
	ERR_clear_error();
}

void pg_tls_describe(const struct pg *pg, char *out, size_t size)
{
	const char *protocol, *cipher;

	out[0] = '\0';
	if (!pg_tls_used(pg))
		return;
	protocol = PQsslAttribute(pg->conn, "protocol");
	cipher = PQsslAttribute(pg->conn, "cipher");
	snprintf(out, size, "%s %s", protocol ? protocol : "TLS", cipher ? cipher : "");
}

bool pg_tls_pending(const struct pg *pg)
{
	SSL *ssl = PQsslStruct(pg->conn, "OpenSSL");

	return ssl && SSL_pending(ssl) > 0;
}

void pg_versions(char *out, size_t size)
{
	int v = PQlibVersion();

	snprintf(out, size, "libpq %d.%d, OpenSSL %s", v / 10000, v % 10000, OpenSSL_version(OPENSSL_VERSION_STRING));
}
