#include "engine/resource_check.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_MIN = 6 << 20, SHARES_MIN = 2, SHARES_MAX = 262144, LIST_MAX = 8192 };

static int memory_check(const struct host_config *host, struct err *err)
{
	if (host->memory < 0 || (host->memory > 0 && host->memory < MEMORY_MIN))
		return err_set(err, EINVAL, "Minimum memory limit allowed is 6MB");
	if (host->memory_swap > 0 && host->memory == 0)
		return err_set(err, EINVAL,
			       "You should always set the Memory limit when using Memoryswap limit, see usage");
	if (host->memory > 0 && host->memory_swap > 0 && host->memory_swap < host->memory)
		return err_set(err, EINVAL, "Minimum memoryswap limit should be larger than memory limit, see usage");
	if (host->memory_swap < -1)
		return err_set(err, EINVAL, "invalid memory swap limit: %lld", (long long)host->memory_swap);
	if (host->memory_reservation > 0 && host->memory_reservation < MEMORY_MIN)
		return err_set(err, EINVAL, "Minimum memory reservation allowed is 6MB");
	if (host->memory_reservation < 0 || (host->memory > 0 && host->memory_reservation > host->memory))
		return err_set(err, EINVAL,
			       "Minimum memory limit can not be less than memory reservation limit, see usage");
	return 0;
}

