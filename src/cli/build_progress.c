#include "cli/build_progress.h"

#include "base/text.h"
#include "base/time.h"
#include "cli/show.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_KEPT = 200, TAIL_SHOWN = 6, LINE_MAX_BYTES = 16 << 10, WIDTH_LEAST = 40 };
#define SECOND 1e9

struct step_view {
	int64_t id, number; /* number: of its first appearance */
	char *label;
	int64_t began_ns, ended_ns;
	enum { VIEW_RUNNING, VIEW_DONE, VIEW_CACHED, VIEW_FAILED } state;
	struct buf line;
	char *lines[LINES_KEPT]; /* the last ones, a ring */
	size_t line_count;
};

struct build_progress {
	enum build_progress_mode mode;
	struct step_view **steps;
	size_t count, room;
	int64_t began_ns, at_ns, last_ns; /* the build's own clock at the last event, and ours then */
	int64_t shown_step;		  /* plain: whose lines are printed */
	unsigned drawn;			  /* tty: lines on the screen */
	struct build_event error;
	char *error_text, *error_file, *error_name;
	char **warnings;
};

int build_progress_mode(const char *text, enum build_progress_mode *out_mode, struct err *err)
{
	if (text_empty(text) || text_equal(text, "auto"))
		*out_mode = isatty(STDERR_FILENO) ? PROGRESS_TTY : PROGRESS_PLAIN;
	else if (text_equal(text, "plain"))
		*out_mode = PROGRESS_PLAIN;
	else if (text_equal(text, "tty"))
		*out_mode = PROGRESS_TTY;
	else if (text_equal(text, "rawjson"))
		*out_mode = PROGRESS_RAW;
	else if (text_equal(text, "quiet") || text_equal(text, "none"))
		*out_mode = PROGRESS_QUIET;
	else
		return err_set(err, EINVAL, "invalid progress mode %s (auto, plain, tty, rawjson, quiet)", text);
	return 0;
}

struct build_progress *build_progress_new(enum build_progress_mode mode)
{
	struct build_progress *progress = x_alloc(sizeof *progress);
	progress->mode = mode;
	progress->began_ns = progress->last_ns = time_monotonic_ns();
	return progress;
}

void build_progress_free(struct build_progress *progress)
{
	if (!progress)
		return;
	for (size_t i = 0; i < progress->count; i++) {
		struct step_view *step = progress->steps[i];
		for (size_t k = 0; k < LINES_KEPT; k++)
			free(step->lines[k]);
		buf_done(&step->line);
		free(step->label);
		free(step);
	}
	free(progress->steps);
	free(progress->error_text);
	free(progress->error_file);
	free(progress->error_name);
	strv_free(progress->warnings);
	free(progress);
}

static struct step_view *step_find(struct build_progress *progress, int64_t id)
{
	for (size_t i = 0; i < progress->count; i++) {
		if (progress->steps[i]->id == id)
			return progress->steps[i];
	}
	return NULL;
}

static struct step_view *step_add(struct build_progress *progress, const struct build_event *event)
{
	if (progress->count == progress->room)
		progress->steps =
		    x_realloc(progress->steps,
			      (progress->room = progress->room ? 2 * progress->room : 32) * sizeof(struct step_view *));
	struct step_view *step = x_alloc(sizeof *step);
	auto_buf label = BUF_INIT(64 << 10);
	buf_printable(&label, event->label, "");
	step->id = event->step;
	step->number = (int64_t)progress->count + 1;
	step->label = buf_take(&label);
	step->began_ns = event->at_ns;
	step->line = (struct buf)BUF_INIT(LINE_MAX_BYTES);
	progress->steps[progress->count++] = step;
	return step;
}

/* --- plain --- */

static void plain_switch(struct build_progress *progress, const struct step_view *step)
{
	if (progress->shown_step == step->number)
		return;
	if (progress->shown_step != 0)
		fputc('\n', stderr);
	fprintf(stderr, "#%lld %s\n", (long long)step->number, step->label);
	progress->shown_step = step->number;
}

static void plain_state(struct build_progress *progress, struct step_view *step, const struct build_event *event)
{
	plain_switch(progress, step);
	double seconds = (double)(event->at_ns - step->began_ns) / SECOND;
	if (step->state == VIEW_DONE)
		fprintf(stderr, "#%lld DONE %.1fs\n", (long long)step->number, seconds);
	else if (step->state == VIEW_CACHED)
		fprintf(stderr, "#%lld CACHED\n", (long long)step->number);
}

