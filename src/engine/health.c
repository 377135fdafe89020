#include "engine/health.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/duration.h"
#include "engine/engine_state.h"
#include "engine/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct result {
	int64_t start_ns, end_ns;
	int exit_code;
	char *output;
};

struct health {
	struct container *container;
	struct health_rule rule;
	enum health_status status;
	int64_t streak;
	struct result log[HEALTH_LOG_MAX];
	size_t log_count;
	struct loop_timer timer; /* until the next probe */
	/* the one that runs */
	bool probing;
	int64_t start_ns, since_start_ns; /* wall clock; after the container's start */
	int out_fd;
	struct loop_io out;
	struct buf output;
};

/* --- what is known --- */

enum health_status health_status(const struct container *container)
{
	return container->health ? container->health->status : HEALTH_NONE;
}

static char *time_text(struct arena *arena, int64_t ns)
{
	char text[TIME_TEXT];
	time_rfc3339_short(ns, text);
	return arena_strdup(arena, text);
}

struct health_state *health_view(const struct container *container, struct arena *arena)
{
	const struct health *health = container->health;
	if (!health)
		return NULL;
	struct health_state *state = arena_new(arena, struct health_state);
	state->status = (char *)health_status_name(health->status);
	state->failing_streak = health->streak;
	state->log.items = arena_array(arena, struct health_result, HEALTH_LOG_MAX);
	for (; state->log.count < health->log_count; state->log.count++) {
		const struct result *result = &health->log[state->log.count];
		state->log.items[state->log.count] = (struct health_result){
		    .start = time_text(arena, result->start_ns),
		    .end = time_text(arena, result->end_ns),
		    .exit_code = result->exit_code,
		    .output = result->output,
		};
	}
	return state;
}

static void log_add(struct health *health, int64_t start_ns, int64_t end_ns, int exit_code, const char *output)
{
	if (health->log_count == HEALTH_LOG_MAX) {
		free(health->log[0].output);
		memmove(health->log, health->log + 1, (HEALTH_LOG_MAX - 1) * sizeof *health->log);
		health->log_count--;
	}
	health->log[health->log_count++] = (struct result){start_ns, end_ns, exit_code, x_strdup(output)};
}

static void status_set(struct health *health, enum health_status status)
{
	struct container *container = health->container;
	auto_free char *action = x_printf("health_status: %s", health_status_name(status));
	struct err err;
	if (health->status == status)
		return;
	health->status = status;
	if (container_save(container, &err) < 0)
		lifecycle_log(container, &err, "cannot record a container's health");
	container_event(container, action, NULL);
}

/* --- a probe --- */

static void due(struct loop_timer *timer);

static int64_t since_start(const struct health *health)
{
	return health->container->run ? run_length(health->container->run) : 0;
}

static void wait_next(struct health *health)
{
	int64_t since = since_start(health);
	loop_timer_start(health->container->engine->loop, &health->timer,
			 health_wait(&health->rule, health->status, since), due);
}

static void out_close(struct health *health)
{
	loop_io_remove(&health->out);
	cleanup_fd(&health->out_fd);
	health->out_fd = -1;
}

/* Takes what is there; more than counts is the monitor's to throw away. */
static void out_ready(struct loop_io *io, uint32_t events)
{
	struct health *health = container_of(io, struct health, out);
	char data[HEALTH_OUTPUT_MAX];
	(void)events;
	for (;;) {
		ssize_t size = recv(health->out_fd, data, sizeof data, MSG_DONTWAIT);
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		size_t room = HEALTH_OUTPUT_MAX - health->output.len;
		if (size > 0)
			buf_append(&health->output, data, (size_t)size < room ? (size_t)size : room);
		if (size <= 0 || health->output.len == HEALTH_OUTPUT_MAX) {
			out_close(health);
			return;
		}
	}
}

static void probe_start(struct health *health)
{
	struct container *container = health->container;
	const struct container_config *config = &container->document.config;
	auto_arena arena = {0};
	struct exec_config probe = {.attach_stdout = true, .attach_stderr = true};
	int pair[2];
	struct err err;
	health->probing = true;
	health->start_ns = time_wall_ns();
	health->since_start_ns = since_start(health);
	buf_reset(&health->output);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		health_probed(container, -1, false, strerror(errno));
		return;
	}
	health->out_fd = pair[0];
	auto_fd int theirs = pair[1];
	probe.cmd = health_argv(&arena, config->healthcheck, config->shell);
	int rc = loop_io_add(container->engine->loop, &health->out, health->out_fd, EPOLLIN, out_ready, &err);
	if (rc == 0)
		rc = exec_probe(container, &probe, health->rule.timeout_ns, theirs, &err);
	if (rc < 0)
		health_probed(container, -1, false, err.msg);
}

