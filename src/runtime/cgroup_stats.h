/*
 * What a control group uses, in one struct for v1 and v2: bytes, nanoseconds, counts.
 *
 * A controller that the host does not have leaves its part zero and its has_ flag off. A limit that is not set is
 * CGROUP_NO_LIMIT.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

#define CGROUP_NO_LIMIT UINT64_MAX

struct cgroup_pair { /* a line of memory.stat */
	char name[48];
	uint64_t value;
};

/* Pressure stall information (v2, Documentation/accounting/psi.rst): shares in percent, total in microseconds. */
struct cgroup_pressure_line {
	double avg10, avg60, avg300;
	uint64_t total_us;
};
struct cgroup_pressure {
	bool has;
	struct cgroup_pressure_line some, full;
};

struct cgroup_usage {
	uint64_t usage, max_usage, limit, failures;
};

struct cgroup_cpu_stats {
	bool has;
	uint64_t usage_ns, user_ns, system_ns;
	uint64_t *per_cpu_ns; /* v1 only */
	size_t per_cpu_count;
	uint64_t periods, throttled_periods, throttled_ns;
	uint64_t bursts, burst_ns;
	struct cgroup_pressure pressure;
};

struct cgroup_memory_stats {
	bool has;
	struct cgroup_usage memory;
	bool has_swap;
	struct cgroup_usage swap; /* v1: memory and swap together (memsw), as runc shows it; v2: likewise, summed */
	struct cgroup_usage swap_only;	 /* v2 */
	struct cgroup_usage kernel, tcp; /* v1 */
	uint64_t cache, shared;		 /* page cache (v2: file), shmem */
	uint64_t inactive_file;		 /* of all below: what Docker takes off the usage it shows */
	uint64_t oom_kills, ooms;
	bool hierarchy;
	struct cgroup_pair *raw; /* memory.stat */
	size_t raw_count;
	struct cgroup_pressure pressure;
};

struct cgroup_pids_stats {
	bool has;
	uint64_t current, limit;
};

enum cgroup_block_kind {
	CGROUP_BLOCK_BYTES,  /* v1 *_io_service_bytes_recursive; v2 io.stat rbytes, wbytes, dbytes */
	CGROUP_BLOCK_COUNT,  /* v1 *_io_serviced_recursive; v2 rios, wios, dios */
	CGROUP_BLOCK_QUEUED, /* v1 with bfq debugging: the rest */
	CGROUP_BLOCK_TIME,
	CGROUP_BLOCK_WAIT,
	CGROUP_BLOCK_MERGED,
	CGROUP_BLOCK_SECTORS,
};
struct cgroup_block_stats {
	enum cgroup_block_kind kind;
	uint64_t major, minor;
	char op[16]; /* "Read", "Write", "Sync", "Async", "Discard", "Total" */
	uint64_t value;
};

struct cgroup_hugetlb_stats {
	char size[16]; /* "2MB" */
	struct cgroup_usage usage;
};

struct cgroup_rdma_stats {
	char device[32];
	uint64_t handles, objects, handles_limit, objects_limit;
};

struct cgroup_misc_stats {
	char resource[32];
	uint64_t usage, events, limit;
};

struct cgroup_stats {
	struct cgroup_cpu_stats cpu;
	struct cgroup_memory_stats memory;
	struct cgroup_pids_stats pids;
	bool has_block;
	struct cgroup_block_stats *block;
	size_t block_count;
	struct cgroup_pressure block_pressure;
	struct cgroup_hugetlb_stats *hugetlb;
	size_t hugetlb_count;
	struct cgroup_rdma_stats *rdma;
	size_t rdma_count;
	struct cgroup_misc_stats *misc;
	size_t misc_count;
};

/* -ENOENT when the group is gone. Free with cgroup_stats_done, which takes a zeroed struct too. */
int cgroup_stats_read(const char *cgroup, struct cgroup_stats *out_stats, struct err *err) must_check;
void cgroup_stats_done(struct cgroup_stats *stats);
