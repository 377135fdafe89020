#include "observe/event_journal.h"

#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct event_header {
	char *boot;
	uint64_t first;
};
extern const struct json_table table_event_header;
JSON_TYPE(event_header, F_STR(struct event_header, boot, "boot", JSON_REQUIRED),
	  F_U64(struct event_header, first, "first", JSON_REQUIRED));

struct event_line {
	uint64_t seq;
	struct event_message event;
};
extern const struct json_table table_event_line;
JSON_TYPE(event_line, F_U64(struct event_line, seq, "seq", JSON_REQUIRED),
	  F_OBJECT(struct event_line, event, "event", JSON_REQUIRED, event_message));

struct segment {
	int fd;
	uint64_t first; /* 0: empty */
	uint64_t next;	/* behind the last line */
	size_t start;	/* of the first line */
	size_t end;	/* of what counts */
};

struct event_journal {
	struct segment segments[2];
	size_t current, size;
	char *boot;
	uint64_t last;
	bool failed; /* to write: said once */
};

/* --- lines --- */

/* The line at offset, without its end; NULL when there is no whole one. Lines are read in one piece. */
static char *line_read(const struct event_journal *journal, const struct segment *segment, size_t offset,
		       struct arena *arena, size_t *out_size)
{
	size_t room = journal->size - offset, got = 4096;
	for (;; got *= 4) {
		if (got > room)
			got = room;
		if (got > EVENT_LINE_MAX)
			got = EVENT_LINE_MAX;
		char *text = arena_alloc(arena, got + 1);
		ssize_t size = pread(segment->fd, text, got, (off_t)offset);
		if (size <= 0)
			return NULL;
		char *end = memchr(text, '\n', (size_t)size);
		if (end) {
			*end = 0;
			*out_size = (size_t)(end - text);
			return text;
		}
		if ((size_t)size < got || got == room || got == EVENT_LINE_MAX)
			return NULL;
	}
}

/* Only the number, which stands first. */
static bool line_number(const char *line, uint64_t *out_seq)
{
	const char *digits = text_after(line, "{\"seq\":");
	char *end;
	if (!digits || *digits < '0' || *digits > '9')
		return false;
	*out_seq = strtoull(digits, &end, 10);
	return *end == ',';
}

/* --- open --- */

static bool header_read(const struct event_journal *journal, struct segment *segment, struct arena *arena,
			struct event_header *header)
{
	size_t size;
	struct err ignored;
	char *line = line_read(journal, segment, 0, arena, &size);
	if (!line || json_load(arena, &table_event_header, line, size, "events", 0, header, &ignored) < 0 ||
	    header->first == 0)
		return false;
	segment->first = segment->next = header->first;
	segment->start = segment->end = size + 1;
	return true;
}

/* Up to where the numbers go on without a gap and the lines are whole. */
static void lines_scan(const struct event_journal *journal, struct segment *segment)
{
	for (;;) {
		auto_arena arena = {0};
		struct event_line line = {0};
		struct err ignored;
		uint64_t seq;
		size_t size;
		char *text =
		    segment->end < journal->size ? line_read(journal, segment, segment->end, &arena, &size) : NULL;
		if (!text || !line_number(text, &seq) || seq != segment->next ||
		    json_load(&arena, &table_event_line, text, size, "events", 0, &line, &ignored) < 0)
			return;
		segment->next++;
		segment->end += size + 1;
	}
}

static int segment_open(const struct event_journal *journal, struct segment *segment, int dir, const char *name,
			struct err *err)
{
	segment->fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (segment->fd < 0)
		return err_sys(err, "%s", name);
	/* File systems that cannot reserve: writing may fail then, which is said. */
	if (posix_fallocate(segment->fd, 0, (off_t)journal->size) != 0 &&
	    ftruncate(segment->fd, (off_t)journal->size) < 0)
		return err_sys(err, "%s", name);
	return 0;
}

static int segment_begin(struct event_journal *journal, size_t index, uint64_t first, struct err *err)
{
	struct segment *segment = &journal->segments[index];
	auto_buf line = BUF_INIT(4096);
	const struct event_header header = {journal->boot, first};
	json_encode(&line, &table_event_header, &header);
	buf_char(&line, '\n');
	segment->first = segment->next = first;
	segment->start = segment->end = line.len;
	journal->current = index;
	if (pwrite(segment->fd, line.data, line.len, 0) != (ssize_t)line.len)
		return err_sys(err, "the journal of events");
	return 0;
}

static int journal_load(struct event_journal *journal, struct err *err)
{
	auto_arena arena = {0};
	struct event_header headers[2] = {0};
	for (size_t i = 0; i < 2; i++) {
		if (header_read(journal, &journal->segments[i], &arena, &headers[i]))
			lines_scan(journal, &journal->segments[i]);
	}
	journal->current = journal->segments[1].first > journal->segments[0].first;
	const struct segment *current = &journal->segments[journal->current];
	if (current->first == 0)
		return segment_begin(journal, 0, 1, err);
	journal->last = current->next - 1;
	if (text_equal(headers[journal->current].boot, journal->boot))
		return 0;
	journal->last += EVENT_JOURNAL_JUMP;
	return segment_begin(journal, !journal->current, journal->last + 1, err);
}

