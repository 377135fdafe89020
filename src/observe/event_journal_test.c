#include "observe/event_journal.h"

#include "unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err err;
static int dir = -1;
static struct event_journal *journal;

static void open_it(const char *boot, size_t size)
{
	if (dir < 0)
		dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(event_journal_open(dir, boot, size, &journal, &err));
}

static void close_it(void)
{
	event_journal_close(journal);
	journal = NULL;
	close(dir);
	dir = -1;
}

static void append(const char *action)
{
	struct event_message event = {.type = (char *)"container",
				      .action = (char *)action,
				      .actor = {.id = (char *)"x"},
				      .scope = (char *)"local"};
	CHECK_OK(event_journal_append(journal, &event, &err));
	CHECK_INT(event.seq, event_journal_last(journal));
}

static enum event_read read_one(struct event_reader *reader, char *out_action, uint64_t *out_from, uint64_t *out_to)
{
	auto_arena arena = {0};
	struct event_message event;
	enum event_read read = event_journal_read(journal, reader, &arena, &event, out_from, out_to);
	if (read == EVENT_READ_ONE)
		strcpy(out_action, event.action);
	return read;
}

TEST(what_is_written_is_read_also_later)
{
	struct event_reader reader;
	char action[32];
	uint64_t from, to;
	open_it("boot", 0);
	append("create");
	append("start");
	event_reader_init(&reader, 0);
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_STR(action, "create");
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_STR(action, "start");
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_END);
	append("die");
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_STR(action, "die");
	close_it();
	open_it("boot", 0);
	CHECK_INT(event_journal_last(journal), 3);
	append("destroy");
	event_reader_init(&reader, 2);
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_STR(action, "die");
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_STR(action, "destroy");
	close_it();
}

TEST(it_is_bounded_and_a_gap_is_told)
{
	struct event_reader reader, slow;
	char action[32], number[32];
	uint64_t from, to, expected;
	open_it("boot", 4096);
	event_reader_init(&slow, 0);
	append("first");
	CHECK_INT(read_one(&slow, action, &from, &to), EVENT_READ_ONE);
	for (int i = 2; i <= 200; i++) {
		snprintf(number, sizeof number, "%d", i);
		append(number);
	}
	event_reader_init(&reader, 0);
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_GAP);
	CHECK_INT(from, 1);
	expected = to + 1;
	CHECK(expected > 100 && expected < 200);
	while (read_one(&reader, action, &from, &to) == EVENT_READ_ONE) {
		snprintf(number, sizeof number, "%d", (int)expected++);
		CHECK_STR(action, number);
	}
	CHECK_INT(expected, 201);
	CHECK_INT(read_one(&slow, action, &from, &to), EVENT_READ_GAP);
	CHECK_INT(from, 2);
	struct stat status;
	CHECK(stat("events.0", &status) == 0 && status.st_size == 4096);
	close_it();
}

TEST(a_torn_line_is_the_end)
{
	struct event_reader reader;
	char action[32];
	uint64_t from, to;
	open_it("boot", 4096);
	append("whole");
	append("torn");
	close_it();
	int fd = open("events.0", O_RDWR | O_CLOEXEC);
	char text[4096];
	CHECK_INT(pread(fd, text, sizeof text, 0), 4096);
	char *torn = strstr(text, "torn");
	CHECK(torn && pwrite(fd, "\0\0\0\0\0\0", 6, torn - text) == 6);
	close(fd);
	open_it("boot", 4096);
	CHECK_INT(event_journal_last(journal), 1);
	append("next");
	event_reader_init(&reader, 0);
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_STR(action, "next");
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_END);
	close_it();
}

TEST(after_a_boot_numbers_jump)
{
	struct event_reader reader;
	char action[32];
	uint64_t from, to;
	open_it("one", 0);
	append("before");
	close_it();
	open_it("two", 0);
	append("after");
	CHECK_INT(event_journal_last(journal), 2 + EVENT_JOURNAL_JUMP);
	event_reader_init(&reader, 0);
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_STR(action, "before");
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_GAP);
	CHECK_INT(from, 2);
	CHECK_INT(to, 1 + EVENT_JOURNAL_JUMP);
	CHECK_INT(read_one(&reader, action, &from, &to), EVENT_READ_ONE);
	CHECK_STR(action, "after");
	close_it();
}

TEST(garbage_is_begun_anew)
{
	int fd = open("events.0", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, "nonsense\n{}\n", 12), 12);
	close(fd);
	open_it("boot", 0);
	CHECK_INT(event_journal_last(journal), 0);
	append("create");
	CHECK_INT(event_journal_last(journal), 1);
	close_it();
}
