/* start and attach. */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/session.h"
#include "docker/container.h"

/* --- what both do with a container's streams --- */

struct attachment {
	struct cli *cli;
	const char *name;
	const char *detach_keys;
	bool in, sig_proxy;
	struct container_inspect inspect;
	struct client_stream stream;
};

static int attachment_inspect(struct attachment *attachment, struct err *err)
{
	const struct client_request request = {
	    .method = "GET", .path = cli_path(attachment->cli, "/containers/%s/json", attachment->name)};
	int rc = client_struct(&attachment->cli->client, &request, &table_container_inspect, &attachment->inspect, err);
	return rc < 0			     ? rc
	       : !attachment->inspect.config ? err_set(err, EPROTO, "the engine's answer has no Config")
					     : 0;
}

static int attachment_open(struct attachment *attachment, struct err *err)
{
	auto_buf path = BUF_INIT(8 << 10);
	buf_printf(&path, "/containers/%s/attach?stream=1&stdin=%d&stdout=1&stderr=1", attachment->inspect.id,
		   attachment->in);
	if (!text_empty(attachment->detach_keys)) {
		buf_text(&path, "&detachKeys=");
		path_escape(&path, attachment->detach_keys);
	}
	const struct client_request request = {.method = "POST", .path = buf_str(&path), .upgrade = true};
	return client_open(&attachment->cli->client, &request, &attachment->stream, err);
}

static int attachment_run(struct attachment *attachment, enum session_end *out_end, struct err *err)
{
	const char *id = attachment->inspect.id;
	auto_free char *resize = x_printf("/containers/%s/resize", id), *kill = x_printf("/containers/%s/kill", id);
	struct session session = {
	    .cli = attachment->cli,
	    .stream = &attachment->stream,
	    .tty = attachment->inspect.config->tty,
	    .in = attachment->in,
	    .detach_keys = attachment->detach_keys,
	    .resize_path = resize,
	    .kill_path = attachment->sig_proxy ? kill : NULL,
	};
	return session_run(&session, out_end, err);
}

/* The exit code of a container that has ended, or is about to. */
static int attachment_status(struct attachment *attachment, int *out_status, struct err *err)
{
	struct container_wait answer = {0};
	const struct client_request request = {
	    .method = "POST", .path = cli_path(attachment->cli, "/containers/%s/wait", attachment->inspect.id)};
	int rc = client_struct(&attachment->cli->client, &request, &table_container_wait, &answer, err);
	if (rc < 0)
		return rc;
	*out_status = (int)answer.status_code;
	return 0;
}

/* --- attach --- */

struct attach_options {
	const char *detach_keys;
	bool no_stdin, sig_proxy;
};

static const struct attach_options attach_defaults = {.sig_proxy = true};

static const struct option_row attach_rows[] = {
    O_STRING(struct attach_options, detach_keys, "detach-keys", 0, "string",
	     "Override the key sequence for detaching a container"),
    O_BOOL(struct attach_options, no_stdin, "no-stdin", 0, "Do not attach STDIN"),
    O_BOOL(struct attach_options, sig_proxy, "sig-proxy", 0,
	   "Proxy all received signals to the process (default true)"),
    O_END,
};

static int attach_container(struct attachment *attachment, bool no_stdin, int *out_status, struct err *err)
{
	enum session_end end;
	int rc = attachment_inspect(attachment, err);
	if (rc < 0)
		return rc;
	const struct container_state *state = &attachment->inspect.state;
	if (!state->running)
		return err_set(err, EBUSY, "You cannot attach to a stopped container, start it first");
	if (state->paused)
		return err_set(err, EBUSY, "You cannot attach to a paused container, unpause it first");
	attachment->in = !no_stdin && attachment->inspect.config->open_stdin;
	if (attachment->in && attachment->inspect.config->tty && !isatty(STDIN_FILENO))
		return err_set(err, EINVAL, "the input device is not a TTY");
	attachment->sig_proxy = attachment->sig_proxy && !attachment->inspect.config->tty;
	session_signals(attachment->sig_proxy);
	rc = attachment_open(attachment, err);
	if (rc == 0)
		rc = attachment_run(attachment, &end, err);
	if (rc < 0)
		return rc;
	if (end == SESSION_DETACHED) {
		fprintf(stderr, "read escape sequence\n");
		*out_status = 0;
		return 0;
	}
	return attachment_status(attachment, out_status, err);
}

