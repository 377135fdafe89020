/* RUN: a container like any other, whose root is the stage so far; what it leaves becomes a layer. */
#include "base/fd.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/build_state.h"
#include "engine/create_check.h"
#include "engine/lifecycle.h"
#include "engine/membership.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OUTPUT_READ = 32 << 10, OUTPUT_TEXT = 64 << 10 };

/* --- the container --- */

static char **env_of(struct build_work *work)
{
	const struct build_step *step = work->step;
	size_t count = 0;
	char **env = arena_array(&work->arena, char *, strv_count(step->run->env) + strv_count(step->proxies) + 1);
	for (char *const *item = step->run->env; item && *item; item++)
		env[count++] = *item;
	return env;
}

static int document_make(struct build_work *work, struct container *container, struct err *err)
{
	const struct build_run *run = work->step->run;
	const struct build_plan *plan = &work->build->plan;
	struct container_document document = {.host = work->build->limits, .mounts_decided = true, .step = true};
	auto_buf text = BUF_INIT(16 << 20);
	document.image = document.image_id = (char *)"";
	if (text_equal(work->stage->stage->from.kind, "base")) {
		document.image = plan->bases.items[work->stage->stage->from.number].reference;
		document.image_id = plan->bases.items[work->stage->stage->from.number].id;
	}
	document.argv = run->argv;
	document.config.image = document.image;
	document.config.cmd = run->argv;
	document.config.env = env_of(work);
	document.config.user = run->user;
	document.config.working_dir = run->directory;
	document.config.hostname = run->hostname;
	document.host.network_mode = text_equal(run->network, "default") ? (char *)"bridge" : run->network;
	document.host.extra_hosts = run->hosts;
	document.host.log.type = (char *)"none";
	create_host_defaults(work->build->engine, &document.host);
	json_encode(&text, &table_container_document, &document);
	int rc = buf_check(&text, "the step's configuration", err);
	return rc < 0 ? rc
		      : json_load(&container->arena, &table_container_document, text.data, text.len, "configuration", 0,
				  &container->document, err);
}

static int container_make(struct build_work *work, struct err *err)
{
	struct engine *engine = work->build->engine;
	struct container *container = x_alloc(sizeof *container);
	container->engine = engine;
	random_id(container->id);
	container->name = x_printf("build-%.12s", container->id);
	container->created_ns = time_wall_ns();
	int rc = document_make(work, container, err);
	if (rc == 0)
		rc = membership_resolve(container, &(struct networking_config){0}, err);
	if (rc == 0)
		rc = container_insert(container, err);
	if (rc < 0) {
		container_free(container);
		return rc;
	}
	size_t more = strv_count(work->step->proxies), count = strv_count(work->env);
	char **env = arena_array(&work->arena, char *, more + count + 1);
	for (size_t i = 0; i < more; i++)
		env[i] = work->step->proxies[i];
	for (size_t i = 0; i < count; i++)
		env[more + i] = work->env[i];
	work->container_step = (struct container_step){
	    .layers = work->stage->layers, .mounts = work->mounts, .mount_count = work->mount_count, .env = env};
	container->step = &work->container_step;
	memcpy(work->container, container->id, sizeof work->container);
	container_event(container, "create", NULL);
	build_tell(work->build, &(struct build_event){.kind = (char *)"step",
						      .step = work->id,
						      .text = work->step->text,
						      .state = (char *)"running",
						      .id = work->container});
	return 0;
}

/* Its removal goes on when nobody looks any more. */
static void removed(struct engine_call *call, const struct err *err)
{
	if (err)
		log_error(LOG_LEVEL_WARN, err, "cannot remove a step's container", NULL);
	free(call);
}

static void container_remove(struct build_work *work)
{
	struct engine *engine = work->build->engine;
	struct container *container;
	struct err ignored;
	if (!*work->container)
		return;
	if (container_find(engine, work->container, &container, &ignored) == 0)
		container->step = NULL;
	struct engine_call *call = x_alloc(sizeof *call);
	call->done = removed;
	engine_remove(engine, work->container, true, true, call);
	work->container[0] = 0;
}

