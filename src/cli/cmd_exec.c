/* exec */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/create_options.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "docker/exec.h"

#include <string.h>

struct exec_options {
	bool detach, interactive, privileged, tty;
	const char *detach_keys, *user, *workdir;
	char **env, **env_file;
};

static const struct option_row exec_rows[] = {
    O_BOOL(struct exec_options, detach, "detach", 'd', "Detached mode: run command in the background"),
    O_STRING(struct exec_options, detach_keys, "detach-keys", 0, "string",
	     "Override the key sequence for detaching a container"),
    O_LIST(struct exec_options, env, "env", 'e', "list", "Set environment variables"),
    O_LIST(struct exec_options, env_file, "env-file", 0, "list", "Read in a file of environment variables"),
    O_BOOL(struct exec_options, interactive, "interactive", 'i', "Keep STDIN open even if not attached"),
    O_BOOL(struct exec_options, privileged, "privileged", 0, "Give extended privileges to the command"),
    O_BOOL(struct exec_options, tty, "tty", 't', "Allocate a pseudo-TTY"),
    O_STRING(struct exec_options, user, "user", 'u', "string",
	     "Username or UID (format: \"<name|uid>[:<group|gid>]\")"),
    O_STRING(struct exec_options, workdir, "workdir", 'w', "string", "Working directory inside the container"),
    O_END,
};

static int env_gather(const struct exec_options *options, char ***env, struct err *err)
{
	for (char **path = options->env_file; path && *path; path++) {
		int rc = env_file_read(*path, env, err);
		if (rc < 0)
			return rc;
	}
	for (char **item = options->env; item && *item; item++) {
		const char *value = strchr(*item, '=') ? NULL : getenv(*item);
		strv_push(env, value ? x_printf("%s=%s", *item, value) : x_strdup(*item));
	}
	return 0;
}

static int exec_make(struct cli *cli, const char **out_id, struct err *err)
{
	const struct exec_options *options = cli->options;
	auto_strv char **env = NULL;
	auto_buf body = BUF_INIT(CLIENT_BODY_MAX);
	struct id_response created = {0};
	struct number_item size[2] = {0};
	uint16_t height, width;
	bool attach = !options->detach;
	int rc = env_gather(options, &env, err);
	if (rc < 0)
		return rc;
	struct exec_config config = {
	    .user = (char *)(options->user ? options->user : ""),
	    .privileged = options->privileged,
	    .tty = options->tty,
	    .attach_stdin = attach && options->interactive,
	    .attach_stdout = attach,
	    .attach_stderr = attach,
	    .detach_keys = (char *)(options->detach_keys ? options->detach_keys : ""),
	    .env = env,
	    .working_dir = (char *)(options->workdir ? options->workdir : ""),
	    .cmd = cli->args + 1,
	};
	if (options->tty && terminal_size(&height, &width)) {
		size[0].value = height;
		size[1].value = width;
		config.console_size.items = size;
		config.console_size.count = array_size(size);
	}
	json_encode(&body, &table_exec_config, &config);
	const struct client_request request = {
	    .method = "POST", .json = buf_str(&body), .path = cli_path(cli, "/containers/%s/exec", cli->args[0])};
	rc = client_struct(&cli->client, &request, &table_id_response, &created, err);
	if (rc == 0)
		*out_id = arena_strdup(&cli->arena, created.id);
	return rc;
}

static int exec_attached(struct cli *cli, const char *id, enum session_end *out_end, struct err *err)
{
	const struct exec_options *options = cli->options;
	auto_free char *start = x_printf("/exec/%s/start", id), *resize = x_printf("/exec/%s/resize", id);
	const struct client_request request = {.method = "POST",
					       .path = start,
					       .upgrade = true,
					       .json = options->tty ? "{\"Detach\":false,\"Tty\":true}"
								    : "{\"Detach\":false,\"Tty\":false}"};
	struct client_stream stream;
	int rc = client_open(&cli->client, &request, &stream, err);
	if (rc < 0)
		return rc;
	struct session session = {.cli = cli,
				  .stream = &stream,
				  .tty = options->tty,
				  .in = options->interactive,
				  .detach_keys = options->detach_keys,
				  .resize_path = resize};
	rc = session_run(&session, out_end, err);
	client_stream_done(&stream);
	return rc;
}

static int exec_status(struct cli *cli, const char *id, int *out_status, struct err *err)
{
	struct exec_inspect inspect = {0};
	auto_free char *path = x_printf("/exec/%s/json", id);
	const struct client_request request = {.method = "GET", .path = path};
	int rc = client_struct(&cli->client, &request, &table_exec_inspect, &inspect, err);
	if (rc < 0)
		return rc;
	*out_status = inspect.exit_code ? (int)*inspect.exit_code : 0;
	return 0;
}

static int exec_do(struct cli *cli, int *out_status, struct err *err)
{
	const struct exec_options *options = cli->options;
	const char *id = NULL;
	enum session_end end;
	if (options->tty && options->interactive && !options->detach && !isatty(STDIN_FILENO))
		return err_set(err, EINVAL, "the input device is not a TTY");
	session_signals(false);
	int rc = exec_make(cli, &id, err);
	if (rc < 0)
		return rc;
	if (options->detach) {
		auto_free char *path = x_printf("/exec/%s/start", id);
		const struct client_request request = {
		    .method = "POST", .path = path, .json = "{\"Detach\":true,\"Tty\":false}"};
		*out_status = 0;
		return client_call(&cli->client, &request, NULL, NULL, err);
	}
	rc = exec_attached(cli, id, &end, err);
	if (rc < 0)
		return rc;
	if (end == SESSION_DETACHED)
		return err_set(err, EINTR, "exec session was detached");
	return exec_status(cli, id, out_status, err);
}

static int exec_run(struct cli *cli)
{
	struct err err;
	int status;
	return exec_do(cli, &status, &err) < 0 ? cli_failed(&err) : status;
}

const struct command command_exec = {
    .path = "container exec",
    .shortcut = "exec",
    .usage = "CONTAINER COMMAND [ARG...]",
    .summary = "Execute a command in a running container",
    .args_min = 2,
    .args_max = ARGS_ANY,
    .options_first = true,
    .options = exec_rows,
    .options_size = sizeof(struct exec_options),
    .run = exec_run,
};
