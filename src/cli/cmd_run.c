/* run and create. */
#include "cli/commands.h"

#include "base/fd.h"
#include "base/text.h"
#include "cli/create_options.h"
#include "cli/session.h"

#include <fcntl.h>
#include <string.h>

/* The file must not be there: two containers in one file would be one that is lost. */
static int cidfile_open(const char *path, int *out_fd, struct err *err)
{
	if (text_empty(path))
		return 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return err_set(err, EEXIST,
			       "container ID file found, make sure the other container isn't running or delete %s",
			       path);
	if (fd < 0)
		return err_sys(err, "failed to create the container ID file %s", path);
	*out_fd = fd;
	return 0;
}

static int container_make(struct cli *cli, const struct create_options *options, struct container_create *request,
			  const char **out_id, struct err *err)
{
	struct container_created created = {0};
	auto_fd int cidfile = -1;
	int rc = create_build(cli, options, request, err);
	if (rc == 0)
		rc = cidfile_open(options->cidfile, &cidfile, err);
	if (rc < 0)
		return rc;
	rc = create_send(cli, options, request, &created, err);
	if (rc < 0) {
		if (cidfile >= 0)
			unlink(options->cidfile);
		return rc;
	}
	for (char **warning = created.warnings; warning && *warning; warning++)
		cli_say("WARNING: ", *warning);
	*out_id = arena_strdup(&cli->arena, created.id);
	if (cidfile >= 0)
		rc = fd_write_full(cidfile, created.id, strlen(created.id));
	return rc < 0 ? err_set(err, -rc, "failed to write the container ID file %s", options->cidfile) : 0;
}

static int create_run(struct cli *cli)
{
	struct create_options *options = cli->options;
	struct container_create request;
	const char *id;
	struct err err;
	options->detach = false;
	if (container_make(cli, options, &request, &id, &err) < 0)
		return cli_run_failed(cli, &err);
	print("%s\n", id);
	return 0;
}

const struct command command_create = {
    .path = "container create",
    .shortcut = "create",
    .usage = "IMAGE [COMMAND] [ARG...]",
    .summary = "Create a new container",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options_first = true,
    .options = create_rows,
    .options_size = sizeof(struct create_options),
    .defaults = &create_defaults,
    .run = create_run,
};

/* --- run in the foreground --- */

struct foreground {
	struct cli *cli;
	const struct create_options *options;
	const struct container_create *request;
	const char *id;
	struct client_stream stream, wait;
	bool attached;
};

static int foreground_attach(struct foreground *run, struct err *err)
{
	const struct container_config *config = &run->request->config;
	auto_buf path = BUF_INIT(4096);
	if (!config->attach_stdin && !config->attach_stdout && !config->attach_stderr)
		return 0;
	buf_printf(&path, "/containers/%s/attach?stream=1&stdin=%d&stdout=%d&stderr=%d", run->id, config->attach_stdin,
		   config->attach_stdout, config->attach_stderr);
	if (!text_empty(run->options->detach_keys)) {
		buf_text(&path, "&detachKeys=");
		path_escape(&path, run->options->detach_keys);
	}
	const struct client_request request = {.method = "POST", .path = buf_str(&path), .upgrade = true};
	int rc = client_open(&run->cli->client, &request, &run->stream, err);
	run->attached = rc == 0;
	return rc;
}

/* The head of the answer says that we are heard: the container may start. */
static int foreground_wait(struct foreground *run, struct err *err)
{
	auto_free char *path =
	    x_printf("/containers/%s/wait?condition=%s", run->id, run->options->remove ? "removed" : "next-exit");
	const struct client_request request = {.method = "POST", .path = path};
	return client_open(&run->cli->client, &request, &run->wait, err);
}

static int container_start_call(struct cli *cli, const char *id, struct err *err)
{
	auto_free char *path = x_printf("/containers/%s/start", id);
	const struct client_request request = {.method = "POST", .path = path};
	int rc = client_call(&cli->client, &request, NULL, NULL, err);
	return rc == -EALREADY ? 0 : rc;
}

/* The exit status of the container. */
static int foreground_end(struct foreground *run, int *out_status, struct err *err)
{
	auto_buf text = BUF_INIT(1 << 20);
	struct container_wait answer = {0};
	int rc = client_stream_all(&run->wait, &text, err);
	if (rc == 0)
		rc = json_load(&run->cli->arena, &table_container_wait, buf_str(&text), text.len, "the engine's answer",
			       JSON_FOLD_CASE, &answer, err);
	if (rc < 0)
		return err_wrap(err, "waiting for container");
	if (answer.error && !text_empty(answer.error->message))
		return err_set(err, EIO, "Error waiting for container: %s", answer.error->message);
	*out_status = (int)answer.status_code;
	return 0;
}

static int foreground_stream(struct foreground *run, enum session_end *out_end, struct err *err)
{
	auto_free char *resize = x_printf("/containers/%s/resize", run->id);
	auto_free char *kill = x_printf("/containers/%s/kill", run->id);
	struct session session = {
	    .cli = run->cli,
	    .stream = &run->stream,
	    .tty = run->request->config.tty,
	    .in = run->request->config.attach_stdin,
	    .detach_keys = run->options->detach_keys,
	    .resize_path = resize,
	    .kill_path = run->options->sig_proxy ? kill : NULL,
	};
	return session_run(&session, out_end, err);
}

/* The status to exit with; -errno before the container ran. */
static int foreground_run(struct foreground *run, struct err *err)
{
	enum session_end end = SESSION_ENDED;
	int status = 0;
	int rc = foreground_attach(run, err);
	if (rc == 0)
		rc = foreground_wait(run, err);
	if (rc == 0)
		rc = container_start_call(run->cli, run->id, err);
	if (rc == 0 && run->attached)
		rc = foreground_stream(run, &end, err);
	if (rc == 0 && end == SESSION_ENDED)
		rc = foreground_end(run, &status, err);
	client_stream_done(&run->stream);
	client_stream_done(&run->wait);
	return rc < 0 ? rc : status;
}

static int run_run(struct cli *cli)
{
	const struct create_options *options = cli->options;
	struct container_create request;
	const char *id;
	struct err err;
	if (!options->detach)
		session_signals(options->sig_proxy && !options->tty);
	int rc = container_make(cli, options, &request, &id, &err);
	if (rc == 0 && options->detach) {
		rc = container_start_call(cli, id, &err);
		if (rc == 0)
			print("%s\n", id);
	} else if (rc == 0) {
		struct foreground run = {.cli = cli,
					 .options = options,
					 .request = &request,
					 .id = id,
					 .stream = {.fd = -1},
					 .wait = {.fd = -1}};
		rc = foreground_run(&run, &err);
	}
	return rc < 0 ? cli_run_failed(cli, &err) : rc;
}

const struct command command_run = {
    .path = "container run",
    .shortcut = "run",
    .usage = "IMAGE [COMMAND] [ARG...]",
    .summary = "Create and run a new container from an image",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options_first = true,
    .options = run_rows,
    .options_size = sizeof(struct create_options),
    .defaults = &create_defaults,
    .run = run_run,
};
