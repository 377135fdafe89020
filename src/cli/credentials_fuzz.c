/* What was written by credentials_edit is read back. */
#include "cli/credentials.h"

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena arena = {0};
	auto_buf out = BUF_INIT(1 << 20);
	struct credentials_file file;
	struct err err;
	bool found;
	const struct auth_config auth = {.username = (char *)"u", .password = (char *)"p"};
	if (credentials_read(&arena, data, size, "r.example", &file, &err) < 0 ||
	    credentials_edit(&arena, data, size, "r.example", &auth, &out, &found, &err) < 0)
		return 0;
	if (credentials_read(&arena, out.data, out.len, "r.example", &file, &err) < 0)
		BUG("%s", err.msg);
	if (!file.auth.username || !text_equal(file.auth.username, "u"))
		BUG("other credentials came back");
	return 0;
}
