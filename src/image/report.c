#include "image/report.h"

#include "base/fd.h"

enum { REPORT_LINE_MAX = 8 << 20 };

/* Nobody to tell means that the engine is gone, and what was made here with it. */
static void line_write(const struct image_job_line *line)
{
	auto_buf text = BUF_INIT(REPORT_LINE_MAX);
	json_encode(&text, &table_image_job_line, line);
	buf_char(&text, '\n');
	if (text.overflow || fd_write_full(REPORT_FD, text.data, text.len) < 0)
		_exit(1);
}

void report_progress(const char *id, const char *status, uint64_t current, uint64_t total)
{
	struct image_job_progress progress = {(char *)id, (char *)status, current, total};
	line_write(&(struct image_job_line){.progress = &progress});
}

void report_result(const struct image_job_result *result)
{
	line_write(&(struct image_job_line){.result = (struct image_job_result *)result});
}

int report_error(const struct err *err)
{
	struct image_job_error error = {err->code, (char *)err->msg};
	line_write(&(struct image_job_line){.error = &error});
	return 1;
}

void report_answer(const char *json)
{
	auto_buf text = BUF_INIT(REPORT_LINE_MAX);
	buf_printf(&text, "{\"answer\":%s}\n", json);
	if (text.overflow || fd_write_full(REPORT_FD, text.data, text.len) < 0)
		_exit(1);
}
