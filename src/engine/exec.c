/* exec: sessions in running containers. */
#include "base/fd.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/health.h"
#include "engine/launch.h"
#include "engine/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONFIG_MAX = 4 << 20,
	RUNNING_MAX = 256, /* at once, of a container */
	KEPT_MAX = 256,	   /* that ended or were never started: so many can be asked about */
};

static int exec_find(struct engine *engine, const char *id, struct exec **out_exec, struct err *err)
{
	for (struct exec *at = engine->execs; at; at = at->next) {
		if (text_equal(at->id, id)) {
			*out_exec = at;
			return 0;
		}
	}
	return err_set(err, ENOENT, "No such exec instance: %s", id);
}

static void exec_free(struct exec *exec)
{
	struct exec **link = &exec->engine->execs;
	while (*link != exec)
		link = &(*link)->next;
	*link = exec->next;
	arena_done(&exec->arena);
	free(exec);
}

void exec_forget(struct container *container)
{
	struct exec *next;
	for (struct exec *at = container->engine->execs; at; at = next) {
		next = at->next;
		if (at->container == container)
			exec_free(at);
	}
}

char **run_exec_ids(const struct container *container, struct arena *arena)
{
	size_t count = 0;
	for (const struct exec *at = container->engine->execs; at; at = at->next)
		count += at->container == container && at->running;
	if (count == 0)
		return NULL;
	char **ids = arena_array(arena, char *, count + 1);
	count = 0;
	for (struct exec *at = container->engine->execs; at; at = at->next) {
		if (at->container == container && at->running)
			ids[count++] = at->id;
	}
	return ids;
}

/* Docker: the program, a space, the arguments as they are. */
static void exec_event(struct exec *exec, const char *what, const char *exit_code)
{
	auto_buf text = BUF_INIT(CONFIG_MAX);
	buf_text(&text, what);
	if (!exit_code)
		buf_printf(&text, ": %s ", exec->config.cmd[0]);
	for (char *const *word = exec->config.cmd + 1; !exit_code && *word; word++)
		buf_printf(&text, "%s%s", word > exec->config.cmd + 1 ? " " : "", *word);
	const char *action = buf_str(&text);
	if (exit_code)
		container_event(exec->container, action, "execID", exec->id, "exitCode", exit_code, NULL);
	else
		container_event(exec->container, action, "execID", exec->id, NULL);
}

static int running_check(const struct container *container, struct err *err)
{
	if (container->state == STATE_PAUSED)
		return err_set(err, EBUSY, "Container %s is paused, unpause the container before exec", container->id);
	if (container->state == STATE_RESTARTING)
		return err_set(err, EBUSY, "Container %s is restarting, wait until the container is running",
			       container->id);
	if (!container->run || !container->run->started)
		return err_set(err, EBUSY, "container %s is not running", container->id);
	return 0;
}

/* Makes room for one more of the container's. The oldest that do not run are forgotten. */
static int exec_admit(const struct container *container, struct err *err)
{
	size_t running = 0, kept = 0;
	struct exec *oldest = NULL;
	for (struct exec *at = container->engine->execs; at; at = at->next) {
		if (at->container != container)
			continue;
		running += at->running;
		kept += !at->running;
		if (!at->running)
			oldest = at;
	}
	if (running >= RUNNING_MAX)
		return err_set(err, EBUSY, "container %s has %d exec sessions, no more at once: end some of them first",
			       container->id, RUNNING_MAX);
	if (kept >= KEPT_MAX)
		exec_free(oldest);
	return 0;
}

/* In the engine's list, with a copy of the configuration. */
static int exec_new(struct container *container, const struct exec_config *config, struct exec **out_exec,
		    struct err *err)
{
	auto_buf text = BUF_INIT(CONFIG_MAX);
	int rc = exec_admit(container, err);
	if (rc < 0)
		return rc;
	struct exec *exec = x_alloc(sizeof *exec);
	exec->engine = container->engine;
	exec->container = container;
	random_id(exec->id);
	exec->next = exec->engine->execs;
	exec->engine->execs = exec;
	json_encode(&text, &table_exec_config, config);
	rc = buf_check(&text, "the configuration", err);
	if (rc == 0)
		rc = json_load(&exec->arena, &table_exec_config, text.data, text.len, "configuration", 0, &exec->config,
			       err);
	if (rc < 0) {
		exec_free(exec);
		return rc;
	}
	*out_exec = exec;
	return 0;
}

