/*
 * The journal of events: what happened, numbered, on disk, bounded.
 *
 * Two files of a fixed size (events.0, events.1 below a directory), reserved when they are made, so that a full disk
 * stops nothing. A line per event, {"seq":N,"event":{...}}; when one file is full the other is begun anew, so that the
 * last EVENT_JOURNAL_SIZE bytes or more are always there. A file begins with {"boot":ID,"first":N}; its lines are
 * numbered without a gap from N on, and end where the numbers do (what lies behind is older).
 *
 * An event is in the file before anybody is told of it: it outlives the engine however that ends. What a power failure
 * takes of the last seconds is not hidden: the first number after a start of the machine jumps by EVENT_JOURNAL_JUMP,
 * and readers are told of a gap. Runs in the engine; nothing waits for the disk.
 */
#pragma once

#include "base/arena.h"
#include "docker/event.h"

enum { EVENT_JOURNAL_SIZE = 4 << 20, EVENT_LINE_MAX = 256 << 10, EVENT_JOURNAL_JUMP = 1 << 20 };

struct event_journal;

/* boot: the identity of this run of the machine. size: of a file; 0: EVENT_JOURNAL_SIZE. */
int event_journal_open(int dir, const char *boot, size_t size, struct event_journal **out_journal,
		       struct err *err) must_check;
void event_journal_close(struct event_journal *journal); /* takes NULL */

/* Sets event->seq. The number is used up also when the line could not be written (-errno, said once). */
int event_journal_append(struct event_journal *journal, struct event_message *event, struct err *err) must_check;

uint64_t event_journal_last(const struct event_journal *journal); /* the newest number; 0: none yet */

/* A place in the journal. */
struct event_reader {
	uint64_t next;	  /* the number that is read next */
	uint64_t segment; /* of the file it is in: its first number; 0: to be looked for */
	size_t offset;
};

/* Events with numbers above `after`. */
void event_reader_init(struct event_reader *reader, uint64_t after);

enum event_read { EVENT_READ_END, EVENT_READ_ONE, EVENT_READ_GAP };

/*
 * EVENT_READ_ONE: *out_event, in the arena. EVENT_READ_GAP: the numbers from *out_from up to *out_to are not there any
 * more, or never were; the next call goes on behind them. EVENT_READ_END: no newer one.
 */
enum event_read event_journal_read(struct event_journal *journal, struct event_reader *reader, struct arena *arena,
				   struct event_message *out_event, uint64_t *out_from, uint64_t *out_to);
