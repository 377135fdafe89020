/*
 * Options by tables, in the manner of Docker's command line: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -it; a
 * boolean takes a value only behind "="; "--" ends the options.
 *
 * A row names a member of the command's own struct; the wrong type of member does not compile. Rows of options that are
 * known to Docker and not there yet have no member: their use is refused by name.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_BOOL,	    /* bool */
	OPTION_STRING,	    /* const char *, NULL when not given */
	OPTION_LIST,	    /* char **, NULL-terminated, as strv_push; freed by options_done */
	OPTION_NUMBER,	    /* int64_t; its value before parsing is the default */
	OPTION_SIZE,	    /* int64_t, bytes; -1 is allowed where the row's flag says so */
	OPTION_CPUS,	    /* int64_t, billionths of a processor */
	OPTION_ABSENT_BOOL, /* known, not there yet */
	OPTION_ABSENT,	    /* the same, with a value */
};

enum option_flag {
	OPTION_HIDDEN = 1,    /* not in help: an old spelling */
	OPTION_MINUS_ONE = 2, /* sizes: -1 is a value */
};

struct option_row {
	const char *name; /* without the dashes; NULL ends a table */
	char letter;	  /* 0: none */
	enum option_type type;
	uint16_t offset;
	uint16_t flags;
	const char *value; /* the value's name in help; NULL: by type */
	const char *help;
};

#define OPTION_ROW(type_, member, kind, ctype, name_, letter_, value_, help_, flags_)                                 \
	{                                                                                                             \
		.name = (name_), .letter = (letter_), .type = (kind),                                                 \
		.offset =                                                                                             \
		    offsetof(type_, member) +                                                                         \
		    0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type_ *)0)->member), ctype) ? 1 : -1]), \
		.flags = (flags_), .value = (value_), .help = (help_)                                                 \
	}
#define O_BOOL(type, member, name, letter, help) \
	OPTION_ROW(type, member, OPTION_BOOL, bool, name, letter, NULL, help, 0)
#define O_STRING(type, member, name, letter, value, help) \
	OPTION_ROW(type, member, OPTION_STRING, const char *, name, letter, value, help, 0)
#define O_LIST(type, member, name, letter, value, help) \
	OPTION_ROW(type, member, OPTION_LIST, char **, name, letter, value, help, 0)
#define O_NUMBER(type, member, name, letter, help) \
	OPTION_ROW(type, member, OPTION_NUMBER, int64_t, name, letter, "int", help, 0)
#define O_SIZE(type, member, name, letter, help, flags) \
	OPTION_ROW(type, member, OPTION_SIZE, int64_t, name, letter, "bytes", help, flags)
#define O_CPUS(type, member, name, help) OPTION_ROW(type, member, OPTION_CPUS, int64_t, name, 0, "decimal", help, 0)
#define O_LIST_HIDDEN(type, member, name) \
	OPTION_ROW(type, member, OPTION_LIST, char **, name, 0, "list", "", OPTION_HIDDEN)
#define O_STRING_HIDDEN(type, member, name) \
	OPTION_ROW(type, member, OPTION_STRING, const char *, name, 0, "string", "", OPTION_HIDDEN)
#define O_NUMBER_HIDDEN(type, member, name) \
	OPTION_ROW(type, member, OPTION_NUMBER, int64_t, name, 0, "int", "", OPTION_HIDDEN)
#define O_ABSENT(name_, value_, help_)                                                     \
	{                                                                                  \
		.name = (name_), .type = OPTION_ABSENT, .value = (value_), .help = (help_) \
	}
#define O_ABSENT_BOOL(name_, help_)                                          \
	{                                                                    \
		.name = (name_), .type = OPTION_ABSENT_BOOL, .help = (help_) \
	}
#define O_END                \
	{                    \
		.name = NULL \
	}

/*
 * Reads options from args into the struct and gathers the rest in out_rest (NULL-terminated, room for all of args; the
 * strings are args'). mixed: options may stand behind arguments too; otherwise the first argument ends them.
 * *out_help is set when --help was asked for; reading ends there.
 * -EINVAL with Docker's words; -EOPNOTSUPP for a row that is not there yet.
 */
int options_parse(const struct option_row *rows, void *structure, char *const *args, bool mixed, char **out_rest,
		  bool *out_help, struct err *err) must_check;

void options_done(const struct option_row *rows, void *structure); /* frees the lists */
