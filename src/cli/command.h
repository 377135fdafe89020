/*
 * What a command of `tug` is: one row that says its name, arguments, options and help, and a function that runs it.
 * The table is in commands.c. Help, arity errors, man pages and completion come out of the rows.
 */
#pragma once

#include "cli/client.h"
#include "cli/option.h"

#include <stdio.h>

enum { ARGS_ANY = -1, OPTIONS_SIZE_MAX = 2048 };

/* Exit statuses of the command line's own, as Docker's. */
enum { EXIT_FAILED = 1, EXIT_USAGE = 125, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

struct cli;

struct command {
	const char *path;     /* "container run", "version" */
	const char *shortcut; /* "run", or NULL */
	const char *alias;    /* another name of the last word in its group, "list"; or NULL */
	const char *usage;    /* behind the options: "IMAGE [COMMAND] [ARG...]" */
	const char *summary;
	int args_min, args_max;		  /* ARGS_ANY */
	bool options_first;		  /* the first argument ends the options */
	const struct option_row *options; /* NULL: none */
	size_t options_size;		  /* of the struct */
	const void *defaults;		  /* its values before parsing; NULL: zero */
	int (*run)(struct cli *cli);	  /* the exit status */
};
extern const struct command *const commands[]; /* ends with NULL */

/*
 * What Docker's command line has and this one does not have yet, by the words that call it; ends with NULL. One word
 * stands for all that is below it.
 */
extern const char *const commands_absent[];

extern const struct option_row global_rows[]; /* before the command: -H, --version */

/* One invocation. */
struct cli {
	const struct command *command;
	const char *called; /* as the user called it: "run", "container run" */
	void *options;	    /* the command's struct */
	char **args;
	size_t arg_count;
	struct client client;
	struct arena arena;
};

/* A line on standard error, of what others may have chosen: nothing in it commands the terminal. */
void cli_say(const char *prefix, const char *text);
/* Prints "tug: MESSAGE" on standard error. */
void cli_complain(const struct err *err);
/* The same as run, create, and start of them do: with the hint at --help below; returns 125, 126 or 127 by the message.
 */
int cli_run_failed(struct cli *cli, const struct err *err);
/* Prints the message as it is and returns 1. */
int cli_failed(const struct err *err);

/* For the commands that do one thing to each argument: prints the argument after success, goes on after an error. */
int cli_each(struct cli *cli, int (*one)(struct cli *cli, const char *name, struct err *err));

/* A request's path out of a pattern in which %s stands for an escaped text; in the cli's arena. */
const char *cli_path(struct cli *cli, const char *pattern, const char *name);

void print(const char *format, ...) printf_like(1, 2); /* to standard output */
