#include "engine/mount_source.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>

enum { MOUNTINFO_MAX = 16 << 20, FIELD_POINT = 4, FIELD_OPTIONAL = 6 };

/* "\040" and the like, in place. */
static void unescape(char *text)
{
	char *out = text;
	for (; *text; text++) {
		if (*text == '\\' && strspn(text + 1, "01234567") >= 3) {
			*out++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
			text += 3;
		} else {
			*out++ = *text;
		}
	}
	*out = 0;
}

static bool lies_on(const char *source, const char *point)
{
	const char *rest = text_equal(point, "/") ? source : text_after(source, point);
	return rest && (!*rest || *rest == '/');
}

int mount_source_check(const char *source, const char *propagation, struct err *err)
{
	auto_buf text = BUF_INIT(MOUNTINFO_MAX);
	auto_free char *found = NULL;
	bool shared = false, slave = false;
	bool wants_shared = strstr(propagation, "shared") != NULL, wants_slave = strstr(propagation, "slave") != NULL;
	if (!wants_shared && !wants_slave)
		return 0;
	int rc = file_read(AT_FDCWD, "/proc/self/mountinfo", &text, err);
	if (rc < 0)
		return rc;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	for (char **line = lines; *line && **line; line++) {
		auto_strv char **fields = strv_split(*line, ' ');
		if (strv_count(fields) <= FIELD_OPTIONAL)
			continue;
		unescape(fields[FIELD_POINT]);
		/* Of mounts on one place the last counts. */
		if (!lies_on(source, fields[FIELD_POINT]) || (found && strlen(fields[FIELD_POINT]) < strlen(found)))
			continue;
		free(found);
		found = x_strdup(fields[FIELD_POINT]);
		shared = slave = false;
		for (char **field = fields + FIELD_OPTIONAL; *field && !text_equal(*field, "-"); field++) {
			shared = shared || text_after(*field, "shared:");
			slave = slave || text_after(*field, "master:");
		}
	}
	if (wants_shared && !shared)
		return err_set(err, EINVAL, "path %s is mounted on %s but it is not a shared mount", source,
			       found ? found : "/");
	if (wants_slave && !shared && !slave)
		return err_set(err, EINVAL, "path %s is mounted on %s but it is not a shared or slave mount", source,
			       found ? found : "/");
	return 0;
}
