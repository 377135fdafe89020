/*
 * SHA-256 (OpenSSL's EVP, which uses the processor's instructions), and digests as OCI writes them.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum { HASH_SIZE = 32, DIGEST_TEXT = 7 + 64 + 1 };

struct hash; /* a running SHA-256 */
struct hash *hash_new(void);
void hash_free(struct hash *hash);
void hash_update(struct hash *hash, const void *data, size_t size);
void hash_final(struct hash *hash, uint8_t out_sum[HASH_SIZE]); /* the hash starts anew afterwards */

/*
 * The state of a running hash as bytes, to go on with in another process of the same program: a download that was cut.
 * What is restored must come from a place that only we write to; -EINVAL when it is not such a state.
 */
enum { HASH_STATE = 8 + 32 + 64 + 8 };
void hash_save(const struct hash *hash, uint8_t out_state[HASH_STATE]);
int hash_restore(struct hash *hash, const uint8_t state[HASH_STATE], struct err *err) must_check;
uint64_t hash_total(const struct hash *hash); /* bytes so far */

static inline void cleanup_hash(struct hash **hash)
{
	hash_free(*hash);
}
#define auto_hash __attribute__((cleanup(cleanup_hash)))

/* "sha256:<64 lower-case hex digits>", the only algorithm that tug makes. */
struct digest {
	char text[DIGEST_TEXT];
};
void digest_of(const void *data, size_t size, struct digest *out_digest);
void digest_final(struct hash *hash, struct digest *out_digest);
/* Accepts "sha256:" and 64 lower-case hex digits, nothing else. -EINVAL. */
int digest_parse(const char *text, struct digest *out_digest, struct err *err) must_check;
const char *digest_hex(const struct digest *digest); /* behind the colon */
