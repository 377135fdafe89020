#include "observe/log_reader.h"

#include "unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

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

TEST(a_number_that_a_rotation_has_just_freed_hides_no_file)
{
	struct log_reader *reader;
	start();
	append("log.3", "a", "stdout");
	append("log.1", "b", "stdout");
	append("log", "c", "stdout");
	CHECK_OK(log_reader_open(dir, "log", -1, &reader, &err));
	CHECK_STR(rest(reader), "a b c ");
	log_reader_close(reader);
	CHECK_OK(log_reader_open(dir, "log", 3, &reader, &err));
	CHECK(rename("log.1", "log.2") == 0);
	CHECK(rename("log", "log.1") == 0);
	CHECK_STR(rest(reader), "a b c ");
	append("log", "d", "stdout");
	CHECK_STR(rest(reader), "d ");
	log_reader_close(reader);
	close(dir);
}

TEST(a_log_of_one_file_that_begins_anew_is_read_from_its_start)
{
	struct log_reader *reader;
	start();
	append("log", "aaaa", "stdout");
	append("log", "bbbb", "stdout");
	CHECK_OK(log_reader_open(dir, "log", -1, &reader, &err));
	CHECK_STR(rest(reader), "aaaa bbbb ");
	CHECK(truncate("log", 0) == 0);
	append("log", "c", "stdout");
	CHECK_STR(rest(reader), "c ");
	log_reader_close(reader);
	close(dir);
}

enum { LINES = 4000, LINES_PER_FILE = 8, FILES = 600 };

/* Writes "0" to "LINES - 1", and rotates as fast as it can. */
static void write_and_rotate(void)
{
	for (int i = 0; i < LINES; i++) {
		char text[16], from[16], to[16];
		if (i % LINES_PER_FILE == 0) {
			for (int number = FILES; number > 1; number--) {
				snprintf(from, sizeof from, "log.%d", number - 1);
				snprintf(to, sizeof to, "log.%d", number);
				if (access(from, F_OK) == 0)
					(void)!rename(from, to);
			}
			(void)!rename("log", "log.1");
		}
		snprintf(text, sizeof text, "%d", i);
		append("log", text, "stdout");
	}
}

TEST(readers_beside_a_fast_writer_miss_nothing)
{
	start();
	pid_t writer = fork();
	if (writer == 0) {
		write_and_rotate();
		_exit(0);
	}
	struct log_reader *reader = NULL;
	int next = 0;
	for (int turn = 0; next < LINES; turn++) {
		struct log_entry entry;
		/* Some follow, some begin anew: neither is a line further than the other. */
		if (!reader || (turn % 50 == 0 && next < LINES / 2)) {
			log_reader_close(reader);
			CHECK_OK(log_reader_open(dir, "log", -1, &reader, &err));
			next = 0;
		}
		int rc;
		while ((rc = log_reader_next(reader, &entry, &err)) > 0) {
			char expected[16];
			snprintf(expected, sizeof expected, "%d\n", next);
			CHECK_STR(entry.text, expected);
			next++;
		}
		CHECK_INT(rc, 0);
	}
	log_reader_close(reader);
	CHECK(waitpid(writer, NULL, 0) == writer);
	close(dir);
}
