#include "monitor/log_file.h"

#include "base/file.h"
#include "unit/test.h"

#include <fcntl.h>
#include <unistd.h>

#define TIME "\"time\":\"1970-01-01T00:00:01.000000000Z\"}\n"

static struct err err;

static struct log_file *open_log(int64_t size_max, int64_t files_max)
{
	struct log_file *log;
	CHECK_OK(log_file_open(AT_FDCWD, "log", size_max, files_max, &log, &err));
	return log;
}

static void write_text(struct log_file *log, enum log_stream stream, const char *text)
{
	CHECK_INT(log_file_write(log, stream, text, strlen(text), 1000000000), 0);
}

static void check_file(const char *name, const char *content)
{
	auto_buf text = BUF_INIT(8 << 20);
	CHECK_OK(file_read(AT_FDCWD, name, &text, &err));
	CHECK_STR(buf_str(&text), content);
}

TEST(a_line_is_an_object)
{
	struct log_file *log = open_log(0, 1);
	write_text(log, LOG_STDOUT, "one\ntwo\n");
	write_text(log, LOG_STDERR, "three\n");
	check_file("log",
		   "{\"log\":\"one\\n\",\"stream\":\"stdout\"," TIME "{\"log\":\"two\\n\",\"stream\":\"stdout\"," TIME
		   "{\"log\":\"three\\n\",\"stream\":\"stderr\"," TIME);
	log_file_close(log, 1000000000);
}

TEST(half_a_line_waits_for_the_rest_of_its_own_stream)
{
	struct log_file *log = open_log(0, 1);
	write_text(log, LOG_STDOUT, "ha");
	write_text(log, LOG_STDERR, "no\n");
	write_text(log, LOG_STDOUT, "lf\nend");
	log_file_close(log, 1000000000);
	check_file("log",
		   "{\"log\":\"no\\n\",\"stream\":\"stderr\"," TIME "{\"log\":\"half\\n\",\"stream\":\"stdout\"," TIME
		   "{\"log\":\"end\",\"stream\":\"stdout\"," TIME);
}

TEST(what_json_cannot_hold_is_escaped_and_other_bytes_stay)
{
	struct log_file *log = open_log(0, 1);
	CHECK_INT(log_file_write(log, LOG_STDOUT, "\0\t\"\\\x1b\x7f\xff\xc3\xa4\n", 10, 1000000000), 0);
	log_file_close(log, 1000000000);
	check_file("log", "{\"log\":\"\\u0000\\t\\\"\\\\\\u001b\\u007f\xff\xc3\xa4\\n\",\"stream\":\"stdout\"," TIME);
}

TEST(a_long_line_is_cut_every_16_kib)
{
	struct log_file *log = open_log(0, 1);
	auto_buf text = BUF_INIT(1 << 20), wanted = BUF_INIT(1 << 20);
	for (size_t i = 0; i < 2 * LOG_LINE_MAX + 5; i++)
		buf_char(&text, 'x');
	buf_char(&text, '\n');
	/* In pieces that do not fit the cuts. */
	for (size_t at = 0; at < text.len; at += 1000) {
		size_t size = text.len - at < 1000 ? text.len - at : 1000;
		CHECK_INT(log_file_write(log, LOG_STDOUT, text.data + at, size, 1000000000), 0);
	}
	log_file_close(log, 1000000000);
	for (int i = 0; i < 2; i++)
		buf_printf(&wanted, "{\"log\":\"%.*s\",\"stream\":\"stdout\",%s", LOG_LINE_MAX, text.data, TIME);
	buf_printf(&wanted, "{\"log\":\"xxxxx\\n\",\"stream\":\"stdout\",%s", TIME);
	check_file("log", wanted.data);
}

TEST(files_rotate_by_size_and_as_many_as_asked_for_are_kept)
{
	struct log_file *log = open_log(1, 3);
	for (const char *text = "abcde"; *text; text++)
		write_text(log, LOG_STDOUT, (const char[]){*text, '\n', 0});
	log_file_close(log, 1000000000);
	check_file("log", "{\"log\":\"e\\n\",\"stream\":\"stdout\"," TIME);
	check_file("log.1", "{\"log\":\"d\\n\",\"stream\":\"stdout\"," TIME);
	check_file("log.2", "{\"log\":\"c\\n\",\"stream\":\"stdout\"," TIME);
	CHECK(access("log.3", F_OK) < 0);
}

TEST(a_single_file_begins_anew)
{
	struct log_file *log = open_log(1, 1);
	write_text(log, LOG_STDOUT, "a\nb\n");
	log_file_close(log, 1000000000);
	check_file("log", "{\"log\":\"b\\n\",\"stream\":\"stdout\"," TIME);
	CHECK(access("log.1", F_OK) < 0);
}

TEST(a_log_that_is_there_grows)
{
	struct log_file *log = open_log(0, 1);
	write_text(log, LOG_STDOUT, "a\n");
	log_file_close(log, 1000000000);
	log = open_log(0, 1);
	write_text(log, LOG_STDOUT, "b\n");
	log_file_close(log, 1000000000);
	check_file("log",
		   "{\"log\":\"a\\n\",\"stream\":\"stdout\"," TIME "{\"log\":\"b\\n\",\"stream\":\"stdout\"," TIME);
}
