#include "cli/filter_query.h"

#include "base/json.h"
#include "cli/client.h"

#include <string.h>

int filter_query(char *const *filters, struct buf *path, struct err *err)
{
	auto_buf text = BUF_INIT(1 << 20);
	if (!filters || !filters[0])
		return 0;
	/* Values of one key stand together. */
	for (char *const *filter = filters; *filter; filter++) {
		const char *equals = strchr(*filter, '=');
		if (!equals || equals == *filter)
			return err_set(err, EINVAL,
				       "invalid argument \"%s\" for \"-f, --filter\" flag: invalid filter '%s'",
				       *filter, *filter);
		size_t size = (size_t)(equals - *filter) + 1;
		bool seen = false;
		for (char *const *before = filters; before < filter; before++)
			seen = seen || strncmp(*before, *filter, size) == 0;
		if (seen)
			continue;
		auto_free char *key = x_strndup(*filter, size - 1);
		buf_char(&text, text.len == 0 ? '{' : ',');
		json_encode_string(&text, key);
		buf_text(&text, ":[");
		bool first = true;
		for (char *const *same = filter; *same; same++) {
			if (strncmp(*same, *filter, size) != 0)
				continue;
			if (!first)
				buf_char(&text, ',');
			first = false;
			json_encode_string(&text, *same + size);
		}
		buf_char(&text, ']');
	}
	buf_char(&text, '}');
	buf_text(path, "&filters=");
	path_escape(path, buf_str(&text));
	return 0;
}
