#include "docker/update.h"

#include "base/text.h"
#include "docker/restart_policy.h"

static const struct json_field fields_container_update[] = {
    F_OBJECT(struct host_config, restart_policy, "RestartPolicy", 0, restart_policy),
    F_I64(struct host_config, cpu_shares, "CpuShares", 0),
    F_I64(struct host_config, memory, "Memory", 0),
    F_I64(struct host_config, nano_cpus, "NanoCpus", 0),
    F_U32(struct host_config, blkio_weight, "BlkioWeight", 0),
    F_I64(struct host_config, cpu_period_us, "CpuPeriod", 0),
    F_I64(struct host_config, cpu_quota_us, "CpuQuota", 0),
    F_I64(struct host_config, cpu_realtime_period_us, "CpuRealtimePeriod", 0),
    F_I64(struct host_config, cpu_realtime_runtime_us, "CpuRealtimeRuntime", 0),
    F_STR(struct host_config, cpuset_cpus, "CpusetCpus", 0),
    F_STR(struct host_config, cpuset_mems, "CpusetMems", 0),
    F_I64(struct host_config, memory_reservation, "MemoryReservation", 0),
    F_I64(struct host_config, memory_swap, "MemorySwap", 0),
    F_OPT_I64(struct host_config, pids_limit, "PidsLimit", 0),
};
const struct json_table table_container_update = {"container_update", sizeof(struct host_config),
						  fields_container_update, array_size(fields_container_update)};

JSON_TYPE(container_updated, F_STRV(struct container_updated, warnings, "Warnings", JSON_NULLABLE));

static int cpu_merge(struct host_config *host, const struct host_config *update, struct err *err)
{
	if (update->cpu_period_us && host->nano_cpus)
		return err_set(err, EINVAL,
			       "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
	if (update->cpu_quota_us && host->nano_cpus)
		return err_set(err, EINVAL,
			       "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
	if (update->nano_cpus && (host->cpu_period_us || host->cpu_quota_us))
		return err_set(
		    err, EINVAL,
		    "Conflicting options: NanoCPUs cannot be updated as CPU Period/Quota has already been set");
	if (update->cpu_shares)
		host->cpu_shares = update->cpu_shares;
	if (update->cpu_realtime_period_us)
		host->cpu_realtime_period_us = update->cpu_realtime_period_us;
	if (update->cpu_realtime_runtime_us)
		host->cpu_realtime_runtime_us = update->cpu_realtime_runtime_us;
	if (update->nano_cpus)
		host->nano_cpus = update->nano_cpus;
	if (update->cpu_period_us)
		host->cpu_period_us = update->cpu_period_us;
	if (update->cpu_quota_us)
		host->cpu_quota_us = update->cpu_quota_us;
	if (!text_empty(update->cpuset_cpus))
		host->cpuset_cpus = update->cpuset_cpus;
	if (!text_empty(update->cpuset_mems))
		host->cpuset_mems = update->cpuset_mems;
	return 0;
}

static int memory_merge(struct host_config *host, const struct host_config *update, struct err *err)
{
	if (update->memory) {
		/* A limit above the one on memory and swap together does not work. */
		if (host->memory_swap > 0 && update->memory > host->memory_swap && update->memory_swap == 0)
			return err_set(err, EINVAL,
				       "Memory limit should be smaller than already set memoryswap limit, update the "
				       "memoryswap at the same time");
		host->memory = update->memory;
	}
	if (update->memory_swap)
		host->memory_swap = update->memory_swap;
	if (update->memory_reservation)
		host->memory_reservation = update->memory_reservation;
	if (host->memory > 0 && host->memory_swap == 0)
		host->memory_swap = 2 * host->memory;
	return 0;
}

int update_merge(struct host_config *host, const struct host_config *update, struct err *err)
{
	struct host_config merged = *host;
	int rc = restart_policy_check(&update->restart_policy, err);
	if (rc == 0 && !text_empty(update->restart_policy.name)) {
		if (host->auto_remove && !restart_policy_is_none(&update->restart_policy))
			return err_set(
			    err, EINVAL,
			    "Restart policy cannot be updated because AutoRemove is enabled for the container");
		merged.restart_policy = update->restart_policy;
	}
	if (rc == 0)
		rc = cpu_merge(&merged, update, err);
	if (rc == 0)
		rc = memory_merge(&merged, update, err);
	if (rc < 0)
		return rc;
	if (update->pids_limit && *update->pids_limit != 0)
		merged.pids_limit = *update->pids_limit < 0 ? NULL : update->pids_limit;
	if (update->blkio_weight)
		merged.blkio_weight = update->blkio_weight;
	*host = merged;
	return 0;
}
