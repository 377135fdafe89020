#include "base/json.h"

#include <string.h>

/* What was parsed and printed parses again, and prints the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena arena = {0};
	struct err err;
	const struct json *value;
	auto_buf first = BUF_INIT(64 << 20), second = BUF_INIT(64 << 20);
	if (json_parse(&arena, data, size, "input", &value, &err) < 0)
		return 0;
	json_encode_value(&first, value);
	if (json_parse(&arena, first.data, first.len, "output", &value, &err) < 0)
		BUG("%s: %s", err.msg, first.data);
	json_encode_value(&second, value);
	if (strcmp(first.data, second.data) != 0)
		BUG("%s is not %s", second.data, first.data);
	return 0;
}