static void due(struct loop_timer *timer)
{
	struct health *health = container_of(timer, struct health, timer);
	if (!health->probing)
		probe_start(health);
}

/* --- its result --- */

static char *output_text(struct health *health, bool timed_out, const char *failure)
{
	char limit[DURATION_TEXT];
	const char *output = buf_str(&health->output);
	if (failure)
		return x_strdup(failure);
	if (!timed_out)
		return x_strdup(output);
	duration_go(health->rule.timeout_ns, limit);
	return *output ? x_printf("Health check exceeded timeout (%s): %s", limit, output)
		       : x_printf("Health check exceeded timeout (%s)", limit);
}

void health_probed(struct container *container, int exit_code, bool timed_out, const char *failure)
{
	struct health *health = container->health;
	if (!health || !health->probing)
		return;
	if (health->out_fd >= 0)
		out_ready(&health->out, EPOLLIN);
	out_close(health);
	health->probing = false;
	int code = timed_out ? -1 : exit_code;
	auto_free char *output = output_text(health, timed_out, failure);
	enum health_status status = health->status, before = status;
	log_add(health, health->start_ns, time_wall_ns(), code, output);
	health_step(&health->rule, code, health->since_start_ns, &status, &health->streak);
	status_set(health, status);
	wait_next(health);
	if (status == HEALTH_UNHEALTHY && before != HEALTH_UNHEALTHY)
		stop_unhealthy(container); /* may end it at once */
}

/* --- when it is at work --- */

static struct health *health_make(struct container *container)
{
	if (!container->health) {
		container->health = x_alloc(sizeof *container->health);
		*container->health =
		    (struct health){.container = container, .out_fd = -1, .output = BUF_INIT(HEALTH_OUTPUT_MAX)};
	}
	container->health->rule = health_rule_of(container->document.config.healthcheck);
	return container->health;
}

void health_begin(struct container *container)
{
	if (!health_is_on(container->document.config.healthcheck))
		return;
	struct health *health = health_make(container);
	health->status = HEALTH_STARTING;
	health->streak = 0;
	wait_next(health);
}

/* From the record; the probe that an engine before us had begun is nobody's. */
void health_adopt(struct container *container)
{
	const struct health_state *state = container->life.health;
	if (!health_is_on(container->document.config.healthcheck))
		return;
	struct health *health = health_make(container);
	health->status = HEALTH_STARTING;
	if (state) {
		enum health_status status = health_status_of(state->status);
		health->status = status == HEALTH_NONE ? HEALTH_STARTING : status;
		health->streak = state->failing_streak;
		for (size_t i = 0; i < state->log.count; i++) {
			const struct health_result *result = &state->log.items[i];
			int64_t start = 0, end = 0;
			if (time_parse_rfc3339(result->start ? result->start : "", &start) < 0 ||
			    time_parse_rfc3339(result->end ? result->end : "", &end) < 0)
				continue;
			log_add(health, start, end, (int)result->exit_code, result->output ? result->output : "");
		}
	}
	if (container->run && container->state != STATE_PAUSED)
		wait_next(health);
}

void health_pause(struct container *container)
{
	if (container->health)
		loop_timer_stop(&container->health->timer);
}

void health_resume(struct container *container)
{
	if (container->health && !container->health->probing)
		wait_next(container->health);
}

/* Docker: what does not run is not healthy. */
void health_end(struct container *container)
{
	struct health *health = container->health;
	if (!health)
		return;
	loop_timer_stop(&health->timer);
	out_close(health);
	health->probing = false;
	health->status = HEALTH_UNHEALTHY;
}

void health_free(struct container *container)
{
	struct health *health = container->health;
	if (!health)
		return;
	loop_timer_stop(&health->timer);
	out_close(health);
	for (size_t i = 0; i < health->log_count; i++)
		free(health->log[i].output);
	buf_done(&health->output);
	free(health);
	container->health = NULL;
}
