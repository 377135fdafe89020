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

TEST(hash_goes_on_from_a_saved_state)
{
	struct err err;
	struct digest whole, parts;
	uint8_t state[HASH_STATE];
	char data[1000];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)i;
	digest_of(data, sizeof data, &whole);
	for (size_t cut = 0; cut <= sizeof data; cut += 37) {
		auto_hash struct hash *first = hash_new();
		auto_hash struct hash *second = hash_new();
		hash_update(first, data, cut);
		hash_save(first, state);
		CHECK_OK(hash_restore(second, state, &err));
		CHECK(hash_total(second) == cut);
		hash_update(second, data + cut, sizeof data - cut);
		digest_final(second, &parts);
		CHECK_STR(parts.text, whole.text);
	}
	auto_hash struct hash *hash = hash_new();
	state[9] ^= 1;
	CHECK_ERR(hash_restore(hash, state, &err), EINVAL);
}
