#include "observe/log_reader.h"

#include "unit/test.h"

#include <fcntl.h>
#include <stdio.h>

static struct err err;
static int dir;

static void append(const char *name, const char *text, const char *stream)
{
	FILE *file = fopen(name, "ae");
	fprintf(file, "{\"log\":\"%s\\n\",\"stream\":\"%s\",\"time\":\"2026-11-23T19:12:36.5Z\"}\n", text, stream);
	fclose(file);
}

static void start(void)
{
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* All entries now, as "text text ". */
static const char *rest(struct log_reader *reader)
{
	static char text[1024];
	struct log_entry entry;
	int rc;
	text[0] = 0;
	while ((rc = log_reader_next(reader, &entry, &err)) > 0)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s ", (int)entry.size - 1, entry.text);
	CHECK_INT(rc, 0);
	return text;
}

TEST(rotated_files_are_read_oldest_first)
{
	struct log_reader *reader;
	start();
	append("log.2", "a", "stdout");
	append("log.1", "b", "stdout");
	append("log.1", "c", "stderr");
	append("log", "d", "stdout");
	CHECK_OK(log_reader_open(dir, "log", -1, &reader, &err));
	CHECK_STR(rest(reader), "a b c d ");
	append("log", "e", "stdout");
	CHECK_STR(rest(reader), "e ");
	log_reader_close(reader);
	close(dir);
}

TEST(tail_reaches_over_files)
{
	static const char *const expected[] = {"", "d ", "c d ", "b c d ", "a b c d ", "a b c d "};
	start();
	append("log.1", "a", "stdout");
	append("log.1", "b", "stdout");
	append("log", "c", "stdout");
	append("log", "d", "stdout");
	for (int tail = 0; tail < 6; tail++) {
		struct log_reader *reader;
		CHECK_OK(log_reader_open(dir, "log", tail, &reader, &err));
		CHECK_STR(rest(reader), expected[tail]);
		append("more", "x", "stdout");
		log_reader_close(reader);
	}
	close(dir);
}

TEST(rotation_meanwhile_loses_nothing)
{
	struct log_reader *reader;
	start();
	append("log", "a", "stdout");
	CHECK_OK(log_reader_open(dir, "log", -1, &reader, &err));
	CHECK_STR(rest(reader), "a ");
	append("log", "b", "stdout");
	CHECK(rename("log", "log.1") == 0);
	append("log", "c", "stdout");
	CHECK_STR(rest(reader), "b c ");
	CHECK(rename("log.1", "log.2") == 0);
	CHECK(rename("log", "log.1") == 0);
	append("log", "d", "stdout");
	CHECK_STR(rest(reader), "d ");
	log_reader_close(reader);
	close(dir);
}

TEST(log_may_come_later_and_lines_in_pieces)
{
	struct log_reader *reader;
	struct log_entry entry;
	start();
	CHECK_OK(log_reader_open(dir, "log", -1, &reader, &err));
	CHECK_STR(rest(reader), "");
	FILE *file = fopen("log", "ae");
	fputs("{\"log\":\"half\",\"str", file);
	fflush(file);
	CHECK_STR(rest(reader), "");
	fputs("eam\":\"stderr\",\"time\":\"1970-01-01T00:00:01Z\"}\nnonsense\n", file);
	fclose(file);
	CHECK_INT(log_reader_next(reader, &entry, &err), 1);
	CHECK(entry.is_stderr);
	CHECK_INT(entry.time_ns, 1000000000);
	CHECK_STR(entry.text, "half");
	CHECK_INT(log_reader_next(reader, &entry, &err), 0);
	log_reader_close(reader);
	close(dir);
}
