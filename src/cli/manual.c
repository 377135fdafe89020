#include "cli/manual.h"

#include "base/text.h"
#include "cli/help.h"

#include <string.h>

void manual_name(const struct command *command, char out_name[64])
{
	snprintf(out_name, 64, "tug-%s", command->shortcut ? command->shortcut : command->path);
	for (char *at = out_name; *at; at++) {
		if (*at == ' ')
			*at = '-';
	}
}

/* Text for roff: a dash is a minus sign, a backslash and a leading point or quote are no requests. */
static void roff(const char *text, FILE *out)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

static void title_print(const char *name, const char *summary, FILE *out)
{
	fprintf(out, ".TH \"");
	roff(name, out);
	fprintf(out, "\" 1 \"\" \"tug %s\" \"tug\"\n.SH NAME\n", TUG_VERSION);
	roff(name, out);
	fputs(" \\- ", out);
	roff(summary, out);
	fputc('\n', out);
}

static void option_print(const struct option_row *row, FILE *out)
{
	const char *value = help_value_name(row);
	fputs(".TP\n", out);
	if (row->letter)
		fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
	fputs("\\fB\\-\\-", out);
	roff(row->name, out);
	fputs("\\fR", out);
	if (*value) {
		fputs(" \\fI", out);
		roff(value, out);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	roff(row->help, out);
	fputc('\n', out);
}

static void options_print(const struct option_row *options, FILE *out)
{
	const struct option_row *rows[HELP_ROWS_MAX];
	size_t count = help_rows(options, rows);
	if (count > 0)
		fputs(".SH OPTIONS\n", out);
	for (size_t i = 0; i < count; i++)
		option_print(rows[i], out);
}

/* What Docker has: it is refused by name, never ignored. */
static void absent_print(const struct option_row *rows, FILE *out)
{
	bool any = false;
	for (const struct option_row *row = rows; row && row->name; row++) {
		if (row->type != OPTION_ABSENT && row->type != OPTION_ABSENT_BOOL)
			continue;
		fputs(any ? ",\n" : ".SH NOT THERE YET\nOptions of Docker's that are refused by name:\n", out);
		fputs("\\-\\-", out);
		roff(row->name, out);
		any = true;
	}
	if (any)
		fputs(".\n", out);
}

static bool runs_program(const struct command *command)
{
	return strstr(command->usage, "[COMMAND]") || strstr(command->usage, " COMMAND ");
}

void manual_command(const struct command *command, FILE *out)
{
	char name[64];
	manual_name(command, name);
	title_print(name, command->summary, out);
	fputs(".SH SYNOPSIS\n\\fBtug ", out);
	roff(command->shortcut ? command->shortcut : command->path, out);
	fputs("\\fR", out);
	const struct option_row *rows[HELP_ROWS_MAX];
	if (help_rows(command->options, rows) > 0)
		fputs(" [\\fIOPTIONS\\fR]", out);
	fputc(' ', out);
	roff(command->usage, out);
	fputs("\n.SH DESCRIPTION\n", out);
	roff(command->summary, out);
	fputs(".\n", out);
	if (command->shortcut) {
		fputs(".PP\nThe same as \\fBtug ", out);
		roff(command->path, out);
		fputs("\\fR.\n", out);
	}
	if (command->options_first)
		fputs(".PP\nThe first argument ends the options: what follows is the container's.\n", out);
	options_print(command->options, out);
	absent_print(command->options, out);
	fputs(".SH EXIT STATUS\n", out);
	if (runs_program(command))
		fputs("That of the program that ran; 125 when the engine could not do it, 126 when the program could\n"
		      "not be executed, 127 when it was not found.\n",
		      out);
	else
		fputs("0; 1 after an error; 125 for options that are wrong.\n", out);
	fputs(".SH SEE ALSO\n.BR tug (1)\n", out);
}

static const char tug_text[] =
    ".SH DESCRIPTION\n"
    "\\fBtug\\fR speaks Docker's Engine API to an engine, \\fBtugd\\fR. Commands, flags, output and exit\n"
    "statuses are Docker's.\n"
    ".PP\n"
    "Where no engine listens on the default socket and none was named, \\fBtug\\fR starts one when it runs as\n"
    "root, and says so once.\n";

static const char tug_tail[] =
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBTUG_HOST\\fR, \\fBDOCKER_HOST\\fR\n"
    "The engine's socket, where \\fB\\-H\\fR does not name one; the first that is set counts.\n"
    ".TP\n\\fBTUG_AUTO_START\\fR\n"
    "\"off\": never start an engine; \"on\": start one even where the configuration says no.\n"
    ".SH FILES\n"
    ".TP\n\\fI/run/tug/tug.sock\\fR\nThe default socket.\n"
    ".TP\n\\fI/etc/tug/daemon.json\\fR\n"
    "The engine's configuration; \"auto\\-start\": false keeps \\fBtug\\fR from starting one.\n"
    ".TP\n\\fI/var/log/tugd.log\\fR\nWhat an engine says that \\fBtug\\fR started.\n"
    ".SH EXIT STATUS\n"
    "0; 1 after an error; 125 for options that are wrong; that of the container for \\fBrun\\fR, \\fBexec\\fR,\n"
    "\\fBattach\\fR and \\fBstart \\-a\\fR.\n";

void manual_tug(FILE *out)
{
	title_print("tug", "containers from the command line", out);
	fputs(".SH SYNOPSIS\n\\fBtug\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARG\\fR...]\n", out);
	fputs(tug_text, out);
	options_print(global_rows, out);
	absent_print(global_rows, out);
	fputs(".SH COMMANDS\n", out);
	for (const struct command *const *at = commands; *at; at++) {
		char name[64];
		manual_name(*at, name);
		fputs(".TP\n.BR ", out);
		roff(name, out);
		fputs(" (1)\n", out);
		roff((*at)->summary, out);
		fputc('\n', out);
	}
	fputs(tug_tail, out);
}
