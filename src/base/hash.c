#include "base/hash.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

struct hash {
	EVP_MD_CTX *context;
};

static void start(struct hash *hash)
{
	if (EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1)
		BUG("SHA-256 is not available");
}

struct hash *hash_new(void)
{
	struct hash *hash = x_alloc(sizeof *hash);
	hash->context = EVP_MD_CTX_new();
	if (!hash->context)
		BUG("out of memory for a hash");
	start(hash);
	return hash;
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	free(hash);
}

void hash_update(struct hash *hash, const void *data, size_t size)
{
	if (EVP_DigestUpdate(hash->context, data, size) != 1)
		BUG("hash of %zu bytes", size);
}

void hash_final(struct hash *hash, uint8_t out_sum[HASH_SIZE])
{
	if (EVP_DigestFinal_ex(hash->context, out_sum, NULL) != 1)
		BUG("end of a hash");
	start(hash);
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
