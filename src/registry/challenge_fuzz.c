#include "registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena arena = {0};
	struct challenge list[CHALLENGES_MAX];
	struct err err;
	size_t count = 0;
	uint64_t a, b, c;
	auto_free char *text = x_strndup((const char *)data, size);
	int kept = challenge_parse(&arena, text, list, &count, &err);
	if (count > CHALLENGES_MAX)
		BUG("%zu challenges", count);
	const char *next = link_next(&arena, text);
	int64_t seconds = retry_after_seconds(text, 1700000000);
	if (seconds < -1 || (next && !*next))
		BUG("an impossible answer");
	kept = content_range_parse(text, &a, &b, &c, &err);
	if (kept == 0 && (b < a || b >= c))
		BUG("a range of nothing");
	kept = upload_range_parse(text, &a, &err);
	return kept > 0;
}
