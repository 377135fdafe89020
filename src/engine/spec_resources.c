#include "engine/spec_resources.h"

#include "base/text.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int64_t *number(struct arena *arena, int64_t value)
{
	int64_t *copy = arena_new(arena, int64_t);
	*copy = value;
	return copy;
}

static struct oci_memory *memory_of(const struct host_config *host, struct arena *arena)
{
	bool unkillable = host->oom_kill_disable && *host->oom_kill_disable;
	if (host->memory == 0 && host->memory_reservation == 0 && host->memory_swap == 0 && !host->memory_swappiness &&
	    host->kernel_memory_tcp == 0 && !unkillable)
		return NULL;
	struct oci_memory *memory = arena_new(arena, struct oci_memory);
	if (host->memory > 0)
		memory->limit = number(arena, host->memory);
	if (host->memory_reservation > 0)
		memory->reservation = number(arena, host->memory_reservation);
	if (host->memory_swap != 0)
		memory->swap = number(arena, host->memory_swap);
	if (host->memory_swappiness)
		memory->swappiness = (uint64_t *)number(arena, *host->memory_swappiness);
	if (host->kernel_memory_tcp > 0)
		memory->kernel_tcp = number(arena, host->kernel_memory_tcp);
	if (unkillable)
		memory->disable_oom_killer = host->oom_kill_disable;
	return memory;
}

static struct oci_cpu *cpu_of(const struct host_config *host, struct arena *arena)
{
	enum { PERIOD_US = 100000 };
	struct oci_cpu *cpu = arena_new(arena, struct oci_cpu);
	bool any = false;
	if (host->cpu_shares > 0) {
		cpu->shares = (uint64_t *)number(arena, host->cpu_shares);
		any = true;
	}
	if (host->nano_cpus > 0 || host->cpu_period_us > 0) {
		cpu->period = (uint64_t *)number(arena, host->nano_cpus > 0 ? PERIOD_US : host->cpu_period_us);
		any = true;
	}
	if (host->nano_cpus > 0 || host->cpu_quota_us != 0) {
		cpu->quota =
		    number(arena, host->nano_cpus > 0 ? host->nano_cpus * PERIOD_US / 1000000000 : host->cpu_quota_us);
		any = true;
	}
	if (host->cpu_realtime_period_us > 0) {
		cpu->realtime_period = (uint64_t *)number(arena, host->cpu_realtime_period_us);
		any = true;
	}
	if (host->cpu_realtime_runtime_us > 0) {
		cpu->realtime_runtime = number(arena, host->cpu_realtime_runtime_us);
		any = true;
	}
	if (!text_empty(host->cpuset_cpus) || !text_empty(host->cpuset_mems)) {
		cpu->cpus = text_empty(host->cpuset_cpus) ? NULL : host->cpuset_cpus;
		cpu->mems = text_empty(host->cpuset_mems) ? NULL : host->cpuset_mems;
		any = true;
	}
	return any ? cpu : NULL;
}

/* --- block devices --- */

static int device_stat(const char *path, struct stat *out_info, struct err *err)
{
	if (stat(text_empty(path) ? "" : path, out_info) < 0)
		return err_set(err, EINVAL, "stat %s: %s", path ? path : "",
			       errno == ENOENT ? "no such file or directory" : strerror(errno));
	return 0;
}

static int weights_fill(const struct host_config *host, struct arena *arena, struct oci_block_io *block,
			struct err *err)
{
	size_t count = host->blkio_weight_device.count;
	block->weight_device.items = arena_array(arena, struct oci_block_weight, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct weight_device *row = &host->blkio_weight_device.items[i];
		struct stat info;
		int rc = device_stat(row->path, &info, err);
		if (rc < 0)
			return rc;
		uint32_t *weight = arena_new(arena, uint32_t);
		*weight = row->weight;
		block->weight_device.items[block->weight_device.count++] =
		    (struct oci_block_weight){major(info.st_rdev), minor(info.st_rdev), weight, NULL};
	}
	return 0;
}

static int throttles_fill(const struct throttle_device *rows, size_t count, struct arena *arena,
			  struct oci_block_throttle **out_items, size_t *out_count, struct err *err)
{
	*out_items = arena_array(arena, struct oci_block_throttle, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct stat info;
		int rc = device_stat(rows[i].path, &info, err);
		if (rc < 0)
			return rc;
		(*out_items)[i] = (struct oci_block_throttle){major(info.st_rdev), minor(info.st_rdev), rows[i].rate};
	}
	*out_count = count;
	return 0;
}

static int block_fill(const struct host_config *host, struct arena *arena, struct oci_resources *resources,
		      struct err *err)
{
	struct oci_block_io *block = arena_new(arena, struct oci_block_io);
	const struct {
		const struct throttle_device *items;
		size_t count;
		struct oci_block_throttle **out_items;
		size_t *out_count;
	} rows[] = {
	    {host->blkio_read_bps.items, host->blkio_read_bps.count, &block->throttle_read_bps_device.items,
	     &block->throttle_read_bps_device.count},
	    {host->blkio_write_bps.items, host->blkio_write_bps.count, &block->throttle_write_bps_device.items,
	     &block->throttle_write_bps_device.count},
	    {host->blkio_read_iops.items, host->blkio_read_iops.count, &block->throttle_read_iops_device.items,
	     &block->throttle_read_iops_device.count},
	    {host->blkio_write_iops.items, host->blkio_write_iops.count, &block->throttle_write_iops_device.items,
	     &block->throttle_write_iops_device.count},
	};
	if (host->blkio_weight > 0) {
		block->weight = arena_new(arena, uint32_t);
		*block->weight = host->blkio_weight;
	}
	int rc = weights_fill(host, arena, block, err);
	for (size_t i = 0; rc == 0 && i < array_size(rows); i++)
		rc = throttles_fill(rows[i].items, rows[i].count, arena, rows[i].out_items, rows[i].out_count, err);
	if (rc == 0)
		resources->block_io = block;
	return rc;
}

int spec_resources(const struct host_config *host, struct arena *arena, struct oci_resources **out_resources,
		   struct err *err)
{
	struct oci_resources *resources = arena_new(arena, struct oci_resources);
	resources->memory = memory_of(host, arena);
	resources->cpu = cpu_of(host, arena);
	if (host->pids_limit) {
		resources->pids = arena_new(arena, struct oci_pids);
		resources->pids->limit = host->pids_limit;
	}
	int rc = block_fill(host, arena, resources, err);
	if (rc == 0)
		*out_resources = resources;
	return rc;
}
