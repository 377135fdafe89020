#include "cli/progress.h"

#include "base/text.h"
#include "base/time.h"
#include "docker/size.h"

#include <string.h>
#include <sys/ioctl.h>

enum { LINE_SIZE_MAX = 1 << 20, BAR = 50, WIDTH_DEFAULT = 200, WIDTH_OF_BAR = 110, ROWS_MAX = 4096 };
#define SECOND_NS 1000000000LL

struct progress_row {
	char *id, *status;
	int64_t current, total;
	int64_t start_ns, start_at; /* of this status */
};

/* --- a line --- */

/* " 12.3MB/s 4s" */
static void speed_print(struct buf *out, const struct progress_row *row)
{
	char speed[SIZE_TEXT];
	int64_t spent = time_monotonic_ns() - row->start_ns, moved = row->current - row->start_at;
	if (spent < SECOND_NS / 2 || moved <= 0)
		return;
	double rate = (double)moved * SECOND_NS / (double)spent;
	size_decimal((int64_t)rate, 4, speed);
	buf_printf(out, "  %s/s", speed);
	int64_t left = row->total > row->current ? (int64_t)((double)(row->total - row->current) / rate) : 0;
	if (left >= 3600)
		buf_printf(out, " %lldh%lldm", (long long)left / 3600, (long long)left % 3600 / 60);
	else if (left >= 60)
		buf_printf(out, " %lldm%llds", (long long)left / 60, (long long)left % 60);
	else if (left > 0)
		buf_printf(out, " %llds", (long long)left);
}

static void bar_print(struct buf *out, const struct progress_view *view, const struct progress_row *row)
{
	char current[SIZE_TEXT], total[SIZE_TEXT];
	if (row->current <= 0 && row->total <= 0)
		return;
	size_decimal(row->current, 4, current);
	size_decimal(row->total, 4, total);
	buf_char(out, ' ');
	if (row->total > 0 && view->width > WIDTH_OF_BAR) {
		int64_t part = row->current >= row->total ? BAR : row->current * BAR / row->total;
		buf_char(out, '[');
		for (int64_t i = 0; i < BAR; i++)
			buf_char(out, i < part ? '=' : i == part ? '>' : ' ');
		buf_text(out, part == BAR ? ">] " : "] ");
	}
	if (row->total > 0)
		buf_printf(out, "%8s/%s", current, total);
	else
		buf_printf(out, "%8s", current);
	if (view->width > BAR)
		speed_print(out, row);
}

static void row_print(struct buf *out, const struct progress_view *view, const struct progress_row *row)
{
	buf_printable(out, row->id, "");
	buf_text(out, ": ");
	buf_printable(out, row->status, "");
	bar_print(out, view, row);
	/* One row is one line, or the cursor is lost. */
	if (out->len >= view->width) {
		out->len = view->width - 1;
		out->data[out->len] = 0;
	}
}

/* --- the terminal --- */

static void row_draw(const struct progress_view *view, size_t index)
{
	auto_buf text = BUF_INIT(4 * LINE_SIZE_MAX);
	size_t up = view->count - index;
	row_print(&text, view, &view->rows[index]);
	fprintf(view->out, "\033[%zuA\033[2K\r%s\r\033[%zuB", up, buf_str(&text), up);
}

static struct progress_row *row_find(struct progress_view *view, const char *id, size_t *out_index)
{
	for (size_t i = 0; i < view->count; i++) {
		if (text_equal(view->rows[i].id, id)) {
			*out_index = i;
			return &view->rows[i];
		}
	}
	if (view->count == view->room) {
		view->room = view->room ? view->room * 2 : 16;
		view->rows = x_realloc(view->rows, view->room * sizeof *view->rows);
	}
	struct progress_row *row = &view->rows[view->count];
	*out_index = view->count++;
	*row = (struct progress_row){.id = x_strdup(id)};
	if (view->terminal)
		fputc('\n', view->out);
	return row;
}

static void rows_forget(struct progress_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		free(view->rows[i].id);
		free(view->rows[i].status);
	}
	view->count = 0;
}

static void row_take(struct progress_view *view, const struct progress *line)
{
	size_t index;
	struct progress_row *row = row_find(view, line->id, &index);
	const char *status = line->status ? line->status : "";
	int64_t current = line->detail ? line->detail->current : 0, total = line->detail ? line->detail->total : 0;
	if (!row->status || !text_equal(row->status, status) || current < row->current) {
		free(row->status);
		row->status = x_strdup(status);
		row->start_ns = time_monotonic_ns();
		row->start_at = current;
	}
	row->current = current;
	row->total = total;
	row_draw(view, index);
}

/* --- lines --- */

static void line_print(struct progress_view *view, const struct progress *line)
{
	auto_buf shown = BUF_INIT(4 * LINE_SIZE_MAX);
	if (!text_empty(line->stream)) {
		buf_printable(&shown, line->stream, "\n\t");
	} else if (!text_empty(line->status)) {
		buf_printable(&shown, line->id ? line->id : "", "");
		buf_text(&shown, line->id ? ": " : "");
		buf_printable(&shown, line->status, "");
		buf_char(&shown, '\n');
	}
	fputs(buf_str(&shown), view->out);
}

static int line_take(struct progress_view *view, struct err *err)
{
	auto_arena arena = {0};
	struct progress line = {0};
	if (view->line.len == 0)
		return 0;
	int rc = json_load(&arena, &table_progress, buf_str(&view->line), view->line.len, "the engine's answer",
			   JSON_FOLD_CASE, &line, err);
	buf_reset(&view->line);
	if (rc < 0)
		return rc;
	const char *error = line.error_detail ? line.error_detail->message : line.error;
	if (line.error_detail || line.error)
		return err_set(err, EIO, "%s", text_empty(error) ? "failed, without a reason given" : error);
	if (line.aux) {
		if (view->aux)
			view->aux(view, line.aux);
		return 0;
	}
	if (view->quiet)
		return 0;
	bool bar = line.detail && (line.detail->current > 0 || line.detail->total > 0);
	/* "Pulling from" has an id that is no layer's: the tag. */
	bool head = line.status && text_after(line.status, "Pulling from ");
	if (view->terminal && line.id && !head && view->count < ROWS_MAX) {
		row_take(view, &line);
	} else if (!bar) {
		if (!line.id || head)
			rows_forget(view);
		line_print(view, &line);
	}
	fflush(view->out);
	return 0;
}

int progress_show(struct progress_view *view, struct client_stream *stream, struct err *err)
{
	auto_free char *data = x_alloc(CLIENT_READ);
	struct winsize size;
	ssize_t got;
	int rc = 0;
	view->line = (struct buf)BUF_INIT(LINE_SIZE_MAX);
	view->terminal = isatty(fileno(view->out));
	view->width = ioctl(fileno(view->out), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : WIDTH_DEFAULT;
	while (rc == 0 && (got = client_stream_read(stream, data, CLIENT_READ, err)) != 0) {
		if (got < 0)
			rc = (int)got;
		for (ssize_t i = 0; i < got && rc == 0; i++) {
			if (data[i] == '\n')
				rc = line_take(view, err);
			else if (data[i] != '\r')
				buf_char(&view->line, data[i]);
		}
		if (rc == 0)
			rc = buf_check(&view->line, "a line of the engine's answer", err);
	}
	if (rc == 0)
		rc = line_take(view, err);
	buf_done(&view->line);
	rows_forget(view);
	free(view->rows);
	view->rows = NULL;
	view->room = 0;
	return rc;
}
