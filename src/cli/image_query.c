#include "cli/image_query.h"

#include "base/text.h"
#include "cli/client.h"

#include <string.h>

void query_parameter(struct buf *path, const char *key, const char *value)
{
	if (text_empty(value))
		return;
	buf_printf(path, "&%s=", key);
	path_escape(path, value);
}

void query_target(struct buf *path, const char *target)
{
	const char *slash = strrchr(target, '/'), *colon = strrchr(slash ? slash : target, ':');
	auto_free char *repository = x_strndup(target, colon ? (size_t)(colon - target) : strlen(target));
	query_parameter(path, "repo", repository);
	query_parameter(path, "tag", colon ? colon + 1 : NULL);
}
