/*
 * What all commands of tug-runtime share: the global options, the root of the state, and how a failure is told.
 */
#pragma once

#include "base/error.h"
#include "cli/option.h"

struct context {
	const char *root, *log, *log_format, *rootless;
	bool debug, systemd_cgroup, version, trace_time;
	char *own_root; /* what root is where none was given */
	int root_fd;	/* the directory of the state; -1 before context_open */
};

/* Opens the root; make: a missing one is made, 0700. -ENOENT. */
int context_open(struct context *context, bool make, struct err *err) must_check;

/* On standard error and, with --log, as the last line of the log, where engines read it. Returns EXIT_FAILURE. */
int context_failed(const struct context *context, const struct err *err);
void context_warn(const struct context *context, const char *sentence);
void context_warn_of(void *context, const char *sentence); /* the same, as a callback */

/* --debug: in the log, or on standard error where there is none; in the log's form. */
void context_debug_of(void *context, const char *sentence);

/* A command of tug-runtime. */
struct command {
	const char *name, *usage, *summary;
	const struct option_row *rows;
	size_t size; /* of the struct that the rows fill */
	int args_min, args_max;
	bool mixed; /* options may stand behind arguments */
	/* options is zeroed but for the command's defaults. The exit status. */
	void (*defaults)(void *options);
	int (*run)(struct context *context, void *options, char **args);
};
extern const struct command *const commands[]; /* NULL-terminated */

int runtime_main(int argc, char **argv); /* the exit status */
