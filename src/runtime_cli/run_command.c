#include "base/text.h"
#include "oci/runtime_spec.h"
#include "runtime_cli/context.h"
#include "runtime_cli/rootless.h"
#include "runtime_cli/trace.h"

#include <string.h>

static const struct option_row global_rows[] = {
    O_STRING(struct context, root, "root", 0, "DIR", "Where the state of containers is kept"),
    O_STRING(struct context, log, "log", 0, "FILE", "Append errors to this file too"),
    O_STRING(struct context, log_format, "log-format", 0, "text|json", "The form of lines in the log"),
    O_BOOL(struct context, debug, "debug", 0, "Each step as a line of the log"),
    O_BOOL(struct context, systemd_cgroup, "systemd-cgroup", 0, "Ask systemd for control groups: slice:prefix:name"),
    O_STRING(struct context, rootless, "rootless", 0, "true|false|auto",
	     "Whether control groups that may not be made are done without"),
    O_BOOL(struct context, trace_time, "trace-time", 0, "Print when each step of run, create and exec was done"),
    O_BOOL(struct context, version, "version", 'v', "Print the version"),
    O_END,
};

static const struct command *command_find(const char *name)
{
	for (const struct command *const *at = commands; *at; at++) {
		if (text_equal((*at)->name, name))
			return *at;
	}
	return NULL;
}

static void options_print(const struct option_row *rows)
{
	for (; rows && rows->name; rows++) {
		char title[64];
		if (rows->flags & OPTION_HIDDEN)
			continue;
		if (rows->letter)
			snprintf(title, sizeof title, "-%c, --%s%s%s", rows->letter, rows->name, rows->value ? " " : "",
				 rows->value ? rows->value : "");
		else
			snprintf(title, sizeof title, "    --%s%s%s", rows->name, rows->value ? " " : "",
				 rows->value ? rows->value : "");
		printf("  %-34s %s\n", title, rows->help);
	}
}

static int help(void)
{
	printf("Usage: tug-runtime [OPTIONS] COMMAND [ARG...]\n\nRuns containers from OCI bundles.\n\nCommands:\n");
	for (const struct command *const *at = commands; *at; at++)
		printf("  %-12s %s\n", (*at)->name, (*at)->summary);
	printf("\nOptions:\n");
	options_print(global_rows);
	return 0;
}

static int command_help(const struct command *command)
{
	printf("Usage: tug-runtime %s %s\n\n%s\n\nOptions:\n", command->name, command->usage, command->summary);
	options_print(command->rows);
	return 0;
}

static int version(void)
{
	printf("tug-runtime version %s\nspec: %s\n", TUG_VERSION, OCI_RUNTIME_VERSION);
	return 0;
}

static int command_run(struct context *context, const struct command *command, char **args)
{
	size_t count = strv_count(args);
	auto_free char **rest = x_alloc((count + 1) * sizeof *rest);
	auto_free void *options = x_alloc(command->size ? command->size : 1);
	bool wants_help = false;
	struct err err;
	if (command->defaults)
		command->defaults(options);
	if (options_parse(command->rows, options, args, command->mixed, rest, &wants_help, &err) < 0)
		return context_failed(context, &err);
	if (wants_help)
		return command_help(command);
	int given = (int)strv_count(rest);
	if (given < command->args_min || (command->args_max >= 0 && given > command->args_max)) {
		err_set(&err, EINVAL, "tug-runtime: \"%s\" requires %s%d argument(s): %s", command->name,
			command->args_min == command->args_max ? "exactly " : "a minimum of ", command->args_min,
			command->usage);
		return context_failed(context, &err);
	}
	int status = command->run(context, options, rest);
	options_done(command->rows, options);
	if (fflush(stdout) != 0) {
		err_sys(&err, "standard output");
		status = context_failed(context, &err);
	}
	return status;
}

int runtime_main(int argc, char **argv)
{
	struct context context = {.root_fd = -1};
	auto_free char **rest = x_alloc(((size_t)argc + 1) * sizeof *rest);
	bool wants_help = false;
	struct err err;
	if (options_parse(global_rows, &context, argv + 1, false, rest, &wants_help, &err) < 0)
		return context_failed(&context, &err);
	if (context.log_format && !text_equal(context.log_format, "text") && !text_equal(context.log_format, "json")) {
		err_set(&err, EINVAL, "invalid log-format: \"%s\" (text, json)", context.log_format);
		return context_failed(&context, &err);
	}
	if (rootless_word_check(&context, &err) < 0)
		return context_failed(&context, &err);
	if (context.version)
		return version();
	if (wants_help || !rest[0])
		return help();
	if (text_equal(rest[0], "help")) {
		const struct command *about = rest[1] ? command_find(rest[1]) : NULL;
		return about ? command_help(about) : help();
	}
	const struct command *command = command_find(rest[0]);
	if (!command) {
		err_set(&err, EINVAL, "No help topic for '%s': not a command", rest[0]);
		return context_failed(&context, &err);
	}
	if (context.trace_time)
		trace_start();
	if (context.debug) {
		auto_free char *begin = x_printf("tug-runtime %s: %s", TUG_VERSION, command->name);
		trace_tell(context_debug_of, &context);
		trace(begin);
	}
	int status = command_run(&context, command, rest + 1);
	cleanup_fd(&context.root_fd);
	free(context.own_root);
	return status;
}