int engine_exec_create(struct engine *engine, struct arena *arena, const char *name, const struct exec_config *config,
		       struct id_response *out_id, struct err *err)
{
	struct container *container;
	struct monitor_message keys;
	struct exec *exec;
	int rc = container_find(engine, name, &container, err);
	if (rc == 0)
		rc = running_check(container, err);
	if (rc == 0)
		rc = attach_keys(config->detach_keys, &keys, err);
	if (rc == 0)
		rc = exec_new(container, config, &exec, err);
	if (rc < 0)
		return rc;
	out_id->id = arena_strdup(arena, exec->id);
	exec_event(exec, "exec_create", NULL);
	return 0;
}

int engine_exec_check(struct engine *engine, const char *id, const struct exec_start *start, bool *out_raw,
		      struct err *err)
{
	struct exec *exec;
	(void)start;
	int rc = exec_find(engine, id, &exec, err);
	if (rc == 0 && exec->started)
		rc = err_set(err, EBUSY, "Error: Exec command %s is already running", id);
	if (rc == 0)
		rc = running_check(exec->container, err);
	if (rc == 0)
		*out_raw = exec->config.tty;
	return rc;
}

static int message_fill(const struct exec *exec, const struct exec_start *start, bool attached,
			struct monitor_message *message, struct err *err)
{
	const struct exec_config *config = &exec->config;
	*message = (struct monitor_message){.type = MONITOR_EXEC, .session = exec->session};
	if (config->tty)
		message->flags |= MONITOR_TTY;
	if (attached)
		message->flags |= (config->attach_stdin ? MONITOR_IN : 0) | (config->attach_stdout ? MONITOR_OUT : 0) |
				  (config->attach_stderr ? MONITOR_ERR : 0);
	if (config->attach_stdin)
		message->flags |= MONITOR_OPEN_STDIN | MONITOR_STDIN_ONCE;
	int rc = console_size_read(start->console_size.items, start->console_size.count, &message->height,
				   &message->width, err);
	if (rc == 0 && start->console_size.count == 0)
		rc = console_size_read(config->console_size.items, config->console_size.count, &message->height,
				       &message->width, err);
	return rc < 0 ? rc : attach_keys(config->detach_keys, message, err);
}

/* probe_ns: of a health check, its time-out; else 0. */
static int exec_send(struct exec *exec, const struct exec_start *start, int64_t probe_ns, int client,
		     const void *preface, size_t preface_size, struct err *err)
{
	struct run *run = exec->container->run;
	struct monitor_message message;
	auto_fd int plan = -1;
	exec->session = ++run->sessions;
	int rc = preface_size > MONITOR_TAIL_MAX ? err_set(err, E2BIG, "too much was sent ahead")
						 : message_fill(exec, start, client >= 0, &message, err);
	if (rc == 0)
		rc = launch_exec_plan(exec->container, &exec->config, &plan, err);
	if (rc < 0)
		return rc;
	if (probe_ns > 0) {
		message.flags |= MONITOR_PROBE;
		message.time_ns = probe_ns;
	}
	const int fds[] = {plan, client};
	return run_send(run, &message, preface, preface_size, fds, client >= 0 ? 2 : 1, err);
}

