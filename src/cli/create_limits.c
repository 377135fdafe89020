#include "cli/create_limits.h"

#include "base/text.h"
#include "docker/size.h"

#include <string.h>

static char *text_of(struct cli *cli, const char *text)
{
	return arena_strdup(&cli->arena, text ? text : "");
}

/* "PATH:VALUE" */
static int pair_split(struct cli *cli, const char *text, char **out_path, const char **out_value, struct err *err)
{
	const char *colon = strchr(text, ':');
	if (!colon || colon == text || strchr(colon + 1, ':'))
		return err_set(err, EINVAL, "bad format: %s", text);
	if (!text_after(text, "/dev/"))
		return err_set(err, EINVAL, "bad format for device path: %s", text);
	*out_path = arena_strndup(&cli->arena, text, (size_t)(colon - text));
	*out_value = colon + 1;
	return 0;
}

static int weights_build(struct cli *cli, char *const *texts, struct host_config *host, struct err *err)
{
	size_t count = strv_count(texts);
	host->blkio_weight_device.items = arena_array(&cli->arena, struct weight_device, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct weight_device *row = &host->blkio_weight_device.items[host->blkio_weight_device.count++];
		const char *value;
		struct err ignored;
		int64_t weight = 0;
		int rc = pair_split(cli, texts[i], &row->path, &value, err);
		if (rc < 0)
			return rc;
		if (number_parse(value, 0, UINT16_MAX, "weight", &weight, &ignored) < 0 ||
		    (weight != 0 && (weight < 10 || weight > 1000)))
			return err_set(err, EINVAL, "invalid weight for device: %s", texts[i]);
		row->weight = (uint32_t)weight;
	}
	return 0;
}

struct throttle_list {
	struct throttle_device *items;
	size_t count;
};

static int throttles_build(struct cli *cli, char *const *texts, bool bytes, struct throttle_list *list, struct err *err)
{
	size_t count = strv_count(texts);
	list->items = arena_array(&cli->arena, struct throttle_device, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct throttle_device *row = &list->items[list->count++];
		const char *value;
		struct err ignored;
		int64_t size = 0;
		int rc = pair_split(cli, texts[i], &row->path, &value, err);
		if (rc < 0)
			return rc;
		if (bytes && (size_parse(value, &size, &ignored) < 0 || size < 0))
			return err_set(
			    err, EINVAL,
			    "invalid rate for device: %s. The correct format is <device-path>:<number>[<unit>]. "
			    "Number must be a positive integer. Unit is optional and can be kb, mb, or gb",
			    texts[i]);
		row->rate = (uint64_t)size;
		if (!bytes && number_parse_u64(value, UINT64_MAX, "rate", &row->rate, &ignored) < 0)
			return err_set(
			    err, EINVAL,
			    "invalid rate for device: %s. The correct format is <device-path>:<number>. Number "
			    "must be a positive integer",
			    texts[i]);
	}
	return 0;
}

static int block_build(struct cli *cli, const struct create_options *options, struct host_config *host, struct err *err)
{
	struct throttle_list read_bps = {0}, write_bps = {0}, read_iops = {0}, write_iops = {0};
	if (options->blkio_weight < 0 || options->blkio_weight > UINT16_MAX)
		return err_set(err, EINVAL, "invalid argument \"%lld\" for \"--blkio-weight\" flag: value out of range",
			       (long long)options->blkio_weight);
	host->blkio_weight = (uint32_t)options->blkio_weight;
	int rc = weights_build(cli, options->blkio_weight_device, host, err);
	if (rc == 0)
		rc = throttles_build(cli, options->device_read_bps, true, &read_bps, err);
	if (rc == 0)
		rc = throttles_build(cli, options->device_write_bps, true, &write_bps, err);
	if (rc == 0)
		rc = throttles_build(cli, options->device_read_iops, false, &read_iops, err);
	if (rc == 0)
		rc = throttles_build(cli, options->device_write_iops, false, &write_iops, err);
	host->blkio_read_bps.items = read_bps.items;
	host->blkio_read_bps.count = read_bps.count;
	host->blkio_write_bps.items = write_bps.items;
	host->blkio_write_bps.count = write_bps.count;
	host->blkio_read_iops.items = read_iops.items;
	host->blkio_read_iops.count = read_iops.count;
	host->blkio_write_iops.items = write_iops.items;
	host->blkio_write_iops.count = write_iops.count;
	return rc;
}

int create_limits(struct cli *cli, const struct create_options *options, struct host_config *out_host, struct err *err)
{
	struct host_config *host = out_host;
	host->memory = options->memory;
	host->memory_reservation = options->memory_reservation;
	host->memory_swap = options->memory_swap;
	host->shm_size = options->shm_size;
	host->nano_cpus = options->cpus;
	host->cpu_shares = options->cpu_shares;
	host->cpu_period_us = options->cpu_period;
	host->cpu_quota_us = options->cpu_quota;
	host->cpu_realtime_period_us = options->cpu_rt_period;
	host->cpu_realtime_runtime_us = options->cpu_rt_runtime;
	host->cpuset_cpus = text_of(cli, options->cpuset_cpus);
	host->cpuset_mems = text_of(cli, options->cpuset_mems);
	host->oom_score_adj = options->oom_score_adj;
	if (options->memory_swappiness != -1) {
		host->memory_swappiness = arena_new(&cli->arena, int64_t);
		*host->memory_swappiness = options->memory_swappiness;
	}
	if (options->oom_kill_disable) {
		host->oom_kill_disable = arena_new(&cli->arena, bool);
		*host->oom_kill_disable = true;
	}
	if (options->pids_limit != 0) {
		host->pids_limit = arena_new(&cli->arena, int64_t);
		*host->pids_limit = options->pids_limit;
	}
	return block_build(cli, options, host, err);
}
