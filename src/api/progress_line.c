#include "api/progress_line.h"

enum { LINE_SIZE_MAX = 64 << 10 };

void progress_line(struct exchange *x, const struct progress *line)
{
	auto_buf text = BUF_INIT(LINE_SIZE_MAX);
	if (!exchange_streams(x))
		exchange_stream(x, 200, "application/json");
	json_encode(&text, &table_progress, line);
	buf_text(&text, "\r\n");
	if (!text.overflow)
		exchange_write(x, text.data, text.len);
}
