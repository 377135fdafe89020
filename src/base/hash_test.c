#include "base/hash.h"
#include "unit/test.h"

#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* FIPS 180-2 */

TEST(digest_of_known_texts)
{
	struct digest digest;
	digest_of("", 0, &digest);
	CHECK_STR(digest.text, EMPTY);
	digest_of("abc", 3, &digest);
	CHECK_STR(digest.text, ABC);
	CHECK_STR(digest_hex(&digest), &ABC[7]);
}

TEST(hash_starts_anew)
{
	struct digest digest;
	auto_hash struct hash *hash = hash_new();
	for (int i = 0; i < 2; i++) {
		hash_update(hash, "a", 1);
		hash_update(hash, "bc", 2);
		digest_final(hash, &digest);
		CHECK_STR(digest.text, ABC);
	}
	digest_final(hash, &digest);
	CHECK_STR(digest.text, EMPTY);
}

TEST(digest_parse_is_strict)
{
	struct err err;
	struct digest digest;
	CHECK_OK(digest_parse(ABC, &digest, &err));
	CHECK_STR(digest.text, ABC);
	static const char *const bad[] = {"",
					  "sha256:",
					  "sha256:../../etc/passwd",
					  &ABC[7],
					  ABC "0",
					  "SHA256:x",
					  "sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
					  "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
	for (size_t i = 0; i < array_size(bad); i++)
		CHECK_ERR(digest_parse(bad[i], &digest, &err), EINVAL);
}
