/* The state of a running hash is only to be had from the older interface; the code below it is the same. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/hash.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

struct hash {
	SHA256_CTX context;
	uint64_t total;
};

static void start(struct hash *hash)
{
	if (SHA256_Init(&hash->context) != 1)
		BUG("SHA-256 is not available");
	hash->total = 0;
}

struct hash *hash_new(void)
{
	struct hash *hash = x_alloc(sizeof *hash);
	start(hash);
	return hash;
}

void hash_free(struct hash *hash)
{
	free(hash);
}

void hash_update(struct hash *hash, const void *data, size_t size)
{
	if (SHA256_Update(&hash->context, data, size) != 1)
		BUG("hash of %zu bytes", size);
	hash->total += size;
}

void hash_final(struct hash *hash, uint8_t out_sum[HASH_SIZE])
{
	if (SHA256_Final(out_sum, &hash->context) != 1)
		BUG("end of a hash");
	start(hash);
}

uint64_t hash_total(const struct hash *hash)
{
	return hash->total;
}

/* A sum of the state stands behind it, cut to 8 bytes: a torn file is not taken for one. */
static void state_sum(const uint8_t *state, uint8_t out_sum[8])
{
	uint8_t sum[HASH_SIZE];
	if (EVP_Digest(state, HASH_STATE - 8, sum, NULL, EVP_sha256(), NULL) != 1)
		BUG("hash of a hash's state");
	memcpy(out_sum, sum, 8);
}

void hash_save(const struct hash *hash, uint8_t out_state[HASH_STATE])
{
	const SHA256_CTX *context = &hash->context;
	_Static_assert(sizeof context->h == 32 && sizeof context->data == 64, "the state of SHA-256");
	memcpy(out_state, &hash->total, 8);
	memcpy(out_state + 8, context->h, 32);
	memcpy(out_state + 40, context->data, 64);
	state_sum(out_state, out_state + 104);
}

int hash_restore(struct hash *hash, const uint8_t state[HASH_STATE], struct err *err)
{
	uint8_t sum[8];
	uint64_t total;
	state_sum(state, sum);
	if (memcmp(sum, state + 104, 8) != 0)
		return err_set(err, EINVAL, "not the state of a hash");
	memcpy(&total, state, 8);
	start(hash);
	hash->total = total;
	hash->context.Nl = (SHA_LONG)(total << 3);
	hash->context.Nh = (SHA_LONG)(total >> 29);
	hash->context.num = (unsigned)(total % 64);
	memcpy(hash->context.h, state + 8, 32);
	memcpy(hash->context.data, state + 40, 64);
	return 0;
}

static void digest_print(const uint8_t sum[HASH_SIZE], struct digest *out_digest)
{
	memcpy(out_digest->text, "sha256:", 7);
	hex_encode(sum, HASH_SIZE, out_digest->text + 7);
}

void digest_of(const void *data, size_t size, struct digest *out_digest)
{
	uint8_t sum[HASH_SIZE];
	if (EVP_Digest(data, size, sum, NULL, EVP_sha256(), NULL) != 1)
		BUG("hash of %zu bytes", size);
	digest_print(sum, out_digest);
}

void digest_final(struct hash *hash, struct digest *out_digest)
{
	uint8_t sum[HASH_SIZE];
	hash_final(hash, sum);
	digest_print(sum, out_digest);
}

int digest_parse(const char *text, struct digest *out_digest, struct err *err)
{
	const char *hex = text_after(text, "sha256:");
	if (!hex || strnlen(hex, 65) != 64 || strspn(hex, "0123456789abcdef") != 64)
		return err_set(err, EINVAL, "\"%.128s\" is not a digest: sha256: and 64 hex digits are expected", text);
	memcpy(out_digest->text, text, DIGEST_TEXT);
	return 0;
}

const char *digest_hex(const struct digest *digest)
{
	return digest->text + 7;
}