/* What went wrong, as the client of a session reads it: on its standard output, or raw on a terminal. */
static void failure_write(const struct exec *exec, int client, const char *text)
{
	auto_free char *line = x_printf("%s\r\n", text);
	size_t size = strlen(line);
	uint8_t head[8] = {
	    1, 0, 0, 0, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
	if (!exec->config.tty && fd_write_full(client, head, sizeof head) < 0)
		return;
	if (fd_write_full(client, line, size) < 0)
		return; /* nobody is there to read it */
}

void engine_exec_start(struct engine *engine, const char *id, const struct exec_start *start, int client,
		       const void *preface, size_t preface_size, struct engine_call *call)
{
	auto_fd int fd = client;
	struct exec *exec = NULL;
	struct err err;
	bool raw;
	int rc = engine_exec_check(engine, id, start, &raw, &err);
	if (rc == 0)
		rc = exec_find(engine, id, &exec, &err);
	if (rc < 0) {
		if (call)
			call->done(call, &err);
		return;
	}
	exec->started = exec->running = true;
	rc = exec_send(exec, start, 0, fd, preface, preface_size, &err);
	if (rc < 0) {
		exec->running = false;
		exec->exit_code = 126;
		if (fd >= 0)
			failure_write(exec, fd, err.msg);
		if (call)
			call->done(call, &err);
		return;
	}
	if (call)
		call_add(&exec->starting, call);
	exec_event(exec, "exec_start", NULL);
}

int exec_probe(struct container *container, const struct exec_config *config, int64_t timeout_ns, int output,
	       struct err *err)
{
	static const struct exec_start start = {0};
	struct exec *exec;
	int rc = running_check(container, err);
	if (rc == 0)
		rc = exec_new(container, config, &exec, err);
	if (rc < 0)
		return rc;
	exec->probe = exec->started = exec->running = true;
	exec_event(exec, "exec_create", NULL);
	rc = exec_send(exec, &start, timeout_ns, output, NULL, 0, err);
	if (rc < 0)
		exec_free(exec);
	else
		exec_event(exec, "exec_start", NULL);
	return rc;
}

/* --- what the monitor tells --- */

static void exec_ended(struct exec *exec, int code)
{
	char text[16];
	exec->running = false;
	exec->pid = 0;
	exec->exit_code = code;
	snprintf(text, sizeof text, "%d", code);
	exec_event(exec, "exec_die", text);
}

/* Nobody asks for it later. */
static void probe_over(struct exec *exec, int exit_code, bool timed_out, const char *failure)
{
	struct container *container = exec->container;
	exec_free(exec);
	health_probed(container, exit_code, timed_out, failure);
}

void exec_message(struct run *run, const struct monitor_packet *packet)
{
	const struct monitor_message *message = &packet->head;
	struct exec *exec = run->container->engine->execs;
	while (exec && (exec->container != run->container || exec->session != message->session || !exec->started))
		exec = exec->next;
	if (!exec)
		return; /* of an engine before this one */
	if (message->type == MONITOR_EXEC_STARTED) {
		exec->pid = message->pid;
		call_done_all(&exec->starting, NULL);
	} else if (message->type == MONITOR_EXEC_FAILED) {
		struct err err;
		err_set(&err, EINVAL, "OCI runtime exec failed");
		if (packet->tail && message->tail_size == sizeof err) {
			memcpy(&err, packet->tail, sizeof err);
			err.msg[sizeof err.msg - 1] = 0;
		}
		exec->running = false;
		exec->exit_code = message->code ? message->code : 126;
		call_done_all(&exec->starting, &err);
		if (exec->probe)
			probe_over(exec, -1, false, err.msg);
	} else {
		exec_ended(exec, message->code);
		if (exec->probe)
			probe_over(exec, message->code, message->flags & MONITOR_TIMED_OUT, NULL);
	}
}

void exec_run_over(struct container *container)
{
	struct err err;
	struct exec *next;
	for (struct exec *at = container->engine->execs; at; at = next) {
		next = at->next;
		if (at->container != container || !at->running)
			continue;
		err_set(&err, EBUSY, "container %s is not running", container->id);
		call_done_all(&at->starting, &err);
		exec_ended(at, 137);
		if (at->probe)
			exec_free(at);
	}
}

int engine_exec_inspect(struct engine *engine, struct arena *arena, const char *id, struct exec_inspect *out_inspect,
			struct err *err)
{
	struct exec *exec;
	int rc = exec_find(engine, id, &exec, err);
	if (rc < 0)
		return rc;
	const struct exec_config *config = &exec->config;
	*out_inspect = (struct exec_inspect){
	    .id = exec->id,
	    .running = exec->running,
	    .process = {.tty = config->tty,
			.entrypoint = config->cmd[0],
			.arguments = config->cmd + 1,
			.privileged = config->privileged,
			.user = config->user},
	    .open_stdin = config->attach_stdin,
	    .open_stdout = config->attach_stdout,
	    .open_stderr = config->attach_stderr,
	    .container_id = exec->container->id,
	    .detach_keys = config->detach_keys ? config->detach_keys : (char *)"",
	    .pid = exec->pid,
	};
	if (exec->started && !exec->running) {
		out_inspect->exit_code = arena_new(arena, int64_t);
		*out_inspect->exit_code = exec->exit_code;
	}
	return 0;
}

int engine_exec_resize(struct engine *engine, const char *id, uint16_t height, uint16_t width, struct err *err)
{
	struct exec *exec;
	struct monitor_message message = {.type = MONITOR_RESIZE, .height = height, .width = width};
	int rc = exec_find(engine, id, &exec, err);
	if (rc < 0)
		return rc;
	if (!exec->running || !exec->container->run)
		return err_set(err, EBUSY, "exec process is not started");
	message.session = exec->session;
	return run_send(exec->container->run, &message, NULL, 0, NULL, 0, err);
}
