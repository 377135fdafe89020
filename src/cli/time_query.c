#include "cli/time_query.h"

#include "base/text.h"
#include "base/time.h"
#include "cli/client.h"
#include "docker/duration.h"

#include <string.h>

int time_query(struct buf *path, const char *key, const char *text, struct err *err)
{
	int64_t length, now = time_wall_ns(), when;
	struct err unread;
	if (text_empty(text))
		return 0;
	if (duration_parse(text, &length, &unread) == 0 && !text_is_digits(text)) {
		when = now - length;
		buf_printf(path, "&%s=%lld.%09lld", key, (long long)(when / 1000000000),
			   (long long)(when % 1000000000));
		return 0;
	}
	if (!text_is_digits(text) && strcspn(text, "T") == strlen(text) && !strchr(text, '.'))
		return err_set(err, EINVAL, "invalid value for \"%s\": \"%s\" is neither a time nor a duration", key,
			       text);
	buf_printf(path, "&%s=", key);
	path_escape(path, text);
	return 0;
}
