/* update */
#include "cli/commands.h"

#include "base/text.h"
#include "docker/restart_policy.h"
#include "docker/update.h"

struct update_options {
	int64_t memory, memory_reservation, memory_swap, cpus, cpu_shares, cpu_period, cpu_quota, pids_limit, ignored;
	int64_t blkio_weight, cpu_rt_period, cpu_rt_runtime;
	const char *cpuset_cpus, *cpuset_mems, *restart;
};

static const struct option_row update_rows[] = {
    O_NUMBER(struct update_options, blkio_weight, "blkio-weight", 0,
	     "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)"),
    O_NUMBER(struct update_options, cpu_period, "cpu-period", 0, "Limit CPU CFS period in microseconds"),
    O_NUMBER(struct update_options, cpu_quota, "cpu-quota", 0, "Limit CPU CFS quota in microseconds"),
    O_NUMBER(struct update_options, cpu_rt_period, "cpu-rt-period", 0,
	     "Limit the CPU real-time period in microseconds"),
    O_NUMBER(struct update_options, cpu_rt_runtime, "cpu-rt-runtime", 0,
	     "Limit the CPU real-time runtime in microseconds"),
    O_NUMBER(struct update_options, cpu_shares, "cpu-shares", 'c', "CPU shares (relative weight)"),
    O_CPUS(struct update_options, cpus, "cpus", "Number of CPUs"),
    O_STRING(struct update_options, cpuset_cpus, "cpuset-cpus", 0, "string",
	     "CPUs in which to allow execution (0-3, 0,1)"),
    O_STRING(struct update_options, cpuset_mems, "cpuset-mems", 0, "string",
	     "MEMs in which to allow execution (0-3, 0,1)"),
    O_SIZE(struct update_options, memory, "memory", 'm', "Memory limit", 0),
    O_SIZE(struct update_options, memory_reservation, "memory-reservation", 0, "Memory soft limit", 0),
    O_SIZE(struct update_options, memory_swap, "memory-swap", 0,
	   "Swap limit equal to memory plus swap: '-1' to enable unlimited swap", OPTION_MINUS_ONE),
    O_NUMBER(struct update_options, pids_limit, "pids-limit", 0, "Tune container pids limit (set -1 for unlimited)"),
    O_STRING(struct update_options, restart, "restart", 0, "string", "Restart policy to apply when a container exits"),
    O_SIZE(struct update_options, ignored, "kernel-memory", 0, "", OPTION_HIDDEN),
    O_END,
};

static bool is_empty(const struct update_options *options)
{
	return !options->memory && !options->memory_reservation && !options->memory_swap && !options->cpus &&
	       !options->cpu_shares && !options->cpu_period && !options->cpu_quota && !options->pids_limit &&
	       !options->cpuset_cpus && !options->cpuset_mems && !options->restart && !options->blkio_weight &&
	       !options->cpu_rt_period && !options->cpu_rt_runtime;
}

static char *text_of(struct cli *cli, const char *text)
{
	return arena_strdup(&cli->arena, text ? text : "");
}

static int body_make(struct cli *cli, struct buf *body, struct err *err)
{
	struct update_options *options = cli->options;
	if (options->blkio_weight < 0 || options->blkio_weight > UINT16_MAX)
		return err_set(err, EINVAL, "invalid argument \"%lld\" for \"--blkio-weight\" flag: value out of range",
			       (long long)options->blkio_weight);
	struct host_config update = {
	    .memory = options->memory,
	    .memory_reservation = options->memory_reservation,
	    .memory_swap = options->memory_swap,
	    .nano_cpus = options->cpus,
	    .cpu_shares = options->cpu_shares,
	    .blkio_weight = (uint32_t)options->blkio_weight,
	    .cpu_realtime_period_us = options->cpu_rt_period,
	    .cpu_realtime_runtime_us = options->cpu_rt_runtime,
	    .cpu_period_us = options->cpu_period,
	    .cpu_quota_us = options->cpu_quota,
	    .cpuset_cpus = text_of(cli, options->cpuset_cpus),
	    .cpuset_mems = text_of(cli, options->cpuset_mems),
	    .pids_limit = options->pids_limit ? &options->pids_limit : NULL,
	    .restart_policy.name = text_of(cli, NULL),
	};
	if (options->restart) {
		int rc = restart_policy_parse(&cli->arena, options->restart, &update.restart_policy, err);
		if (rc < 0)
			return rc;
	}
	json_encode(body, &table_container_update, &update);
	return buf_check(body, "the update", err);
}

static int update_run(struct cli *cli)
{
	auto_buf body = BUF_INIT(64 << 10), warnings = BUF_INIT(1 << 20);
	struct err err;
	int status = 0;
	if (is_empty(cli->options)) {
		err_set(&err, EINVAL, "you must provide one or more flags when using this command");
		return cli_failed(&err);
	}
	if (body_make(cli, &body, &err) < 0)
		return cli_failed(&err);
	for (size_t i = 0; i < cli->arg_count; i++) {
		const struct client_request request = {.method = "POST",
						       .path = cli_path(cli, "/containers/%s/update", cli->args[i]),
						       .json = buf_str(&body)};
		struct container_updated answer = {0};
		if (client_struct(&cli->client, &request, &table_container_updated, &answer, &err) < 0) {
			status = cli_failed(&err);
			continue;
		}
		print("%s\n", cli->args[i]);
		for (char **warning = answer.warnings; warning && *warning; warning++)
			buf_printf(&warnings, "%s%s", warnings.len ? "\n" : "", *warning);
	}
	if (warnings.len > 0)
		fprintf(stderr, "%s\n", warnings.data);
	return status;
}

const struct command command_update = {
    .path = "container update",
    .shortcut = "update",
    .usage = "CONTAINER [CONTAINER...]",
    .summary = "Update configuration of one or more containers",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = update_rows,
    .options_size = sizeof(struct update_options),
    .run = update_run,
};