/* --- lines of output --- */

static void line_take(struct build_progress *progress, struct step_view *step, int64_t at_ns)
{
	auto_buf text = BUF_INIT(4 * LINE_MAX_BYTES);
	double seconds = (double)(at_ns - step->began_ns) / SECOND;
	buf_printf(&text, "%.3f ", seconds);
	buf_printable(&text, buf_str(&step->line), "\t");
	buf_reset(&step->line);
	if (progress->mode == PROGRESS_PLAIN) {
		plain_switch(progress, step);
		fprintf(stderr, "#%lld %s\n", (long long)step->number, buf_str(&text));
	}
	char **place = &step->lines[step->line_count++ % LINES_KEPT];
	free(*place);
	*place = buf_take(&text);
}

static void output_take(struct build_progress *progress, const struct build_event *event)
{
	struct step_view *step = step_find(progress, event->step);
	for (const char *c = event->text; step && c && *c; c++) {
		if (*c == '\n' || step->line.len >= LINE_MAX_BYTES - 1)
			line_take(progress, step, event->at_ns);
		if (*c == '\r' && c[1] != '\n')
			buf_reset(&step->line); /* a bar that draws itself anew */
		else if (*c != '\n' && *c != '\r')
			buf_char(&step->line, *c);
	}
}

/* --- a terminal --- */

static int64_t now_of(const struct build_progress *progress)
{
	return progress->at_ns + time_monotonic_ns() - progress->last_ns;
}

static void row_print(const char *text, double seconds, unsigned width)
{
	char time[24];
	int time_size = snprintf(time, sizeof time, "%.1fs", seconds);
	unsigned room = width - (unsigned)time_size - 1;
	unsigned length = (unsigned)strlen(text);
	if (length > room)
		fprintf(stderr, "%.*s... %s\x1b[K\n", (int)room - 3, text, time);
	else
		fprintf(stderr, "%-*s %s\x1b[K\n", (int)room, text, time);
}

static void step_print(const struct build_progress *progress, const struct step_view *step, unsigned width,
		       unsigned *drawn, unsigned height)
{
	static const char *const marks[] = {"", "", "CACHED ", "ERROR "};
	auto_free char *text = x_printf(" => %s%s", marks[step->state], step->label);
	int64_t end = step->state == VIEW_RUNNING ? now_of(progress) : step->ended_ns;
	row_print(text, (double)(end - step->began_ns) / SECOND, width);
	++*drawn;
	if (step->state != VIEW_RUNNING)
		return;
	size_t first = step->line_count > TAIL_SHOWN ? step->line_count - TAIL_SHOWN : 0;
	for (size_t i = first; i < step->line_count && *drawn + 2 < height; i++) {
		fprintf(stderr, " => => # %.*s\x1b[K\n", (int)width - 9, step->lines[i % LINES_KEPT]);
		++*drawn;
	}
}

static void screen_draw(struct build_progress *progress, bool last)
{
	uint16_t height = 24, width = 80;
	unsigned drawn = 0, done = 0;
	(void)terminal_size(&height, &width);
	width = width < WIDTH_LEAST ? WIDTH_LEAST : width;
	for (size_t i = 0; i < progress->count; i++)
		done += progress->steps[i]->state != VIEW_RUNNING;
	if (progress->drawn > 0)
		fprintf(stderr, "\x1b[%uA\r", progress->drawn);
	auto_free char *head = x_printf("[+] Building %.1fs (%u/%zu)%s", (double)now_of(progress) / SECOND, done,
					progress->count, last ? " FINISHED" : "");
	fprintf(stderr, "%s\x1b[K\n", head);
	drawn++;
	/* What is over scrolls away first; at the end all is shown. */
	size_t room = height > 12 ? (size_t)height - 10 : 2;
	size_t first = last || progress->count <= room ? 0 : progress->count - room;
	for (size_t i = 0; i < progress->count; i++) {
		if (i >= first || progress->steps[i]->state == VIEW_RUNNING)
			step_print(progress, progress->steps[i], width, &drawn, last ? UINT16_MAX : height);
	}
	fputs("\x1b[J", stderr);
	progress->drawn = last ? 0 : drawn;
	fflush(stderr);
}

