#include "cli/option.h"

#include "base/text.h"
#include "docker/size.h"

#include <string.h>

static const struct option_row *row_by_name(const struct option_row *rows, const char *name, size_t size)
{
	for (; rows && rows->name; rows++) {
		if (strlen(rows->name) == size && strncmp(rows->name, name, size) == 0)
			return rows;
	}
	return NULL;
}

static const struct option_row *row_by_letter(const struct option_row *rows, char letter)
{
	for (; rows && rows->name; rows++) {
		if (rows->letter == letter)
			return rows;
	}
	return NULL;
}

/* "-m, --memory" */
static void row_title(const struct option_row *row, char out_title[64])
{
	if (row->letter)
		snprintf(out_title, 64, "-%c, --%s", row->letter, row->name);
	else
		snprintf(out_title, 64, "--%s", row->name);
}

static int value_invalid(const struct option_row *row, const char *value, const struct err *cause, struct err *err)
{
	char title[64];
	row_title(row, title);
	return err_set(err, EINVAL, "invalid argument \"%s\" for \"%s\" flag: %s", value, title, cause->msg);
}

/* Go's strconv.ParseBool. */
static int bool_parse(const char *value, bool *out_value, struct err *err)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
	for (size_t i = 0; i < array_size(yes); i++) {
		if (text_equal(value, yes[i]) || text_equal(value, no[i])) {
			*out_value = text_equal(value, yes[i]);
			return 0;
		}
	}
	return err_set(err, EINVAL, "strconv.ParseBool: parsing \"%s\": invalid syntax", value);
}

/* "1.5" processors: at most nine digits behind the point. */
static int cpus_parse(const char *value, int64_t *out_nano, struct err *err)
{
	int64_t whole = 0, part = 0;
	const char *point = strchr(value, '.');
	size_t places = point ? strlen(point + 1) : 0;
	auto_free char *front = x_strndup(value, point ? (size_t)(point - value) : strlen(value));
	struct err cause;
	if (places > 9)
		return err_set(err, EINVAL, "value is too precise");
	if ((!text_empty(front) && number_parse(front, 0, 1000000, "cpus", &whole, &cause) < 0) ||
	    (places > 0 && number_parse(point + 1, 0, 999999999, "cpus", &part, &cause) < 0) ||
	    (text_empty(front) && places == 0))
		return err_set(err, EINVAL, "failed to parse %s as a rational number", value);
	for (; places < 9; places++)
		part *= 10;
	*out_nano = whole * 1000000000 + part;
	return 0;
}

static int value_set(const struct option_row *row, void *structure, const char *value, struct err *err)
{
	void *member = (char *)structure + row->offset;
	struct err cause;
	int rc = 0;
	switch (row->type) {
	case OPTION_BOOL:
		rc = bool_parse(value, member, &cause);
		break;
	case OPTION_STRING:
		*(const char **)member = value;
		break;
	case OPTION_LIST:
		strv_push(member, x_strdup(value));
		break;
	case OPTION_NUMBER:
		rc = number_parse(value, INT64_MIN, INT64_MAX, row->name, member, &cause);
		break;
	case OPTION_SIZE:
		if (row->flags & OPTION_MINUS_ONE && text_equal(value, "-1"))
			*(int64_t *)member = -1;
		else
			rc = size_parse(value, member, &cause);
		break;
	case OPTION_CPUS:
		rc = cpus_parse(value, member, &cause);
		break;
	case OPTION_ABSENT_BOOL:
	case OPTION_ABSENT:
	default:
		return err_set(err, EOPNOTSUPP, "--%s: known to Docker, not there yet", row->name);
	}
	return rc < 0 ? value_invalid(row, value, &cause, err) : 0;
}

static bool takes_value(const struct option_row *row)
{
	return row->type != OPTION_BOOL && row->type != OPTION_ABSENT_BOOL;
}

/* --name, --name=value, --name value. Moves *at over a value of its own. */
static int long_parse(const struct option_row *rows, void *structure, char *const **at, bool *out_help, struct err *err)
{
	const char *name = **at + 2, *equals = strchr(name, '=');
	size_t size = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = row_by_name(rows, name, size);
	if (!row && size == 4 && strncmp(name, "help", 4) == 0) {
		*out_help = true;
		return 0;
	}
	if (!row)
		return err_set(err, EINVAL, "unknown flag: --%.*s", (int)size, name);
	if (equals)
		return value_set(row, structure, equals + 1, err);
	if (!takes_value(row))
		return value_set(row, structure, "true", err);
	if (!(*at)[1])
		return err_set(err, EINVAL, "flag needs an argument: --%s", row->name);
	return value_set(row, structure, *++*at, err);
}

/* -n, -nVALUE, -n=VALUE, -n VALUE, -abc. */
static int short_parse(const struct option_row *rows, void *structure, char *const **at, bool *out_help,
		       struct err *err)
{
	const char *whole = **at;
	for (const char *letter = whole + 1; *letter; letter++) {
		const struct option_row *row = row_by_letter(rows, *letter);
		if (!row && *letter == 'h' && !letter[1]) {
			*out_help = true;
			return 0;
		}
		if (!row)
			return err_set(err, EINVAL, "unknown shorthand flag: '%c' in %s", *letter, whole);
		if (!takes_value(row)) {
			bool equals = letter[1] == '=';
			int rc = value_set(row, structure, equals ? letter + 2 : "true", err);
			if (rc < 0 || equals)
				return rc;
			continue;
		}
		if (letter[1])
			return value_set(row, structure, letter + 1 + (letter[1] == '='), err);
		if (!(*at)[1])
			return err_set(err, EINVAL, "flag needs an argument: '%c' in %s", *letter, whole);
		return value_set(row, structure, *++*at, err);
	}
	return 0;
}

int options_parse(const struct option_row *rows, void *structure, char *const *args, bool mixed, char **out_rest,
		  bool *out_help, struct err *err)
{
	size_t count = 0;
	bool over = false;
	for (char *const *at = args; *at; at++) {
		int rc = 0;
		if (over || (*at)[0] != '-' || text_equal(*at, "-")) {
			out_rest[count++] = *at;
			over = over || !mixed;
		} else if (text_equal(*at, "--")) {
			over = true;
		} else if ((*at)[1] == '-') {
			rc = long_parse(rows, structure, &at, out_help, err);
		} else {
			rc = short_parse(rows, structure, &at, out_help, err);
		}
		if (rc < 0)
			return rc;
		if (*out_help)
			break;
	}
	out_rest[count] = NULL;
	return 0;
}

void options_done(const struct option_row *rows, void *structure)
{
	for (; rows && rows->name; rows++) {
		if (rows->type != OPTION_LIST)
			continue;
		char ***list = (char ***)(void *)((char *)structure + rows->offset);
		strv_free(*list);
		*list = NULL;
	}
}
