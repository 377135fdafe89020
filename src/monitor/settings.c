#include "monitor/settings.h"

#include <string.h>

void settings_encode(struct buf *out, const struct cgroup_settings *settings)
{
	for (size_t i = 0; i < settings->limit_count; i++)
		buf_printf(out, "%s\t%s\t%s\n", settings->limits[i].group, settings->limits[i].file,
			   settings->limits[i].value);
}

int settings_decode(struct arena *arena, const char *text, size_t size, struct cgroup_settings *out_settings,
		    struct err *err)
{
	struct cgroup_settings settings = {0};
	char *copy = arena_strndup(arena, text, size);
	size_t lines = 0;
	if (strlen(copy) != size || (size > 0 && copy[size - 1] != '\n'))
		return err_set(err, EPROTO, "settings: not lines of text");
	for (const char *at = copy; *at; at++)
		lines += *at == '\n';
	settings.limits = arena_array(arena, struct plan_setting, lines + 1);
	for (char *at = copy; *at;) {
		char *end = strchr(at, '\n'), *first = memchr(at, '\t', (size_t)(end - at));
		char *second = first ? memchr(first + 1, '\t', (size_t)(end - first - 1)) : NULL;
		if (!second || memchr(second + 1, '\t', (size_t)(end - second - 1)))
			return err_set(err, EPROTO, "settings: not a group, a file and a value");
		*first = *second = *end = 0;
		settings.limits[settings.limit_count++] = (struct plan_setting){at, first + 1, second + 1};
		at = end + 1;
	}
	*out_settings = settings;
	return 0;
}
