#include "monitor/log_options.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset;
	bool number;
} rows[] = {
/* clang-format off */
#define TEXT(member) {#member, offsetof(struct log_options, member), false}
#define NUMBER(member) {#member, offsetof(struct log_options, member), true}
    /* clang-format on */
    TEXT(file), TEXT(attributes), TEXT(remote),	    TEXT(address), TEXT(format),  TEXT(tag),	  TEXT(id),
    TEXT(name), TEXT(image),	  NUMBER(facility), NUMBER(size),  NUMBER(files), NUMBER(buffer),
#undef TEXT
#undef NUMBER
};

/* A line is a line: a value with one inside loses it. */
static void value_put(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_char(out, *text == '\n' ? ' ' : *text);
}

void log_options_encode(struct buf *out, const struct log_options *options)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		const void *member = (const char *)options + rows[i].offset;
		buf_printf(out, "%s=", rows[i].name);
		if (rows[i].number)
			buf_printf(out, "%lld", (long long)*(const int64_t *)member);
		else
			value_put(out, *(char *const *)member ? *(char *const *)member : "");
		buf_char(out, '\n');
	}
}

int log_options_decode(struct arena *arena, const char *text, size_t size, struct log_options *out_options,
		       struct err *err)
{
	struct log_options options = {0};
	char *copy = arena_strndup(arena, text, size);
	if (strlen(copy) != size || (size > 0 && copy[size - 1] != '\n'))
		return err_set(err, EPROTO, "log options: not lines of text");
	for (size_t i = 0; i < array_size(rows); i++) {
		if (!rows[i].number)
			*(char **)((char *)&options + rows[i].offset) = (char *)"";
	}
	for (char *line = copy; *line;) {
		char *end = strchr(line, '\n'), *equals = memchr(line, '=', (size_t)(end - line));
		size_t i = 0;
		*end = 0;
		if (equals)
			*equals = 0;
		while (i < array_size(rows) && !text_equal(rows[i].name, line))
			i++;
		if (!equals || i == array_size(rows))
			return err_set(err, EPROTO, "log options: %s is not one", line);
		void *member = (char *)&options + rows[i].offset;
		if (!rows[i].number)
			*(char **)member = equals + 1;
		else if (number_parse(equals + 1, 0, INT64_MAX, line, member, err) < 0)
			return -(err->code = EPROTO);
		line = end + 1;
	}
	*out_options = options;
	return 0;
}
