#include "base/json.h"
#include "base/text.h"
#include "runtime/plan_print.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/foreground.h"
#include "runtime_cli/launch.h"

#define LAUNCH_ROWS                                                                                                   \
	O_STRING(struct launch_options, bundle, "bundle", 'b', "DIR", "The bundle (the working directory)"),          \
	    O_STRING(struct launch_options, console_socket, "console-socket", 0, "PATH",                              \
		     "A socket that takes the terminal's master"),                                                    \
	    O_STRING(struct launch_options, pid_file, "pid-file", 0, "FILE", "Write the process's number there"),     \
	    O_STRING(struct launch_options, pidfd_socket, "pidfd-socket", 0, "PATH",                                  \
		     "A socket that takes a pidfd of the process"),                                                   \
	    O_NUMBER(struct launch_options, preserve_fds, "preserve-fds", 0,                                          \
		     "Pass so many descriptors, from 3 on, to the process"),                                          \
	    O_BOOL(struct launch_options, no_pivot, "no-pivot", 0, "For a root on a ramdisk: do not use pivot_root"), \
	    O_BOOL(struct launch_options, no_new_keyring, "no-new-keyring", 0, "Keep the session keyring")

static const struct option_row create_rows[] = {LAUNCH_ROWS, O_END};
static const struct option_row run_rows[] = {
    LAUNCH_ROWS,
    O_BOOL(struct launch_options, detach, "detach", 'd', "Do not wait for the container's end"),
    O_BOOL(struct launch_options, keep, "keep", 0, "Keep the container's state after its end"),
    O_BOOL(struct launch_options, dry_run, "dry-run", 0, "Print the plan as JSON and do nothing"),
    {.name = "no-subreaper",
     .type = OPTION_BOOL,
     .offset = offsetof(struct launch_options, no_subreaper),
     .flags = OPTION_HIDDEN,
     .help = ""},
    O_END,
};

static void defaults(void *options)
{
	((struct launch_options *)options)->bundle = ".";
}

/* --- --dry-run: no root, no state, nothing done --- */

static int plan_show(struct context *context, const struct launch_options *options, struct err *err)
{
	const struct bundle_options compile = {
	    .id = options->id, .no_pivot = options->no_pivot, .no_new_keyring = options->no_new_keyring};
	auto_buf text = BUF_INIT(JSON_SIZE_MAX), pretty = BUF_INIT(JSON_SIZE_MAX);
	auto_arena arena = {0};
	const struct json *value;
	struct bundle bundle;
	int rc = state_id_check(options->id, err);
	if (rc < 0)
		return rc;
	rc = bundle_load(&bundle, options->bundle, err);
	if (rc == 0)
		rc = bundle_compile(context, &bundle, &compile, err);
	if (rc == 0) {
		plan_print(bundle.plan, &text);
		rc = buf_check(&text, "the plan", err);
	}
	if (rc == 0)
		rc = json_parse(&arena, text.data, text.len, "the plan", &value, err);
	if (rc == 0) {
		json_indent(&pretty, value, 2);
		printf("%s\n", buf_str(&pretty));
	}
	bundle_done(&bundle);
	return rc;
}

/* --- create, run --- */

/* The exit status of the container in the foreground, 0 otherwise; -errno. */
static int launch(struct context *context, struct launch_options *options, struct err *err)
{
	struct launch launch = {.context = context, .options = options};
	bool foreground = options->at_once && !options->detach;
	int rc = context_open(context, true, err);
	if (rc < 0)
		return rc;
	if (foreground)
		foreground_begin(options->no_subreaper);
	rc = launch_make(&launch, err);
	if (rc == 0 && options->at_once)
		rc = launch_go(&launch, err);
	if (rc == 0 && foreground)
		rc = foreground_attend(&launch, err);
	launch_done(&launch);
	return rc;
}

static int create_run(struct context *context, void *given, char **args)
{
	struct launch_options *options = given;
	struct err err;
	options->id = args[0];
	int rc = launch(context, options, &err);
	if (rc < 0)
		err_wrap(&err, "create failed");
	return rc < 0 ? context_failed(context, &err) : rc;
}

static int run_run(struct context *context, void *given, char **args)
{
	struct launch_options *options = given;
	struct err err;
	options->id = args[0];
	options->at_once = true;
	int rc = options->dry_run ? plan_show(context, options, &err) : launch(context, options, &err);
	if (rc < 0)
		err_wrap(&err, "run failed");
	return rc < 0 ? context_failed(context, &err) : rc;
}

const struct command cmd_create = {
    .name = "create",
    .usage = "[OPTIONS] ID",
    .summary = "Create a container",
    .rows = create_rows,
    .size = sizeof(struct launch_options),
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .defaults = defaults,
    .run = create_run,
};

const struct command cmd_run = {
    .name = "run",
    .usage = "[OPTIONS] ID",
    .summary = "Create and start a container",
    .rows = run_rows,
    .size = sizeof(struct launch_options),
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .defaults = defaults,
    .run = run_run,
};
