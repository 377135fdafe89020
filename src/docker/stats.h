/*
 * GET /containers/{id}/stats: what a container uses, as Docker shows it for cgroup v1 and v2.
 */
#pragma once

#include "base/json.h"

struct stats_block {
	uint64_t major, minor, value;
	char *op;
};
JSON_DECLARE(stats_block);

struct stats_blkio { /* empty lists: v1 has nothing to say, null: v2 has not */
	JSON_LIST(struct stats_block) bytes, count;
};
JSON_DECLARE(stats_blkio);

struct stats_pids {
	uint64_t current, limit; /* limit: 2^64-1 is none; left out when 0 */
};
JSON_DECLARE(stats_pids);

struct stats_cpu_usage {
	uint64_t total, kernel, user; /* nanoseconds */
	const struct json *per_cpu;   /* v1: an array of numbers; NULL */
};
JSON_DECLARE(stats_cpu_usage);

struct stats_throttling {
	uint64_t periods, throttled_periods, throttled_time;
};
JSON_DECLARE(stats_throttling);

struct stats_cpu {
	struct stats_cpu_usage usage;
	uint64_t system;
	uint32_t online;
	struct stats_throttling throttling;
};
JSON_DECLARE(stats_cpu);

struct stats_memory {
	uint64_t usage, max_usage, failures, limit;
	const struct json *stats; /* memory.stat */
};
JSON_DECLARE(stats_memory);

struct stats_network {
	char *key; /* "eth0" */
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped;
};
JSON_DECLARE(stats_network);

struct stats_pressure_line {
	double avg10, avg60, avg300; /* percent */
	uint64_t total;		     /* microseconds */
};
JSON_DECLARE(stats_pressure_line);
struct stats_pressure {
	struct stats_pressure_line some, full;
};
JSON_DECLARE(stats_pressure);
struct stats_pressures { /* tug's own: where the kernel has it */
	struct stats_pressure *cpu, *memory, *io;
};
JSON_DECLARE(stats_pressures);

struct stats_empty {
	char unused;
};
JSON_DECLARE(stats_empty);

struct container_stats {
	char *id, *name, *os_type;
	char *read, *preread;
	struct stats_pids pids;
	struct stats_blkio blkio;
	uint64_t num_procs;
	struct stats_empty storage;
	struct stats_cpu cpu, precpu;
	struct stats_memory memory;
	JSON_LIST(struct stats_network) networks;
	struct stats_pressures *pressure;
	int64_t oom_kills;
};
JSON_DECLARE(container_stats);

/* For people. Percent of one processor; bytes without the page cache that can go; NaN never. */
double stats_cpu_percent(const struct container_stats *now, const struct stats_cpu *before);
uint64_t stats_memory_used(const struct container_stats *stats);
