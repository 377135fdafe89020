/* A request's head, path, version, route and query, from any bytes. */
#include "api/route.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void target_read(const struct http_head *head)
{
	struct err err;
	auto_arena arena = {0};
	const char *mark = strchr(head->target, '?'), *whole, *path, *name;
	size_t length = mark ? (size_t)(mark - head->target) : strlen(head->target);
	struct query query;
	unsigned minor;
	bool plain;
	const struct route *route;
	if (path_decode(&arena, head->target, length, &whole, &err) < 0 ||
	    query_parse(&arena, mark ? mark + 1 : NULL, &query, &err) < 0 ||
	    route_version(whole, &path, &minor, &plain, &err) < 0)
		return;
	if (route_find(&arena, head->method, path, minor, &route, &name) == ROUTE_FOUND && name && !*name)
		__builtin_trap();
	int64_t number;
	for (size_t i = 0; i < query.count; i++) {
		(void)query_bool(&query, query.pairs[i].key, true);
		(void)query_list(&arena, &query, query.pairs[i].key, true);
		if (query_number(&query, query.pairs[i].key, -1, 100, 0, &number, &err) == 0 &&
		    (number < -1 || number > 100))
			__builtin_trap();
		if (query_time(&query, query.pairs[i].key, 0, &number, &err) < 0)
			continue;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	static struct http_head head;
	char *text = x_alloc(size + 1);
	memcpy(text, data, size);
	size_t end = http_head_size(text, size, 0);
	if (end > 0 && http_head_parse(text, end, &head, &err) == 0) {
		target_read(&head);
		struct http_body body;
		http_body_start(&body, head.chunked, head.length);
		while (end < size && body.state != HTTP_BODY_DONE) {
			size_t used, piece_size;
			const char *piece;
			if (http_body_read(&body, text + end, size - end, &used, &piece, &piece_size, &err) < 0)
				break;
			end += used;
		}
	}
	free(text);
	return 0;
}
