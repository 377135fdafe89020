#include "monitor/exit_record.h"

#include "base/file.h"
#include "unit/test.h"

#include <fcntl.h>

TEST(what_is_written_is_read)
{
	const struct exit_record record = {.code = 137,
					   .oom_killed = true,
					   .time_ns = 1732443000123456789,
					   .signal = 9,
					   .sent = 15,
					   .oom = {2, 16 << 20, 4711, "a name"}};
	struct exit_record read = {0};
	struct err err;
	CHECK_OK(exit_record_write(AT_FDCWD, &record, &err));
	CHECK_OK(exit_record_read(AT_FDCWD, &read, &err));
	CHECK_INT(read.code, 137);
	CHECK(read.oom_killed);
	CHECK_INT(read.time_ns, record.time_ns);
	CHECK_INT(read.signal, 9);
	CHECK(!read.core);
	CHECK_INT(read.sent, 15);
	CHECK_INT(read.oom.kills, 2);
	CHECK_INT(read.oom.limit, 16 << 20);
	CHECK_INT(read.oom.pid, 4711);
	CHECK_STR(read.oom.name, "a name");
}

TEST(a_record_of_an_older_monitor_is_read)
{
	struct exit_record read = {0};
	struct err err;
	CHECK_OK(file_replace(AT_FDCWD, "exit", "3 0 5\n", 6, 0600, &err));
	CHECK_OK(exit_record_read(AT_FDCWD, &read, &err));
	CHECK_INT(read.code, 3);
	CHECK_INT(read.signal, 0);
}

TEST(a_missing_record_is_no_entry)
{
	struct exit_record read;
	struct err err;
	CHECK_ERR(exit_record_read(AT_FDCWD, &read, &err), ENOENT);
}

TEST(a_record_that_is_not_whole_is_refused)
{
	static const char *const texts[] = {"",
					    "1",
					    "1 0 5",
					    "256 0 5\n",
					    "1 2 5\n",
					    "1 0\n",
					    "1 0 5 6\n",
					    "-1 0 5\n",
					    "1 0 5x\n",
					    "\n",
					    "1 0 5 0 0 0 0 0 0\n",
					    "1 0 5 65 0 0 0 0 0 x\n"};
	for (size_t i = 0; i < array_size(texts); i++) {
		struct exit_record read = {.code = 42};
		struct err err;
		CHECK_OK(file_replace(AT_FDCWD, "exit", texts[i], strlen(texts[i]), 0600, &err));
		CHECK(exit_record_read(AT_FDCWD, &read, &err) == -EINVAL);
		CHECK_INT(read.code, 42);
	}
}