int event_journal_open(int dir, const char *boot, size_t size, struct event_journal **out_journal, struct err *err)
{
	struct event_journal *journal = x_alloc(sizeof *journal);
	*journal = (struct event_journal){
	    .segments = {{.fd = -1}, {.fd = -1}}, .size = size ? size : EVENT_JOURNAL_SIZE, .boot = x_strdup(boot)};
	int rc = segment_open(journal, &journal->segments[0], dir, "events.0", err);
	if (rc == 0)
		rc = segment_open(journal, &journal->segments[1], dir, "events.1", err);
	if (rc == 0)
		rc = journal_load(journal, err);
	if (rc < 0) {
		event_journal_close(journal);
		return rc;
	}
	*out_journal = journal;
	return 0;
}

void event_journal_close(struct event_journal *journal)
{
	if (!journal)
		return;
	for (size_t i = 0; i < 2; i++)
		cleanup_fd(&journal->segments[i].fd);
	free(journal->boot);
	free(journal);
}

uint64_t event_journal_last(const struct event_journal *journal)
{
	return journal->last;
}

/* --- writing --- */

int event_journal_append(struct event_journal *journal, struct event_message *event, struct err *err)
{
	auto_buf text = BUF_INIT(EVENT_LINE_MAX);
	struct event_line line = {.seq = ++journal->last, .event = *event};
	event->seq = line.seq;
	line.event.seq = 0;
	json_encode(&text, &table_event_line, &line);
	buf_char(&text, '\n');
	int rc = buf_check(&text, "an event", err);
	if (rc < 0)
		return rc;
	struct segment *segment = &journal->segments[journal->current];
	/* Numbers in a file have no gap: behind a line that could not be written the other file is begun. */
	if (segment->end + text.len > journal->size || segment->next != line.seq) {
		rc = segment_begin(journal, !journal->current, line.seq, err);
		segment = &journal->segments[journal->current];
	}
	if (rc == 0 && pwrite(segment->fd, text.data, text.len, (off_t)segment->end) != (ssize_t)text.len)
		rc = err_sys(err, "the journal of events");
	if (rc < 0) {
		bool said = journal->failed;
		journal->failed = true;
		return said ? 0 : rc;
	}
	/* On its way to the disk; nobody waits for it. */
	(void)sync_file_range(segment->fd, (off_t)segment->end, (off_t)text.len, SYNC_FILE_RANGE_WRITE);
	journal->failed = false;
	segment->next++;
	segment->end += text.len;
	return 0;
}

/* --- reading --- */

void event_reader_init(struct event_reader *reader, uint64_t after)
{
	*reader = (struct event_reader){.next = after + 1};
}

/* The file that has the number, or the one that begins next above it; NULL: none. */
static struct segment *segment_find(struct event_journal *journal, uint64_t seq)
{
	struct segment *older = &journal->segments[!journal->current], *newer = &journal->segments[journal->current];
	if (older->first && older->next > older->first && seq < older->next)
		return older;
	return seq < newer->next ? newer : NULL;
}

/* To the line with reader->next, from the start of the file. */
static bool line_find(struct event_journal *journal, const struct segment *segment, struct event_reader *reader)
{
	size_t offset = segment->start;
	for (uint64_t seq = segment->first; seq < reader->next; seq++) {
		auto_arena arena = {0};
		size_t size;
		if (!line_read(journal, segment, offset, &arena, &size))
			return false;
		offset += size + 1;
	}
	reader->segment = segment->first;
	reader->offset = offset;
	return true;
}

enum event_read event_journal_read(struct event_journal *journal, struct event_reader *reader, struct arena *arena,
				   struct event_message *out_event, uint64_t *out_from, uint64_t *out_to)
{
	struct segment *segment = segment_find(journal, reader->next);
	struct event_line line = {0};
	struct err ignored;
	size_t size;
	uint64_t from = reader->next;
	if (!segment && reader->next > journal->last) {
		return EVENT_READ_END;
	}
	uint64_t to = segment ? segment->first - 1 : journal->last;
	if (!segment || reader->next < segment->first) {
		*out_from = from;
		*out_to = to;
		reader->next = to + 1;
		reader->segment = 0;
		return EVENT_READ_GAP;
	}
	if (reader->segment == segment->first || line_find(journal, segment, reader)) {
		char *text = line_read(journal, segment, reader->offset, arena, &size);
		if (text && json_load(arena, &table_event_line, text, size, "events", 0, &line, &ignored) == 0 &&
		    line.seq == reader->next) {
			*out_event = line.event;
			out_event->seq = line.seq;
			reader->next++;
			reader->offset += size + 1;
			return EVENT_READ_ONE;
		}
	}
	/* Somebody else wrote into the file: what it held is lost. */
	*out_from = from;
	*out_to = segment->next - 1;
	reader->next = segment->next;
	reader->segment = 0;
	return EVENT_READ_GAP;
}
