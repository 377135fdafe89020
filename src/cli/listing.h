/*
 * Lists for people and for programs: tables in Docker's layout, --format and --quiet.
 *
 * A row is an object of strings. The columns say each field's header; the default table shows some of them.
 */
#pragma once

#include "base/json.h"

struct column {
	const char *field, *header;
};

struct listing {
	struct arena *arena;
	const struct column *columns; /* ends with field NULL */
	const char *const *shown;     /* fields of the default table, ended by NULL */
	struct json **rows;
	size_t count, room;
};

/* A new row with empty cells for all columns. */
struct json *listing_row(struct listing *listing);
void listing_set(struct listing *listing, struct json *row, const char *field, const char *text);
void listing_labels(struct listing *listing, struct json *row, const struct json_map *labels); /* for .Label "key" */

/*
 * format: NULL, "" or "table": the default table; "table TEMPLATE", "json", or a template per row.
 * quiet: the field that is printed alone, or NULL. Prints to standard output.
 */
int listing_print(const struct listing *listing, const char *format, const char *quiet, struct err *err) must_check;

/* Rows of cells, TAB between them, as Docker lines them up: columns min wide at least, 3 spaces between. */
void table_print(char *const *lines, size_t min);
size_t text_width(const char *text); /* in characters */
/* Cut to width characters, the last one an ellipsis. In the arena. */
const char *text_ellipsis(struct arena *arena, const char *text, size_t width);
