/*
 * An accepted reference prints as one that is accepted and means the same.
 */
#include "docker/reference.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	struct reference first, second;
	char full[REFERENCE_TEXT_MAX], again[REFERENCE_TEXT_MAX];
	auto_free char *text = x_strndup((const char *)data, size);
	if (!size || reference_parse(text, &first, &err) < 0)
		return 0;
	reference_full(&first, full);
	if (reference_parse(full, &second, &err) < 0)
		BUG("%s became %s: %s", text, full, err.msg);
	reference_full(&second, again);
	if (strcmp(full, again) != 0)
		BUG("%s, then %s", full, again);
	reference_familiar(&first, again);
	if (reference_parse(again, &second, &err) < 0)
		BUG("%s became %s: %s", text, again, err.msg);
	return 0;
}