void build_command_free(struct build_work *work)
{
	if (work->start.link)
		engine_call_cancel(&work->start);
	if (work->wait.link)
		engine_call_cancel(&work->wait);
	loop_io_remove(&work->output);
	cleanup_fd(&work->output_fd);
	work->output_fd = -1;
	container_remove(work);
	build_leases_free(work);
	build_dirs_free(work->build->engine, &work->dirs);
}

/* --- output --- */

static void output_tell(struct build_work *work, const char *data, size_t size)
{
	char text[OUTPUT_TEXT + 1];
	memcpy(text, data, size);
	text[size] = 0;
	for (size_t i = 0; i < size; i++) {
		if (!text[i])
			text[i] = '?'; /* a text has no zero byte */
	}
	build_tell(work->build,
		   &(struct build_event){
		       .kind = (char *)"output", .step = work->id, .text = text, .stream = work->head[0] == 2 ? 2 : 1});
}

/* Frames as attached clients get them. */
static void output_take(struct build_work *work, const char *data, size_t size)
{
	while (size > 0) {
		if (work->frame_left == 0) {
			size_t need = sizeof work->head - work->head_size, part = need < size ? need : size;
			memcpy(work->head + work->head_size, data, part);
			work->head_size += part;
			data += part;
			size -= part;
			if (work->head_size < sizeof work->head)
				return;
			work->head_size = 0;
			work->frame_left = (uint32_t)work->head[4] << 24 | (uint32_t)work->head[5] << 16 |
					   (uint32_t)work->head[6] << 8 | work->head[7];
			continue;
		}
		size_t part = work->frame_left < size ? work->frame_left : size;
		output_tell(work, data, part);
		work->frame_left -= (uint32_t)part;
		data += part;
		size -= part;
	}
}

static void output_ready(struct loop_io *io, uint32_t events)
{
	struct build_work *work = container_of(io, struct build_work, output);
	struct engine_build *build = work->build;
	static char data[OUTPUT_READ];
	(void)events;
	if (build->sink && build->sink->full && build->sink->full(build->sink)) {
		loop_io_remove(&work->output); /* until engine_build_resume */
		return;
	}
	ssize_t size = read(io->fd, data, sizeof data);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size > 0) {
		output_take(work, data, (size_t)size);
		return;
	}
	loop_io_remove(&work->output);
	work->output_over = true;
	build_advance_later(build);
}

void build_command_resume(struct build_work *work)
{
	struct err err;
	if (work->output_fd < 0 || work->output_over || work->output.loop)
		return;
	if (loop_io_add(work->build->engine->loop, &work->output, work->output_fd, EPOLLIN, output_ready, &err) < 0)
		BUG("%s", err.msg);
}

static int output_open(struct build_work *work, struct err *err)
{
	const struct engine_attach attach = {.out = true, .err = true};
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "socketpair");
	work->output_fd = pair[0];
	int rc = fd_set_nonblock(pair[0], true, err);
	if (rc < 0) {
		close(pair[1]);
		return rc;
	}
	engine_attach(work->build->engine, work->container, &attach, pair[1], NULL, 0);
	build_command_resume(work);
	return 0;
}

/* --- the end --- */

static char *command_text(struct build_work *work)
{
	auto_buf text = BUF_INIT(1 << 20);
	for (char *const *word = work->step->run->argv; *word; word++)
		buf_printf(&text, "%s%s", word == work->step->run->argv ? "" : " ", *word);
	return arena_strndup(&work->arena, buf_str(&text), text.len);
}

