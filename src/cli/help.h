/*
 * Help and usage, out of the table of commands.
 */
#pragma once

#include "cli/command.h"

void help_usage(const struct command *command, const char *called,
		FILE *out); /* "Usage:  tug run [OPTIONS] IMAGE ..." */
void help_command(const struct command *command, const char *called, FILE *out);
void help_group(const char *group, FILE *out); /* "container" */
void help_all(FILE *out);
bool help_has_group(const char *group);

/* The words that may follow `tug`, or a group; how many. */
enum { HELP_COMMANDS_MAX = 256 };
size_t help_names(const char *group, const char *out_names[HELP_COMMANDS_MAX]);

/* --- for other makers of help: manual pages, completion --- */

enum { HELP_ROWS_MAX = 160 };

bool help_is_shown(const struct option_row *row);	   /* neither hidden nor absent */
const char *help_value_name(const struct option_row *row); /* "" for a switch */
/* The rows that are shown, by name; how many. */
size_t help_rows(const struct option_row *rows, const struct option_row *out_rows[HELP_ROWS_MAX]);
