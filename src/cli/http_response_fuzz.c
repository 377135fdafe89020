/* An answer's head and body, from any bytes. */
#include "cli/http_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	struct http_response response;
	const char *text = (const char *)data;
	size_t end = size > 0 ? http_response_size(text, size) : 0;
	if (end == 0 || http_response_parse(text, end, false, &response, &err) < 0)
		return 0;
	struct http_body body;
	http_body_start(&body, response.chunked, response.length);
	while (end < size && body.state != HTTP_BODY_DONE) {
		size_t used, count;
		const char *piece;
		if (http_body_read(&body, text + end, size - end, &used, &piece, &count, &err) < 0)
			break;
		if (used == 0 || count > used)
			__builtin_trap();
		end += used;
	}
	return 0;
}
