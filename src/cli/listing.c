#include "cli/listing.h"

#include "base/text.h"
#include "cli/template.h"
#include "cli/template_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- tables --- */

size_t text_width(const char *text)
{
	size_t width = 0;
	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

const char *text_ellipsis(struct arena *arena, const char *text, size_t width)
{
	if (text_width(text) <= width)
		return text;
	size_t size = 0;
	for (size_t count = 0; text[size]; size++) {
		if (((unsigned char)text[size] & 0xc0) != 0x80 && count++ == width - 1)
			break;
	}
	return arena_printf(arena, "%.*s\u2026", (int)size, text);
}

void table_print(char *const *lines, size_t min)
{
	enum { COLUMNS_MAX = 32, PADDING = 3 };
	size_t widths[COLUMNS_MAX];
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		widths[i] = min;
	for (char *const *line = lines; *line; line++) {
		auto_strv char **cells = strv_split(*line, '\t');
		for (size_t i = 0; cells[i] && cells[i + 1] && i < COLUMNS_MAX; i++) {
			size_t width = text_width(cells[i]) + PADDING;
			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	for (char *const *line = lines; *line; line++) {
		auto_strv char **cells = strv_split(*line, '\t');
		for (size_t i = 0; cells[i]; i++) {
			size_t width = text_width(cells[i]);
			fputs(cells[i], stdout);
			if (cells[i + 1] && i < COLUMNS_MAX)
				printf("%*s", (int)(widths[i] - width), "");
		}
		fputc('\n', stdout);
	}
}

/* --- rows --- */

static size_t columns_count(const struct listing *listing)
{
	size_t count = 0;
	while (listing->columns[count].field)
		count++;
	return count;
}

static struct json *object_new(struct arena *arena, size_t room)
{
	struct json *object = arena_new(arena, struct json);
	object->kind = JSON_OBJECT;
	object->keys = arena_array(arena, const char *, room);
	object->items = arena_array(arena, struct json *, room);
	return object;
}

struct json *listing_row(struct listing *listing)
{
	size_t count = columns_count(listing);
	struct json *row = object_new(listing->arena, count + 1);
	for (; row->count < count; row->count++) {
		row->keys[row->count] = listing->columns[row->count].field;
		row->items[row->count] = (struct json *)value_string(listing->arena, "");
	}
	if (listing->count == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 64;
		struct json **rows = arena_array(listing->arena, struct json *, room);
		if (listing->count > 0)
			memcpy(rows, listing->rows, listing->count * sizeof *rows);
		listing->rows = rows;
		listing->room = room;
	}
	listing->rows[listing->count++] = row;
	return row;
}

void listing_set(struct listing *listing, struct json *row, const char *field, const char *text)
{
	for (size_t i = 0; i < row->count; i++) {
		if (text_equal(row->keys[i], field)) {
			row->items[i] = (struct json *)value_string(listing->arena, text ? text : "");
			return;
		}
	}
	BUG("no column %s", field);
}

void listing_labels(struct listing *listing, struct json *row, const struct json_map *labels)
{
	struct json *object = object_new(listing->arena, labels->count + 1);
	for (; object->count < labels->count; object->count++) {
		object->keys[object->count] = labels->items[object->count].key;
		object->items[object->count] =
		    (struct json *)value_string(listing->arena, labels->items[object->count].value);
	}
	row->keys[row->count] = " labels";
	row->items[row->count] = object;
	row->count++;
}

/* --- printing --- */

static const char *cell(const struct json *row, const char *field)
{
	return json_get(row, field)->text;
}

static int default_print(const struct listing *listing)
{
	char **lines = arena_array(listing->arena, char *, listing->count + 2);
	for (size_t i = 0; i <= listing->count; i++) {
		auto_buf line = BUF_INIT(1 << 20);
		for (const char *const *field = listing->shown; *field; field++) {
			const char *text = NULL;
			for (const struct column *column = listing->columns; i == 0 && column->field; column++) {
				if (text_equal(column->field, *field))
					text = column->header;
			}
			buf_text(&line, field == listing->shown ? "" : "\t");
			buf_printable(&line, i == 0 ? text : cell(listing->rows[i - 1], *field), "");
		}
		lines[i] = arena_strdup(listing->arena, buf_str(&line));
	}
	table_print(lines, 10);
	return 0;
}

static int key_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keys sorted, values strings, and the characters that Go's encoder escapes for HTML. */
static void json_print(const struct json *row)
{
	auto_buf text = BUF_INIT(1 << 20);
	auto_free const char **keys = x_alloc((row->count + 1) * sizeof *keys);
	size_t count = 0;
	for (size_t i = 0; i < row->count; i++) {
		if (row->items[i]->kind == JSON_STRING)
			keys[count++] = row->keys[i];
	}
	qsort(keys, count, sizeof *keys, key_order);
	for (size_t i = 0; i < count; i++) {
		buf_char(&text, i == 0 ? '{' : ',');
		json_encode_string(&text, keys[i]);
		buf_char(&text, ':');
		json_encode_string(&text, cell(row, keys[i]));
	}
	for (const char *c = buf_str(&text); *c; c++) {
		if (strchr("<>&", *c))
			printf("\\u%04x", (unsigned)*c);
		else
			fputc(*c, stdout);
	}
	fputs("}\n", stdout);
}

/* A tab or a line's end may be written as \t and \n on the command line. */
static const char *escapes_read(struct arena *arena, const char *text)
{
	auto_buf out = BUF_INIT(1 << 20);
	for (; *text; text++) {
		if (text[0] == '\\' && (text[1] == 't' || text[1] == 'n'))
			buf_char(&out, *++text == 't' ? '\t' : '\n');
		else
			buf_char(&out, *text);
	}
	return arena_strdup(arena, buf_str(&out));
}

static int row_format(const struct template *template, struct arena *arena, const struct json *row, char **out_line,
		      struct err *err)
{
	auto_buf line = BUF_INIT(1 << 20);
	int rc = template_run(template, arena, row, &line, err);
	if (rc < 0)
		return err_wrap(err, "failed to execute template");
	*out_line = arena_strdup(arena, buf_str(&line));
	return 0;
}

static int template_print(const struct listing *listing, const char *format, bool table, struct err *err)
{
	const struct template *template;
	char **lines = arena_array(listing->arena, char *, listing->count + 2);
	size_t count = 0;
	int rc = template_parse(listing->arena, escapes_read(listing->arena, format), &template, err);
	if (rc == 0 && table) {
		struct json *header = object_new(listing->arena, columns_count(listing) + 1);
		for (const struct column *column = listing->columns; column->field; column++) {
			header->keys[header->count] = column->field;
			header->items[header->count++] = (struct json *)value_string(listing->arena, column->header);
		}
		rc = row_format(template, listing->arena, header, &lines[count++], err);
	}
	for (size_t i = 0; rc == 0 && i < listing->count; i++)
		rc = row_format(template, listing->arena, listing->rows[i], &lines[count++], err);
	if (rc < 0)
		return rc;
	if (table)
		table_print(lines, 10);
	for (size_t i = 0; i < count && !table; i++)
		printf("%s\n", lines[i]);
	return 0;
}

int listing_print(const struct listing *listing, const char *format, const char *quiet, struct err *err)
{
	const char *behind = format ? text_after(format, "table") : NULL;
	bool table = text_empty(format) || (behind && (*behind == 0 || *behind == ' '));
	if (quiet && table) {
		for (size_t i = 0; i < listing->count; i++)
			printf("%s\n", cell(listing->rows[i], quiet));
		return 0;
	}
	if (text_empty(format) || (table && *behind == 0))
		return default_print(listing);
	if (text_equal(format, "json")) {
		for (size_t i = 0; i < listing->count; i++)
			json_print(listing->rows[i]);
		return 0;
	}
	return template_print(listing, table ? behind + 1 : format, table, err);
}
