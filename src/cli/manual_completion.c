/* Completion for bash: one branch per command, names of containers and images asked from the engine. */
#include "cli/manual.h"

#include "base/text.h"
#include "cli/help.h"

#include <string.h>

/* The engine is asked for names, never started for them. */
static const char head[] = "# bash completion for tug, made from its table of commands\n"
			   "\n"
			   "__tug_ask() {\n"
			   "\tTUG_AUTO_START=off command tug \"${host[@]}\" \"$@\" 2>/dev/null\n"
			   "}\n"
			   "\n"
			   "__tug_names() {\n"
			   "\tcase $1 in\n"
			   "\tcontainer) __tug_ask ps -a --format '{{.Names}}' ;;\n"
			   "\timage) __tug_ask images --format '{{.Repository}}:{{.Tag}}' | grep -v '<none>' ;;\n"
			   "\tobject) __tug_names container; __tug_names image ;;\n"
			   "\tesac\n"
			   "}\n"
			   "\n"
			   "# Sets options, valued, names and first for the command that the words call.\n"
			   "__tug_command() {\n"
			   "\toptions=--help valued= names=file first=\n"
			   "\tcase $1 in\n";

static const char tail[] =
    "\t*) return 1 ;;\n"
    "\tesac\n"
    "}\n"
    "\n"
    "_tug() {\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} called= word i found=0 count=0 after=\n"
    "\tlocal options valued names first host=()\n"
    "\tCOMPREPLY=()\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tword=${COMP_WORDS[i]}\n"
    "\t\tif [[ -n $after ]]; then\n"
    "\t\t\tafter=\n"
    "\t\t\tcontinue\n"
    "\t\tfi\n"
    "\t\tif [[ $found = 0 ]]; then\n"
    "\t\t\tcase $word in\n"
    "\t\t\t-H|--host) host=(-H \"${COMP_WORDS[i+1]}\"); ((i++)) ;;\n"
    "\t\t\t-l|--log-level) ((i++)) ;;\n"
    "\t\t\t-*) ;;\n"
    "\t\t\t*)\n"
    "\t\t\t\tcalled=${called:+$called }$word\n"
    "\t\t\t\t__tug_command \"$called\" && found=1\n"
    "\t\t\t\t;;\n"
    "\t\t\tesac\n"
    "\t\telif [[ $word = -* && ! ( -n $first && $count -gt 0 ) ]]; then\n"
    "\t\t\t[[ \" $valued \" != *\" $word \"* ]] || after=1\n"
    "\t\telse\n"
    "\t\t\t((count++))\n"
    "\t\tfi\n"
    "\tdone\n"
    "\tif [[ $found = 0 ]]; then\n"
    "\t\tlocal choices=$__tug_words\n"
    "\t\tcase $called in\n"
    "\t\tcontainer) choices=$__tug_container ;;\n"
    "\t\timage) choices=$__tug_image ;;\n"
    "\t\tsystem) choices=$__tug_system ;;\n"
    "\t\tesac\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$cur\")\n"
    "\telif [[ -n $after || $names = file || ( -n $first && $count -gt 0 ) ]] && [[ $cur != -* ]]; then\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "\telif [[ $cur = -* ]]; then\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
    "\telse\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$(__tug_names \"$names\")\" -- \"$cur\")\n"
    "\t\tif declare -F __ltrim_colon_completions >/dev/null; then\n"
    "\t\t\t__ltrim_colon_completions \"$cur\"\n"
    "\t\tfi\n"
    "\tfi\n"
    "}\n"
    "complete -F _tug tug\n";

/* What the arguments are, by the command's usage. */
static const char *names_of(const struct command *command)
{
	const char *usage = command->usage;
	if (strstr(usage, "NAME|ID"))
		return "object";
	if (text_after(usage, "CONTAINER"))
		return "container";
	if (text_after(usage, "IMAGE") || text_after(usage, "SOURCE_IMAGE") ||
	    strstr(usage, "[REPOSITORY[:TAG]]") == usage)
		return "image";
	return "file";
}

static void branch_print(const struct command *command, FILE *out)
{
	const struct option_row *rows[HELP_ROWS_MAX];
	size_t count = help_rows(command->options, rows);
	const char *space = strchr(command->path, ' ');
	fprintf(out, "\t'%s'", command->path);
	if (command->shortcut)
		fprintf(out, "|'%s'", command->shortcut);
	if (command->alias)
		fprintf(out, "|'%.*s %s'", space ? (int)(space - command->path) : 0, command->path, command->alias);
	fputs(")\n\t\toptions='--help", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, " --%s", rows[i]->name);
	fputs("'\n\t\tvalued='", out);
	for (size_t i = 0; i < count; i++) {
		if (!*help_value_name(rows[i]))
			continue;
		fprintf(out, "--%s ", rows[i]->name);
		if (rows[i]->letter)
			fprintf(out, "-%c ", rows[i]->letter);
	}
	fprintf(out, "'\n\t\tnames=%s first=%s ;;\n", names_of(command), command->options_first ? "1" : "");
}

/* __tug_container='run exec ...'; without a group the words of the first place. */
static void words_print(const char *group, FILE *out)
{
	fprintf(out, "__tug_%s='", group ? group : "words");
	for (const struct command *const *at = commands; *at; at++) {
		const char *space = strchr((*at)->path, ' ');
		if (!group && (*at)->shortcut)
			fprintf(out, "%s ", (*at)->shortcut);
		else if (!group && !space)
			fprintf(out, "%s ", (*at)->path);
		else if (group && text_after((*at)->path, group) && space)
			fprintf(out, "%s ", space + 1);
	}
	fputs(group ? "'\n" : "container image system help'\n", out);
}

void manual_completion(FILE *out)
{
	fputs(head, out);
	for (const struct command *const *at = commands; *at; at++)
		branch_print(*at, out);
	fputs(tail, out);
	words_print(NULL, out);
	words_print("container", out);
	words_print("image", out);
	words_print("system", out);
}
