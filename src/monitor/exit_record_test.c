#include "monitor/exit_record.h"

#include "base/file.h"
#include "unit/test.h"

#include <fcntl.h>

TEST(what_is_written_is_read)
{
	const struct exit_record record = {137, true, 1732443000123456789};
	struct exit_record read = {0};
	struct err err;
	CHECK_OK(exit_record_write(AT_FDCWD, &record, &err));
	CHECK_OK(exit_record_read(AT_FDCWD, &read, &err));
	CHECK_INT(read.code, 137);
	CHECK(read.oom_killed);
	CHECK_INT(read.time_ns, record.time_ns);
}

TEST(a_missing_record_is_no_entry)
{
	struct exit_record read;
	struct err err;
	CHECK_ERR(exit_record_read(AT_FDCWD, &read, &err), ENOENT);
}

TEST(a_record_that_is_not_whole_is_refused)
{
	static const char *const texts[] = {"",	     "1",	  "1 0 5",    "256 0 5\n", "1 2 5\n",
					    "1 0\n", "1 0 5 6\n", "-1 0 5\n", "1 0 5x\n",  "\n"};
	for (size_t i = 0; i < array_size(texts); i++) {
		struct exit_record read = {.code = 42};
		struct err err;
		CHECK_OK(file_replace(AT_FDCWD, "exit", texts[i], strlen(texts[i]), 0600, &err));
		CHECK(exit_record_read(AT_FDCWD, &read, &err) == -EINVAL);
		CHECK_INT(read.code, 42);
	}
}