void build_progress_tick(struct build_progress *progress)
{
	if (progress->mode == PROGRESS_TTY && progress->count > 0)
		screen_draw(progress, false);
}

/* --- events --- */

static void step_take(struct build_progress *progress, const struct build_event *event)
{
	struct step_view *step = step_find(progress, event->step);
	if (!step && event->label)
		step = step_add(progress, event);
	if (!step)
		return; /* of the configuration only */
	if (text_equal(event->state, "started") && progress->mode == PROGRESS_PLAIN) {
		plain_switch(progress, step);
		return;
	}
	if (text_equal(event->state, "started") || text_equal(event->state, "running"))
		return;
	if (step->line.len > 0)
		line_take(progress, step, event->at_ns);
	step->ended_ns = event->at_ns;
	step->state = text_equal(event->state, "cached") ? VIEW_CACHED
		      : text_equal(event->state, "done") ? VIEW_DONE
							 : VIEW_FAILED;
	if (progress->mode == PROGRESS_PLAIN)
		plain_state(progress, step, event);
}

static char *text_copy(const char *text)
{
	return text ? x_strdup(text) : NULL;
}

void build_progress_event(struct build_progress *progress, const struct build_event *event)
{
	progress->at_ns = event->at_ns;
	progress->last_ns = time_monotonic_ns();
	if (text_equal(event->kind, "step")) {
		step_take(progress, event);
	} else if (text_equal(event->kind, "output")) {
		output_take(progress, event);
	} else if (text_equal(event->kind, "warning")) {
		strv_push(&progress->warnings,
			  x_printf("%s: %s (line %lld)", event->rule, event->text, (long long)event->line));
	} else if (text_equal(event->kind, "error")) {
		progress->error = *event;
		progress->error_text = text_copy(event->text);
		progress->error_file = text_copy(event->label);
		progress->error_name = text_copy(event->id);
	}
	if (progress->mode == PROGRESS_TTY && progress->count > 0)
		screen_draw(progress, false);
}

/* --- the end --- */

static void excerpt_print(const struct build_progress *progress)
{
	enum { AROUND = 2 };
	int64_t first = progress->error.line, last = progress->error.last_line;
	if (!progress->error_file || first <= 0)
		return;
	auto_strv char **lines = strv_split(progress->error_file, '\n');
	int64_t count = (int64_t)strv_count(lines);
	if (last < first)
		last = first;
	fprintf(stderr, "%s:%lld\n--------------------\n", progress->error_name ? progress->error_name : "Dockerfile",
		(long long)first);
	for (int64_t i = first - AROUND; i <= last + AROUND; i++) {
		if (i < 1 || i > count || (i == count && !*lines[i - 1]))
			continue;
		auto_buf text = BUF_INIT(128 << 10);
		buf_printable(&text, lines[i - 1], "\t");
		fprintf(stderr, "%4lld | %s %s\n", (long long)i, i >= first && i <= last ? ">>>" : "   ",
			buf_str(&text));
	}
	fputs("--------------------\n", stderr);
}

static void failure_print(struct build_progress *progress)
{
	struct step_view *step = step_find(progress, progress->error.step);
	if (step && progress->error.line > 0) {
		if (progress->mode == PROGRESS_PLAIN)
			fprintf(stderr, "#%lld ERROR: %s\n", (long long)step->number, progress->error_text);
		fprintf(stderr, "------\n > %s:\n", step->label);
		size_t tail = 20, from = step->line_count > tail ? step->line_count - tail : 0;
		for (size_t i = from; i < step->line_count; i++)
			fprintf(stderr, "%s\n", step->lines[i % LINES_KEPT]);
		fputs("------\n", stderr);
	}
	excerpt_print(progress);
}

void build_progress_end(struct build_progress *progress, bool failed)
{
	if (progress->mode == PROGRESS_TTY && progress->count > 0)
		screen_draw(progress, true);
	if (progress->mode == PROGRESS_RAW)
		return;
	size_t warnings = strv_count(progress->warnings);
	if (warnings > 0 && progress->mode != PROGRESS_QUIET) {
		fprintf(stderr, "\n %zu warning%s found (use --check to expand):\n", warnings, warnings > 1 ? "s" : "");
		for (char **line = progress->warnings; *line; line++)
			fprintf(stderr, " - %s\n", *line);
	}
	if (failed && progress->error_text)
		failure_print(progress);
}
