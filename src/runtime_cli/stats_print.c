#include "runtime_cli/stats_print.h"

#include "base/json.h"
#include "base/text.h"

#define U(value) ((unsigned long long)(value))

static void usage(struct buf *out, const char *name, const struct cgroup_usage *usage)
{
	buf_printf(out, "\"%s\":{\"limit\":%llu,\"usage\":%llu,\"max\":%llu,\"failcnt\":%llu}", name, U(usage->limit),
		   U(usage->usage), U(usage->max_usage), U(usage->failures));
}

static void pressure_line(struct buf *out, const char *name, const struct cgroup_pressure_line *line)
{
	buf_printf(out, "\"%s\":{\"data\":{\"avg10\":%.2f,\"avg60\":%.2f,\"avg300\":%.2f,\"total\":%llu}}", name,
		   line->avg10, line->avg60, line->avg300, U(line->total_us));
}

static void pressure(struct buf *out, const struct cgroup_pressure *pressure)
{
	if (!pressure->has)
		return;
	buf_text(out, ",\"psi\":{");
	pressure_line(out, "some", &pressure->some);
	buf_char(out, ',');
	pressure_line(out, "full", &pressure->full);
	buf_char(out, '}');
}

static void cpu(struct buf *out, const struct cgroup_cpu_stats *cpu)
{
	buf_printf(out, "\"cpu\":{\"usage\":{\"total\":%llu", U(cpu->usage_ns));
	if (cpu->per_cpu_count > 0) {
		buf_text(out, ",\"percpu\":[");
		for (size_t i = 0; i < cpu->per_cpu_count; i++)
			buf_printf(out, "%s%llu", i ? "," : "", U(cpu->per_cpu_ns[i]));
		buf_char(out, ']');
	}
	buf_printf(out,
		   ",\"kernel\":%llu,\"user\":%llu},\"throttling\":{\"periods\":%llu,\"throttledPeriods\":%llu,"
		   "\"throttledTime\":%llu},\"burstData\":{\"burstsPeriods\":%llu,\"burstTime\":%llu}",
		   U(cpu->system_ns), U(cpu->user_ns), U(cpu->periods), U(cpu->throttled_periods), U(cpu->throttled_ns),
		   U(cpu->bursts), U(cpu->burst_ns));
	pressure(out, &cpu->pressure);
	buf_char(out, '}');
}

static void memory(struct buf *out, const struct cgroup_memory_stats *memory)
{
	buf_printf(out, "\"memory\":{\"cache\":%llu,", U(memory->cache));
	usage(out, "usage", &memory->memory);
	buf_char(out, ',');
	usage(out, "swap", &memory->swap);
	buf_char(out, ',');
	usage(out, "kernel", &memory->kernel);
	buf_char(out, ',');
	usage(out, "kernelTCP", &memory->tcp);
	buf_text(out, ",\"raw\":{");
	for (size_t i = 0; i < memory->raw_count; i++) {
		buf_text(out, i ? "," : "");
		json_encode_string(out, memory->raw[i].name);
		buf_printf(out, ":%llu", U(memory->raw[i].value));
	}
	buf_char(out, '}');
	pressure(out, &memory->pressure);
	buf_char(out, '}');
}

static void block(struct buf *out, const struct cgroup_stats *stats)
{
	static const struct {
		enum cgroup_block_kind kind;
		const char *name;
	} rows[] = {
	    {CGROUP_BLOCK_BYTES, "ioServiceBytesRecursive"}, {CGROUP_BLOCK_COUNT, "ioServicedRecursive"},
	    {CGROUP_BLOCK_QUEUED, "ioQueueRecursive"},	     {CGROUP_BLOCK_TIME, "ioServiceTimeRecursive"},
	    {CGROUP_BLOCK_WAIT, "ioWaitTimeRecursive"},	     {CGROUP_BLOCK_MERGED, "ioMergedRecursive"},
	    {CGROUP_BLOCK_SECTORS, "sectorsRecursive"},
	};
	bool any = false;
	buf_text(out, "\"blkio\":{");
	for (size_t row = 0; row < array_size(rows); row++) {
		bool open = false;
		for (size_t i = 0; i < stats->block_count; i++) {
			const struct cgroup_block_stats *at = &stats->block[i];
			if (at->kind != rows[row].kind)
				continue;
			if (open)
				buf_char(out, ',');
			else
				buf_printf(out, "%s\"%s\":[", any ? "," : "", rows[row].name);
			buf_printf(out, "{\"major\":%llu,\"minor\":%llu,\"op\":\"%s\",\"value\":%llu}", U(at->major),
				   U(at->minor), at->op, U(at->value));
			open = any = true;
		}
		if (open)
			buf_char(out, ']');
	}
	buf_char(out, '}');
}

static void hugetlb(struct buf *out, const struct cgroup_stats *stats)
{
	buf_text(out, "\"hugetlb\":{");
	for (size_t i = 0; i < stats->hugetlb_count; i++) {
		const struct cgroup_hugetlb_stats *at = &stats->hugetlb[i];
		buf_printf(out, "%s\"%s\":{\"usage\":%llu,\"max\":%llu,\"failcnt\":%llu}", i ? "," : "", at->size,
			   U(at->usage.usage), U(at->usage.max_usage), U(at->usage.failures));
	}
	buf_char(out, '}');
}

void stats_print(const struct cgroup_stats *stats, struct buf *out)
{
	buf_char(out, '{');
	cpu(out, &stats->cpu);
	buf_char(out, ',');
	memory(out, &stats->memory);
	/* No limit is 0 here, as runc has it. */
	buf_printf(out, ",\"pids\":{\"current\":%llu,\"limit\":%llu},", U(stats->pids.current),
		   U(stats->pids.limit == CGROUP_NO_LIMIT ? 0 : stats->pids.limit));
	block(out, stats);
	buf_char(out, ',');
	hugetlb(out, stats);
	buf_text(out, ",\"intel_rdt\":{},\"network_interfaces\":null}");
}
