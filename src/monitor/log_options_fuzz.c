/* Any bytes are options or are refused. */
#include "monitor/log_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(1 << 20);
	struct log_options options, again;
	struct err err;
	if (log_options_decode(&arena, (const char *)data, size, &options, &err) < 0)
		return 0;
	log_options_encode(&text, &options);
	if (log_options_decode(&arena, text.data, text.len, &again, &err) < 0)
		BUG("%s", err.msg);
	return 0;
}