static int attach_run(struct cli *cli)
{
	const struct attach_options *options = cli->options;
	struct attachment attachment = {.cli = cli,
					.name = cli->args[0],
					.detach_keys = options->detach_keys,
					.sig_proxy = options->sig_proxy,
					.stream = {.fd = -1}};
	struct err err;
	int status = 0;
	if (attach_container(&attachment, options->no_stdin, &status, &err) < 0)
		status = cli_failed(&err);
	client_stream_done(&attachment.stream);
	return status;
}

const struct command command_attach = {
    .path = "container attach",
    .shortcut = "attach",
    .usage = "CONTAINER",
    .summary = "Attach local standard input, output, and error streams to a running container",
    .args_min = 1,
    .args_max = 1,
    .options = attach_rows,
    .options_size = sizeof(struct attach_options),
    .defaults = &attach_defaults,
    .run = attach_run,
};

/* --- start --- */

struct start_options {
	bool attach, interactive;
	const char *detach_keys;
};

static const struct option_row start_rows[] = {
    O_BOOL(struct start_options, attach, "attach", 'a', "Attach STDOUT/STDERR and forward signals"),
    O_BOOL(struct start_options, interactive, "interactive", 'i', "Attach container's STDIN"),
    O_STRING(struct start_options, detach_keys, "detach-keys", 0, "string",
	     "Override the key sequence for detaching a container"),
    O_ABSENT("checkpoint", "string", ""),
    O_ABSENT("checkpoint-dir", "string", ""),
    O_END,
};

static int start_one(struct cli *cli, const char *name, struct err *err)
{
	const struct client_request request = {.method = "POST", .path = cli_path(cli, "/containers/%s/start", name)};
	int rc = client_call(&cli->client, &request, NULL, NULL, err);
	return rc == -EALREADY ? 0 : rc;
}

static int start_attached(struct attachment *attachment, int *out_status, struct err *err)
{
	enum session_end end;
	int rc = attachment_inspect(attachment, err);
	if (rc < 0)
		return rc;
	attachment->in = attachment->in && attachment->inspect.config->open_stdin;
	attachment->sig_proxy = !attachment->inspect.config->tty;
	session_signals(attachment->sig_proxy);
	rc = attachment_open(attachment, err);
	if (rc == 0)
		rc = start_one(attachment->cli, attachment->inspect.id, err);
	if (rc == 0)
		rc = attachment_run(attachment, &end, err);
	if (rc < 0)
		return rc;
	return end == SESSION_DETACHED ? 0 : attachment_status(attachment, out_status, err);
}

/* Docker: all that could not be started, once more. */
static int start_all(struct cli *cli)
{
	auto_buf failed = BUF_INIT(64 << 10);
	for (size_t i = 0; i < cli->arg_count; i++) {
		struct err err;
		if (start_one(cli, cli->args[i], &err) == 0) {
			print("%s\n", cli->args[i]);
			continue;
		}
		cli_failed(&err);
		buf_printf(&failed, "%s%s", failed.len ? ", " : "", cli->args[i]);
	}
	if (failed.len == 0)
		return 0;
	fprintf(stderr, "Error: failed to start containers: %s\n", failed.data);
	return EXIT_FAILED;
}

static int start_run(struct cli *cli)
{
	const struct start_options *options = cli->options;
	struct err err;
	int status = 0;
	if (!options->attach && !options->interactive)
		return start_all(cli);
	if (cli->arg_count > 1) {
		fprintf(stderr, "you cannot start and attach multiple containers at once\n");
		return EXIT_FAILED;
	}
	struct attachment attachment = {.cli = cli,
					.name = cli->args[0],
					.detach_keys = options->detach_keys,
					.in = options->interactive,
					.stream = {.fd = -1}};
	if (start_attached(&attachment, &status, &err) < 0)
		status = cli_failed(&err);
	client_stream_done(&attachment.stream);
	return status;
}

const struct command command_start = {
    .path = "container start",
    .shortcut = "start",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Start one or more stopped containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = start_rows,
    .options_size = sizeof(struct start_options),
    .run = start_run,
};
