#include "base/log.h"
#include "base/file.h"
#include "base/json.h"
#include "unit/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

static void read_log(const char *name, struct buf *out)
{
	struct err err;
	CHECK_OK(file_read(AT_FDCWD, name, out, &err));
}

TEST(text_sink)
{
	struct err err, fault;
	auto_buf text = BUF_INIT(4096);
	CHECK_OK(log_add_file("log", LOG_FORMAT_TEXT, &err));
	err_set(&fault, ENOENT, "no\nsuch");
	log_info("started", "id", "abc", "name", "two words", "empty", NULL);
	log_debug("not shown");
	log_error(LOG_LEVEL_ERROR, &fault, "failed", "evil", "a\x1b[31m\nb", NULL);
	log_close();
	read_log("log", &text);
	CHECK_CONTAINS(text.data, "level=info msg=\"started\" id=abc name=\"two words\" empty=\"\"\n");
	CHECK_CONTAINS(text.data, "level=error msg=\"failed\" evil=\"a\\u001b[31m\\nb\" error=\"no\\nsuch\"\n");
	CHECK(!strstr(text.data, "not shown"));
}

TEST(json_sink_and_levels)
{
	struct err err;
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(4096);
	const struct json *line;
	enum log_level level;
	CHECK_OK(log_level_parse("debug", &level, &err));
	log_set_level(level);
	CHECK_ERR(log_level_parse("loud", &level, &err), EINVAL);
	CHECK_OK(log_add_file("log", LOG_FORMAT_JSON, &err));
	log_debug("shown", "bytes", "\xff\n");
	log_close();
	read_log("log", &text);
	CHECK_OK(json_parse(&arena, text.data, text.len, "line", &line, &err));
	CHECK_STR(json_get(line, "level")->text, "debug");
	CHECK_STR(json_get(line, "bytes")->text, "\xef\xbf\xbd\n");
}

TEST(journald_and_a_file_at_once)
{
	struct err err;
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "journal"};
	auto_fd int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(bind(journal, (struct sockaddr *)&address, sizeof address) == 0);
	CHECK_OK(log_add_journald("journal", &err));
	CHECK_OK(log_add_file("log", LOG_FORMAT_TEXT, &err));
	log_warn("careful", "container-id", "x\nPRIORITY=0");
	log_close();
	char message[512] = "";
	CHECK(recv(journal, message, sizeof message - 1, 0) > 0);
	CHECK_STR(message, "PRIORITY=4\nSYSLOG_IDENTIFIER=tugd\nMESSAGE=careful\nCONTAINER_ID=x PRIORITY=0\n");
	auto_buf text = BUF_INIT(4096);
	read_log("log", &text);
	CHECK_CONTAINS(text.data, "careful");
}
