#include "monitor/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena arena = {0};
	struct cgroup_settings settings;
	struct err err;
	if (settings_decode(&arena, (const char *)data, size, &settings, &err) == 0) {
		auto_buf text = BUF_INIT(1 << 20);
		settings_encode(&text, &settings);
		if (text.len != size)
			BUG("not the same again");
	}
	return 0;
}
