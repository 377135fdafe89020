#include "cli/help.h"

#include "base/text.h"

#include <string.h>

const char *help_value_name(const struct option_row *row)
{
	static const char *const names[] = {
	    [OPTION_STRING] = "string", [OPTION_LIST] = "list",	   [OPTION_NUMBER] = "int",
	    [OPTION_SIZE] = "bytes",	[OPTION_CPUS] = "decimal", [OPTION_ABSENT] = "string",
	};
	if (row->type == OPTION_BOOL || row->type == OPTION_ABSENT_BOOL)
		return "";
	return row->value ? row->value : names[row->type];
}

bool help_is_shown(const struct option_row *row)
{
	return !(row->flags & OPTION_HIDDEN) && row->type != OPTION_ABSENT && row->type != OPTION_ABSENT_BOOL;
}

static bool any_option(const struct command *command)
{
	for (const struct option_row *row = command->options; row && row->name; row++) {
		if (help_is_shown(row))
			return true;
	}
	return false;
}

void help_usage(const struct command *command, const char *called, FILE *out)
{
	fprintf(out, "Usage:  tug %s%s%s%s\n", called, any_option(command) ? " [OPTIONS]" : "",
		*command->usage ? " " : "", command->usage);
}

static int name_order(const void *a, const void *b)
{
	return strcmp((*(const struct option_row *const *)a)->name, (*(const struct option_row *const *)b)->name);
}

size_t help_rows(const struct option_row *rows, const struct option_row *out_rows[HELP_ROWS_MAX])
{
	size_t count = 0;
	for (; rows && rows->name && count < HELP_ROWS_MAX; rows++) {
		if (help_is_shown(rows))
			out_rows[count++] = rows;
	}
	if (count > 0)
		qsort(out_rows, count, sizeof out_rows[0], name_order);
	return count;
}

static void options_print(const struct option_row *options, const char *title, FILE *out)
{
	const struct option_row *rows[HELP_ROWS_MAX];
	size_t count = help_rows(options, rows), width = 0;
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(rows[i]->name) + 1 + strlen(help_value_name(rows[i]));
		width = size > width ? size : width;
	}
	if (count > 0)
		fprintf(out, "\n%s:\n", title);
	for (size_t i = 0; i < count; i++) {
		char letter[8] = "      ";
		if (rows[i]->letter)
			snprintf(letter, sizeof letter, "  -%c, ", rows[i]->letter);
		auto_free char *name = x_printf("%s %s", rows[i]->name, help_value_name(rows[i]));
		fprintf(out, "%s--%-*s   %s\n", letter, (int)width, name, rows[i]->help);
	}
}

void help_command(const struct command *command, const char *called, FILE *out)
{
	fprintf(out, "\n");
	help_usage(command, called, out);
	fprintf(out, "\n%s\n", command->summary);
	if (command->shortcut) {
		fprintf(out, "\nAliases:\n  tug %s", command->path);
		if (command->alias) {
			const char *space = strrchr(command->path, ' ');
			fprintf(out, ", tug %.*s %s", space ? (int)(space - command->path) : 0, command->path,
				command->alias);
		}
		fprintf(out, ", tug %s\n", command->shortcut);
	}
	options_print(command->options, "Options", out);
}

static const struct {
	const char *name, *summary;
} groups[] = {
    {"container", "Manage containers"},
    {"image", "Manage images"},
    {"system", "Manage the engine"},
    {"network", "Manage networks"},
    {"volume", "Manage volumes"},
    {"builder", "Build, and what builds keep"},
    {"manifest", "Manage lists of manifests"},
};

/* Whether path lies in the group, and its word behind. */
static const char *word_in(const char *path, const char *group)
{
	const char *rest = text_after(path, group);
	return rest && *rest == ' ' ? rest + 1 : NULL;
}

bool help_has_group(const char *group)
{
	for (const struct command *const *command = commands; *command; command++) {
		if (word_in((*command)->path, group))
			return true;
	}
	return false;
}

size_t help_names(const char *group, const char *out_names[HELP_COMMANDS_MAX])
{
	size_t count = 0;
	for (size_t i = 0; !group && i < array_size(groups); i++)
		out_names[count++] = groups[i].name;
	for (const struct command *const *command = commands; *command && count < HELP_COMMANDS_MAX; command++) {
		const char *name = group ? word_in((*command)->path, group) : (*command)->shortcut;
		if (!group && !name && !strchr((*command)->path, ' '))
			name = (*command)->path;
		if (name)
			out_names[count++] = name;
	}
	return count;
}

void help_group(const char *group, FILE *out)
{
	fprintf(out, "\nUsage:  tug %s COMMAND\n\nCommands:\n", group);
	for (const struct command *const *command = commands; *command; command++) {
		const char *word = word_in((*command)->path, group);
		if (word)
			fprintf(out, "  %-11s %s\n", word, (*command)->summary);
	}
	fprintf(out, "\nRun 'tug %s COMMAND --help' for more information on a command.\n", group);
}

void help_all(FILE *out)
{
	fprintf(out, "\nUsage:  tug [OPTIONS] COMMAND\n\nA container engine\n\nCommands:\n");
	for (const struct command *const *command = commands; *command; command++) {
		const char *name = (*command)->shortcut;
		if (!name && !strchr((*command)->path, ' '))
			name = (*command)->path;
		if (name)
			fprintf(out, "  %-11s %s\n", name, (*command)->summary);
	}
	fprintf(out, "\nGroups of commands:\n");
	for (size_t i = 0; i < array_size(groups); i++)
		fprintf(out, "  %-11s %s\n", groups[i].name, groups[i].summary);
	options_print(global_rows, "Global Options", out);
	fprintf(out, "\nRun 'tug COMMAND --help' for more information on a command.\n");
}
