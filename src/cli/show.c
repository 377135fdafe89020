#include "cli/show.h"

#include "base/text.h"
#include "base/time.h"
#include "docker/duration.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *show_id(struct arena *arena, const char *id, bool whole)
{
	if (whole || !id)
		return id;
	const char *colon = strchr(id, ':');
	return arena_strndup(arena, colon ? colon + 1 : id, strnlen(colon ? colon + 1 : id, 12));
}

const char *show_ago(struct arena *arena, int64_t seconds)
{
	char text[DURATION_TEXT];
	int64_t now = time_wall_ns() / 1000000000;
	duration_human((now > seconds ? now - seconds : 0) * 1000000000, text);
	return arena_printf(arena, "%s ago", text);
}

const char *show_time(struct arena *arena, int64_t seconds)
{
	char text[64];
	struct tm tm;
	time_t when = (time_t)seconds;
	localtime_r(&when, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", &tm);
	return arena_strdup(arena, text);
}

static int pair_order(const void *a, const void *b)
{
	return strcmp(((const struct json_pair *)a)->key, ((const struct json_pair *)b)->key);
}

const char *show_labels(struct arena *arena, const struct json_map *labels)
{
	auto_buf text = BUF_INIT(1 << 20);
	struct json_pair *pairs = arena_array(arena, struct json_pair, labels->count + 1);
	if (labels->count > 0)
		memcpy(pairs, labels->items, labels->count * sizeof *pairs);
	qsort(pairs, labels->count, sizeof *pairs, pair_order);
	for (size_t i = 0; i < labels->count; i++)
		buf_printf(&text, "%s%s=%s", i > 0 ? "," : "", pairs[i].key, pairs[i].value);
	return arena_strdup(arena, buf_str(&text));
}

const char *show_image(const char *name)
{
	const char *rest = text_after(name, "docker.io/library/");
	if (!rest)
		rest = text_after(name, "docker.io/");
	return rest ? rest : name;
}
