#include "docker/stats.h"

JSON_TYPE(stats_block, F_U64(struct stats_block, major, "major", 0), F_U64(struct stats_block, minor, "minor", 0),
	  F_STR(struct stats_block, op, "op", 0), F_U64(struct stats_block, value, "value", 0));

JSON_TYPE(stats_blkio, F_LIST(struct stats_blkio, bytes, "io_service_bytes_recursive", 0, stats_block),
	  F_LIST(struct stats_blkio, count, "io_serviced_recursive", JSON_NULLABLE, stats_block));

JSON_TYPE(stats_pids, F_U64(struct stats_pids, current, "current", JSON_OMIT),
	  F_U64(struct stats_pids, limit, "limit", JSON_OMIT));

JSON_TYPE(stats_cpu_usage, F_U64(struct stats_cpu_usage, total, "total_usage", 0),
	  F_RAW(struct stats_cpu_usage, per_cpu, "percpu_usage", JSON_OMIT),
	  F_U64(struct stats_cpu_usage, kernel, "usage_in_kernelmode", 0),
	  F_U64(struct stats_cpu_usage, user, "usage_in_usermode", 0));

JSON_TYPE(stats_throttling, F_U64(struct stats_throttling, periods, "periods", 0),
	  F_U64(struct stats_throttling, throttled_periods, "throttled_periods", 0),
	  F_U64(struct stats_throttling, throttled_time, "throttled_time", 0));

JSON_TYPE(stats_cpu, F_OBJECT(struct stats_cpu, usage, "cpu_usage", 0, stats_cpu_usage),
	  F_U64(struct stats_cpu, system, "system_cpu_usage", JSON_OMIT),
	  F_U32(struct stats_cpu, online, "online_cpus", JSON_OMIT),
	  F_OBJECT(struct stats_cpu, throttling, "throttling_data", 0, stats_throttling));

JSON_TYPE(stats_memory, F_U64(struct stats_memory, usage, "usage", JSON_OMIT),
	  F_U64(struct stats_memory, max_usage, "max_usage", JSON_OMIT),
	  F_RAW(struct stats_memory, stats, "stats", JSON_OMIT),
	  F_U64(struct stats_memory, failures, "failcnt", JSON_OMIT),
	  F_U64(struct stats_memory, limit, "limit", JSON_OMIT));

JSON_TYPE(stats_network, F_U64(struct stats_network, rx_bytes, "rx_bytes", 0),
	  F_U64(struct stats_network, rx_packets, "rx_packets", 0),
	  F_U64(struct stats_network, rx_errors, "rx_errors", 0),
	  F_U64(struct stats_network, rx_dropped, "rx_dropped", 0),
	  F_U64(struct stats_network, tx_bytes, "tx_bytes", 0),
	  F_U64(struct stats_network, tx_packets, "tx_packets", 0),
	  F_U64(struct stats_network, tx_errors, "tx_errors", 0),
	  F_U64(struct stats_network, tx_dropped, "tx_dropped", 0));

JSON_TYPE(stats_pressure_line, F_F64(struct stats_pressure_line, avg10, "avg10", 0),
	  F_F64(struct stats_pressure_line, avg60, "avg60", 0), F_F64(struct stats_pressure_line, avg300, "avg300", 0),
	  F_U64(struct stats_pressure_line, total, "total", 0));

JSON_TYPE(stats_pressure, F_OBJECT(struct stats_pressure, some, "some", 0, stats_pressure_line),
	  F_OBJECT(struct stats_pressure, full, "full", 0, stats_pressure_line));

JSON_TYPE(stats_pressures, F_POINTER(struct stats_pressures, cpu, "cpu", JSON_OMIT, stats_pressure),
	  F_POINTER(struct stats_pressures, memory, "memory", JSON_OMIT, stats_pressure),
	  F_POINTER(struct stats_pressures, io, "io", JSON_OMIT, stats_pressure));

const struct json_table table_stats_empty = {"stats_empty", sizeof(struct stats_empty), NULL, 0};

JSON_TYPE(container_stats, F_STR(struct container_stats, id, "id", JSON_OMIT),
	  F_STR(struct container_stats, name, "name", JSON_OMIT),
	  F_STR(struct container_stats, os_type, "os_type", JSON_OMIT), F_STR(struct container_stats, read, "read", 0),
	  F_OBJECT(struct container_stats, cpu, "cpu_stats", 0, stats_cpu),
	  F_OBJECT(struct container_stats, memory, "memory_stats", 0, stats_memory),
	  F_OBJECT_MAP(struct container_stats, networks, "networks", JSON_OMIT, stats_network),
	  F_OBJECT(struct container_stats, pids, "pids_stats", 0, stats_pids),
	  F_OBJECT(struct container_stats, blkio, "blkio_stats", 0, stats_blkio),
	  F_U64(struct container_stats, num_procs, "num_procs", 0),
	  F_OBJECT(struct container_stats, storage, "storage_stats", 0, stats_empty),
	  F_STR(struct container_stats, preread, "preread", 0),
	  F_OBJECT(struct container_stats, precpu, "precpu_stats", 0, stats_cpu),
	  F_POINTER(struct container_stats, pressure, "pressure_stats", JSON_OMIT, stats_pressures),
	  F_I64(struct container_stats, oom_kills, "oom_kills", JSON_OMIT));

double stats_cpu_percent(const struct container_stats *now, const struct stats_cpu *before)
{
	double own = (double)now->cpu.usage.total - (double)before->usage.total;
	double all = (double)now->cpu.system - (double)before->system;
	return own > 0 && all > 0 ? own / all * now->cpu.online * 100 : 0;
}

static uint64_t member(const struct json *stats, const char *key)
{
	const struct json *value = json_get(stats, key);
	uint64_t number = 0;
	return value && json_number_u64(value, &number) == 0 ? number : 0;
}

/* v1 counts what is below it in total_inactive_file, v2 in inactive_file. */
uint64_t stats_memory_used(const struct container_stats *stats)
{
	const struct stats_memory *memory = &stats->memory;
	uint64_t inactive = memory->stats ? member(memory->stats, "total_inactive_file") : 0;
	if (memory->stats && !json_get(memory->stats, "total_inactive_file"))
		inactive = member(memory->stats, "inactive_file");
	return inactive < memory->usage ? memory->usage - inactive : memory->usage;
}