static int cpu_check(const struct host_config *host, struct err *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (host->nano_cpus < 0 || host->nano_cpus > (int64_t)processors * 1000000000)
		return err_set(err, EINVAL,
			       "range of CPUs is from 0.01 to %ld.00, as there are only %ld CPUs available", processors,
			       processors);
	if (host->nano_cpus > 0 && (host->cpu_period_us > 0 || host->cpu_quota_us > 0))
		return err_set(err, EINVAL,
			       "Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set.");
	if (host->cpu_period_us != 0 && (host->cpu_period_us < 1000 || host->cpu_period_us > 1000000))
		return err_set(err, EINVAL,
			       "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
	if (host->cpu_quota_us != 0 && host->cpu_quota_us != -1 && host->cpu_quota_us < 1000)
		return err_set(err, EINVAL, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	if (host->cpu_shares < 0)
		return err_set(err, EINVAL, "invalid CPU shares (%lld): value must be a positive integer",
			       (long long)host->cpu_shares);
	return 0;
}

static int realtime_check(const struct host_config *host, bool cgroup_v2, struct err *err)
{
	int64_t period = host->cpu_realtime_period_us, runtime = host->cpu_realtime_runtime_us;
	if (period == 0 && runtime == 0)
		return 0;
	if (cgroup_v2)
		return err_set(err, EINVAL, "kernel does not support CPU real-time scheduler");
	if (period < 0 || runtime < 0)
		return err_set(err, EINVAL, "cpu real-time period and runtime cannot be negative");
	if (period != 0 && runtime > period)
		return err_set(err, EINVAL, "cpu real-time runtime cannot be higher than cpu real-time period");
	return 0;
}

/* --- lists of processors and memory nodes: "0-2,7" --- */

/* Marks each number of the list; false when it is not one. */
static bool list_mark(const char *text, bool seen[LIST_MAX])
{
	auto_strv char **parts = strv_split(text, ',');
	for (char **part = parts; *part; part++) {
		struct err ignored;
		int64_t first, last;
		char *dash = strchr(*part, '-');
		if (dash)
			*dash = 0;
		if (number_parse(*part, 0, LIST_MAX - 1, "first", &first, &ignored) < 0)
			return false;
		last = first;
		if (dash && number_parse(dash + 1, first, LIST_MAX - 1, "last", &last, &ignored) < 0)
			return false;
		for (int64_t i = first; i <= last; i++)
			seen[i] = true;
	}
	return true;
}

static int list_check(const char *text, const char *there_file, const char *what, const char *words, struct err *err)
{
	auto_buf there = BUF_INIT(LIST_MAX);
	bool asked[LIST_MAX] = {false}, known[LIST_MAX] = {false};
	if (text_empty(text))
		return 0;
	if (!list_mark(text, asked))
		return err_set(err, EINVAL, "Invalid value %s for cpuset %s", text, what);
	if (file_read(AT_FDCWD, there_file, &there, err) < 0)
		return 0; /* the kernel will say */
	char *end = strchr(there.data, '\n');
	if (end)
		*end = 0;
	if (!list_mark(there.data, known))
		return 0;
	for (size_t i = 0; i < LIST_MAX; i++) {
		if (asked[i] && !known[i])
			return err_set(err, EINVAL, "Requested %s are not available - requested %s, available: %s",
				       words, text, there.data);
	}
	return 0;
}

static int cpuset_check(const struct host_config *host, struct err *err)
{
	int rc = list_check(host->cpuset_cpus, "/sys/devices/system/cpu/online", "cpus", "CPUs", err);
	return rc < 0 ? rc
		      : list_check(host->cpuset_mems, "/sys/devices/system/node/online", "mems", "memory nodes", err);
}

/* --- block devices --- */

static int block_check(const struct host_config *host, struct err *err)
{
	if (host->blkio_weight > 0 && (host->blkio_weight < 10 || host->blkio_weight > 1000))
		return err_set(err, EINVAL, "Range of blkio weight is from 10 to 1000");
	for (size_t i = 0; i < host->blkio_weight_device.count; i++) {
		const struct weight_device *row = &host->blkio_weight_device.items[i];
		if (row->weight != 0 && (row->weight < 10 || row->weight > 1000))
			return err_set(err, EINVAL, "Range of blkio weight is from 10 to 1000");
	}
	return 0;
}

/* Below the root of the hierarchies, and nowhere else. */
static int parent_check(const struct host_config *host, struct err *err)
{
	auto_strv char **parts = strv_split(host->cgroup_parent ? host->cgroup_parent : "", '/');
	for (char **part = parts; *part; part++) {
		if (text_equal(*part, "..") || strpbrk(*part, "\n"))
			return err_set(err, EINVAL, "invalid CgroupParent: %s", host->cgroup_parent);
	}
	return 0;
}

int resource_check(const struct host_config *host, bool cgroup_v2, struct err *err)
{
	int rc = memory_check(host, err);
	if (rc == 0)
		rc = cpu_check(host, err);
	if (rc == 0)
		rc = realtime_check(host, cgroup_v2, err);
	if (rc == 0)
		rc = cpuset_check(host, err);
	if (rc == 0)
		rc = block_check(host, err);
	return rc < 0 ? rc : parent_check(host, err);
}

/* --- what the host does not have --- */

/* The files of weights are not in the root group; what stands there instead tells. */
static bool has_block_weight(bool cgroup_v2)
{
	static const char *const v1[] = {"/sys/fs/cgroup/blkio/blkio.weight",
					 "/sys/fs/cgroup/blkio/blkio.bfq.io_serviced"};
	static const char *const v2[] = {"/sys/fs/cgroup/io.cost.qos", "/sys/module/bfq"};
	const char *const *files = cgroup_v2 ? v2 : v1;
	return access(files[0], F_OK) == 0 || access(files[1], F_OK) == 0;
}

static void weights_adapt(struct host_config *host, bool cgroup_v2, char ***warnings)
{
	if ((host->blkio_weight == 0 && host->blkio_weight_device.count == 0) || has_block_weight(cgroup_v2))
		return;
	if (host->blkio_weight > 0)
		strv_push(warnings, x_strdup("Your kernel does not support Block I/O weight or the cgroup is not "
					     "mounted. Weight discarded."));
	if (host->blkio_weight_device.count > 0)
		strv_push(warnings, x_strdup("Your kernel does not support Block I/O weight_device or the cgroup is "
					     "not mounted. Weight-device discarded."));
	host->blkio_weight = 0;
	host->blkio_weight_device.count = 0;
}

static void memory_adapt(struct host_config *host, bool cgroup_v2, char ***warnings)
{
	if (host->memory_swappiness && *host->memory_swappiness == -1)
		host->memory_swappiness = NULL;
	if (cgroup_v2 && host->memory_swappiness) {
		strv_push(warnings, x_strdup("Your kernel does not support memory swappiness capabilities or the "
					     "cgroup is not mounted. Memory swappiness discarded."));
		host->memory_swappiness = NULL;
	}
	if (cgroup_v2 && host->oom_kill_disable) {
		if (*host->oom_kill_disable)
			strv_push(warnings,
				  x_strdup("Your kernel does not support OomKillDisable. OomKillDisable discarded."));
		host->oom_kill_disable = NULL;
	}
	if (cgroup_v2 && host->kernel_memory_tcp > 0) {
		strv_push(warnings, x_strdup("Your kernel does not support kernel memory TCP limit capabilities or "
					     "the cgroup is not mounted. Limitation discarded."));
		host->kernel_memory_tcp = 0;
	}
	if (host->oom_kill_disable && *host->oom_kill_disable && host->memory == 0)
		strv_push(warnings, x_strdup("OOM killer is disabled for the container, but no memory limit is set, "
					     "this can result in the system running out of resources."));
}

void resource_adapt(struct host_config *host, bool cgroup_v2, char ***warnings)
{
	if (host->cpu_shares > 0 && host->cpu_shares < SHARES_MIN)
		host->cpu_shares = SHARES_MIN;
	if (host->cpu_shares > SHARES_MAX)
		host->cpu_shares = SHARES_MAX;
	memory_adapt(host, cgroup_v2, warnings);
	weights_adapt(host, cgroup_v2, warnings);
}