static void command_seal(struct build_work *work)
{
	static const char *const usual[] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/proc", "/sys", "/dev"};
	struct build_step_request request = {.kind = (char *)"seal", .epoch = work->stage->epoch};
	struct err err;
	char **stubs = arena_array(&work->arena, char *, array_size(usual) + work->mount_count + 1);
	size_t count = 0;
	for (size_t i = 0; i < array_size(usual); i++)
		stubs[count++] = (char *)usual[i];
	for (size_t i = 0; i < work->mount_count; i++)
		stubs[count++] = work->mounts[i].destination;
	request.stubs = stubs;
	auto_free char *name = x_printf("containers/%s", work->container);
	auto_fd int dir = openat(work->build->engine->data, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = dir < 0 ? err_sys(&err, "open the step's container")
			 : build_lower(work->build, &work->arena, work->stage->layers, &request.lower, &err);
	if (rc == 0)
		rc = build_job_begin(work, &request, dir, &err);
	if (rc < 0)
		build_work_failed(work, &err, 0);
}

/* A shell in the state that the failed step has left, for whoever asks. */
static void shell_offer(struct build_work *work)
{
	struct engine *engine = work->build->engine;
	struct container *container;
	struct err err;
	static char *shell[] = {(char *)"/bin/sh", NULL};
	if (container_find(engine, work->container, &container, &err) < 0)
		return;
	container->document.argv = container->document.config.cmd = shell;
	container->document.config.tty = container->document.config.open_stdin = true;
	container->document.config.stdin_once = true;
	build_tell(work->build, &(struct build_event){.kind = (char *)"shell", .step = work->id, .id = container->id});
	/* It keeps what it needs: the layers are held by the cache, mounts of the build end with it. */
	size_t count = work->stage->layer_count;
	struct container_step *step = arena_new(&container->arena, struct container_step);
	char **layers = arena_array(&container->arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		layers[i] = arena_strdup(&container->arena, work->stage->layers[i]);
	step->layers = layers;
	container->step = step;
	work->container[0] = 0;
}

void build_command_over(struct build_work *work)
{
	struct err err;
	if (!work->exited || !work->output_over || work->job)
		return;
	if (work->error.code) {
		build_work_failed(work, &work->error, 0);
		return;
	}
	if (work->exit_code == 0) {
		command_seal(work);
		return;
	}
	err_set(&err, EINVAL, "process \"%.700s\" did not complete successfully: exit code: %d", command_text(work),
		work->exit_code);
	if (work->build->keep_failed)
		shell_offer(work);
	build_work_failed(work, &err, work->exit_code);
}

static void command_ended(struct engine_call *call, const struct err *err)
{
	struct build_work *work = container_of(call, struct build_work, wait);
	work->wait.link = NULL;
	work->waits = false;
	work->exited = true;
	work->exit_code = (int)call->exit_code;
	if (err && !work->error.code)
		work->error = *err;
	build_advance_later(work->build); /* not in the midst of its container's end */
}

static void command_started(struct engine_call *call, const struct err *err)
{
	struct build_work *work = container_of(call, struct build_work, start);
	work->start.link = NULL;
	if (!err)
		return;
	/* It never ran: no output comes, and whoever waits is told too, or not. */
	work->error = *err;
	work->output_over = true;
	loop_io_remove(&work->output);
	if (work->waits)
		engine_call_cancel(&work->wait);
	work->waits = false;
	work->exited = true;
	build_advance_later(work->build);
}

void build_command_begin(struct build_work *work)
{
	struct engine *engine = work->build->engine;
	struct err err;
	int rc = build_mounts_prepare(work, &err);
	if (rc == 0)
		return; /* a job goes on, or a lock is waited for */
	if (rc > 0)
		rc = container_make(work, &err);
	if (rc == 0)
		rc = output_open(work, &err);
	if (rc < 0) {
		build_work_failed(work, &err, 0);
		return;
	}
	work->wait.done = command_ended;
	work->start.done = command_started;
	work->waits = true;
	engine_wait(engine, work->container, ENGINE_NEXT_EXIT, &work->wait);
	engine_start(engine, work->container, &work->start);
}
