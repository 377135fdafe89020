#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "runtime/cgroup_oom.h"
#include "runtime/cgroup_stats.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/container.h"
#include "runtime_cli/stats_print.h"

#include <poll.h>
#include <string.h>

struct events_options {
	const char *interval;
	bool stats;
};
static const struct option_row rows[] = {
    O_STRING(struct events_options, interval, "interval", 0, "duration", "Between statistics (5s)"),
    O_BOOL(struct events_options, stats, "stats", 0, "Print statistics once"),
    O_END,
};

/* "500ms", "5s", "1m" */
static int interval_parse(const char *text, int64_t *out_ms, struct err *err)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	size_t digits = strspn(text, "0123456789");
	auto_free char *number = x_strndup(text, digits);
	int64_t value;
	for (size_t i = 0; digits > 0 && i < array_size(units); i++) {
		if (!text_equal(text + digits, units[i].unit))
			continue;
		int rc = number_parse(number, 1, INT32_MAX / units[i].ms, "interval", &value, err);
		*out_ms = rc < 0 ? 0 : value * units[i].ms;
		return rc;
	}
	return err_set(err, EINVAL, "duration interval must be greater than 0, and have a unit: \"%s\"", text);
}

static int line_print(const char *type, const char *id, const struct cgroup_stats *stats, struct err *err)
{
	auto_buf line = BUF_INIT(JSON_SIZE_MAX);
	buf_printf(&line, "{\"type\":\"%s\",\"id\":", type);
	json_encode_string(&line, id);
	if (stats) {
		buf_text(&line, ",\"data\":");
		stats_print(stats, &line);
	}
	buf_text(&line, "}\n");
	int rc = buf_check(&line, "an event", err);
	if (rc == 0 && (fputs(buf_str(&line), stdout) < 0 || fflush(stdout) < 0))
		rc = err_sys(err, "standard output");
	return rc;
}

static int stats_show(const struct container *container, struct err *err)
{
	struct cgroup_stats stats = {0};
	int rc = cgroup_stats_read(container->state.cgroup, &stats, err);
	if (rc == 0)
		rc = line_print("stats", container->state.id, &stats, err);
	cgroup_stats_done(&stats);
	return rc;
}

/* Until the container ends. */
static int follow(const struct container *container, int64_t interval_ms, struct cgroup_oom *oom, struct err *err)
{
	enum { LOOK_MS = 200, NS_PER_MS = 1000000 };
	int64_t next = time_monotonic_ns();
	while (state_status(&container->state) != STATUS_STOPPED) {
		struct pollfd wait = {.fd = oom->fd, .events = POLLIN};
		int64_t left = (next - time_monotonic_ns()) / NS_PER_MS;
		int rc = 0;
		if (left <= 0) {
			rc = stats_show(container, err);
			next += interval_ms * NS_PER_MS;
		} else {
			(void)poll(&wait, 1, left < LOOK_MS ? (int)left : LOOK_MS);
			/* v1 wakes us before anything is ended and counted, and not again. */
			if (cgroup_oom_read(oom) > 0)
				rc = line_print("oom", container->state.id, NULL, err);
		}
		if (rc == -ENOENT || rc == -ENODEV)
			return 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int events(const struct container *container, const struct events_options *options, struct err *err)
{
	struct cgroup_oom oom = CGROUP_OOM_INIT;
	struct err ignored;
	int64_t interval_ms;
	int rc = interval_parse(options->interval ? options->interval : "5s", &interval_ms, err);
	if (rc < 0)
		return rc;
	if (container->status == STATUS_STOPPED)
		return err_set(err, ESRCH, "container with id %s is not running", container->state.id);
	if (!container->state.cgroup)
		return err_set(err, EOPNOTSUPP, "the container has no control group");
	if (options->stats)
		return stats_show(container, err);
	(void)!cgroup_oom_watch(container->state.cgroup, &oom, &ignored);
	rc = follow(container, interval_ms, &oom, err);
	cgroup_oom_done(&oom);
	return rc;
}

static int run(struct context *context, void *given, char **args)
{
	struct container container;
	struct err err;
	int rc = container_open(context, args[0], false, &container, &err);
	if (rc == 0) {
		rc = events(&container, given, &err);
		container_done(&container);
	}
	return rc < 0 ? context_failed(context, &err) : 0;
}

const struct command cmd_events = {
    .name = "events",
    .usage = "[OPTIONS] ID",
    .summary = "Print what a container uses, and when it runs out of memory",
    .rows = rows,
    .size = sizeof(struct events_options),
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .run = run,
};
