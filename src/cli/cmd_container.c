/* Commands that do one thing to each container that is named: stop, restart, kill, pause, rm, rename, wait. */
#include "cli/commands.h"

#include "base/text.h"
#include "docker/container.h"

static int post(struct cli *cli, const char *method, const char *path, struct err *err)
{
	const struct client_request request = {.method = method, .path = path};
	int rc = client_call(&cli->client, &request, NULL, NULL, err);
	return rc == -EALREADY ? 0 : rc; /* it was so before: fine */
}

/* "/containers/NAME/stop?t=10&signal=INT" */
static const char *stop_path(struct cli *cli, const char *pattern, const char *name, int64_t timeout,
			     const char *signal)
{
	auto_buf path = BUF_INIT(128 << 10);
	buf_text(&path, cli_path(cli, pattern, name));
	const char *separator = "?";
	if (timeout != -2) {
		buf_printf(&path, "?t=%lld", (long long)timeout);
		separator = "&";
	}
	if (!text_empty(signal)) {
		buf_printf(&path, "%ssignal=", separator);
		path_escape(&path, signal);
	}
	return arena_strdup(&cli->arena, buf_str(&path));
}

/* --- stop, restart --- */

struct stop_options {
	const char *signal;
	int64_t timeout;
};

static const struct stop_options stop_defaults = {.timeout = -2};

static const struct option_row stop_rows[] = {
    O_STRING(struct stop_options, signal, "signal", 's', "string", "Signal to send to the container"),
    O_NUMBER(struct stop_options, timeout, "timeout", 't', "Seconds to wait before killing the container"),
    O_NUMBER_HIDDEN(struct stop_options, timeout, "time"),
    O_END,
};

static int stop_one(struct cli *cli, const char *name, struct err *err)
{
	const struct stop_options *options = cli->options;
	return post(cli, "POST", stop_path(cli, "/containers/%s/stop", name, options->timeout, options->signal), err);
}

static int stop_run(struct cli *cli)
{
	return cli_each(cli, stop_one);
}

const struct command command_stop = {
    .path = "container stop",
    .shortcut = "stop",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Stop one or more running containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = stop_rows,
    .options_size = sizeof(struct stop_options),
    .defaults = &stop_defaults,
    .run = stop_run,
};

static int restart_one(struct cli *cli, const char *name, struct err *err)
{
	const struct stop_options *options = cli->options;
	return post(cli, "POST", stop_path(cli, "/containers/%s/restart", name, options->timeout, options->signal),
		    err);
}

static int restart_run(struct cli *cli)
{
	return cli_each(cli, restart_one);
}

const struct command command_restart = {
    .path = "container restart",
    .shortcut = "restart",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Restart one or more containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = stop_rows,
    .options_size = sizeof(struct stop_options),
    .defaults = &stop_defaults,
    .run = restart_run,
};

/* --- kill --- */

struct kill_options {
	const char *signal;
};

static const struct option_row kill_rows[] = {
    O_STRING(struct kill_options, signal, "signal", 's', "string", "Signal to send to the container"),
    O_END,
};

static int kill_one(struct cli *cli, const char *name, struct err *err)
{
	const struct kill_options *options = cli->options;
	return post(cli, "POST", stop_path(cli, "/containers/%s/kill", name, -2, options->signal), err);
}

static int kill_run(struct cli *cli)
{
	return cli_each(cli, kill_one);
}

const struct command command_kill = {
    .path = "container kill",
    .shortcut = "kill",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Kill one or more running containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = kill_rows,
    .options_size = sizeof(struct kill_options),
    .run = kill_run,
};

/* --- pause, unpause --- */

static int pause_one(struct cli *cli, const char *name, struct err *err)
{
	return post(cli, "POST", cli_path(cli, "/containers/%s/pause", name), err);
}

static int pause_run(struct cli *cli)
{
	return cli_each(cli, pause_one);
}

const struct command command_pause = {
    .path = "container pause",
    .shortcut = "pause",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Pause all processes within one or more containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .run = pause_run,
};

static int unpause_one(struct cli *cli, const char *name, struct err *err)
{
	return post(cli, "POST", cli_path(cli, "/containers/%s/unpause", name), err);
}

static int unpause_run(struct cli *cli)
{
	return cli_each(cli, unpause_one);
}

const struct command command_unpause = {
    .path = "container unpause",
    .shortcut = "unpause",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Unpause all processes within one or more containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .run = unpause_run,
};

/* --- rm --- */

struct rm_options {
	bool force, volumes;
};

static const struct option_row rm_rows[] = {
    O_BOOL(struct rm_options, force, "force", 'f', "Force the removal of a running container (uses SIGKILL)"),
    O_BOOL(struct rm_options, volumes, "volumes", 'v', "Remove anonymous volumes associated with the container"),
    {.name = "link", .letter = 'l', .type = OPTION_ABSENT_BOOL, .help = ""},
    O_END,
};

static int rm_run(struct cli *cli)
{
	const struct rm_options *options = cli->options;
	int status = 0;
	for (size_t i = 0; i < cli->arg_count; i++) {
		struct err err;
		const char *name = cli->args[i];
		name += name[0] == '/';
		const char *path = arena_printf(&cli->arena, "%s?force=%d&v=%d", cli_path(cli, "/containers/%s", name),
						options->force, options->volumes);
		int rc = post(cli, "DELETE", path, &err);
		if (rc == 0)
			print("%s\n", cli->args[i]);
		else if (rc != -ENOENT || !options->force) /* with force, what is not there is removed */
			status = cli_failed(&err);
	}
	return status;
}

const struct command command_rm = {
    .path = "container rm",
    .shortcut = "rm",
    .alias = "remove",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Remove one or more containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = rm_rows,
    .options_size = sizeof(struct rm_options),
    .run = rm_run,
};

/* --- rename --- */

static int rename_run(struct cli *cli)
{
	struct err err;
	auto_buf path = BUF_INIT(128 << 10);
	buf_text(&path, cli_path(cli, "/containers/%s/rename?name=", cli->args[0]));
	path_escape(&path, cli->args[1]);
	return post(cli, "POST", buf_str(&path), &err) < 0 ? cli_failed(&err) : 0;
}

const struct command command_rename = {
    .path = "container rename",
    .shortcut = "rename",
    .usage = "CONTAINER NEW_NAME",
    .summary = "Rename a container",
    .args_min = 2,
    .args_max = 2,
    .run = rename_run,
};

/* --- wait --- */

static int wait_run(struct cli *cli)
{
	int status = 0;
	for (size_t i = 0; i < cli->arg_count; i++) {
		struct err err;
		struct container_wait answer = {0};
		const struct client_request request = {.method = "POST",
						       .path = cli_path(cli, "/containers/%s/wait", cli->args[i])};
		if (client_struct(&cli->client, &request, &table_container_wait, &answer, &err) < 0) {
			status = cli_failed(&err);
			continue;
		}
		print("%lld\n", (long long)answer.status_code);
		fflush(stdout);
		if (answer.error && !text_empty(answer.error->message)) {
			cli_say("", answer.error->message);
			status = EXIT_FAILED;
		}
	}
	return status;
}

const struct command command_wait = {
    .path = "container wait",
    .shortcut = "wait",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Block until one or more containers stop, then print their exit codes",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .run = wait_run,
};
