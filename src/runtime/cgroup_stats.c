#include "runtime/cgroup_stats.h"

#include "base/text.h"
#include "runtime/cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USER_HZ_NS = 10000000, LINES_MAX = 4096 };

/* --- text --- */

/* One more item at the end of a heap array. */
static void *item_add(void *items_pointer, size_t *count, size_t size)
{
	void **items = items_pointer;
	if (*count % 32 == 0)
		*items = x_realloc(*items, (*count + 32) * size);
	void *item = (char *)*items + *count * size;
	memset(item, 0, size);
	*count += 1;
	return item;
}

/* A file's lines; an empty list when it is not there. */
static char **lines_read(int dir, const char *file)
{
	auto_buf text = BUF_INIT(0);
	struct err ignored;
	if (dir < 0 || cgroup_read(dir, file, &text, &ignored) < 0 || text.len == 0)
		return x_alloc(sizeof(char *));
	return strv_split(buf_str(&text), '\n');
}

static uint64_t number_of(const char *text)
{
	struct err ignored;
	uint64_t value = 0;
	if (text_equal(text, "max"))
		return CGROUP_NO_LIMIT;
	return number_parse_u64(text, UINT64_MAX, "number", &value, &ignored) == 0 ? value : 0;
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static uint64_t find(const char *text, const char *key)
{
	uint64_t value = 0;
	return cgroup_find_number(text, key, &value) ? value : 0;
}

static void text_read(int dir, const char *file, struct buf *out)
{
	struct err ignored;
	if (dir < 0 || cgroup_read(dir, file, out, &ignored) < 0)
		buf_reset(out);
}

/* --- pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" --- */

static double decimal(const char *text)
{
	auto_free char *whole = x_strndup(text, strcspn(text, "."));
	const char *point = strchr(text, '.');
	double value = (double)number_of(whole), part = 0.1;
	for (const char *c = point ? point + 1 : ""; *c >= '0' && *c <= '9'; c++, part /= 10)
		value += (*c - '0') * part;
	return value;
}

static void pressure_line(const char *line, struct cgroup_pressure_line *out)
{
	auto_strv char **words = strv_split(line, ' ');
	for (char **word = words; *word; word++) {
		const char *value;
		if ((value = text_after(*word, "avg10=")))
			out->avg10 = decimal(value);
		else if ((value = text_after(*word, "avg60=")))
			out->avg60 = decimal(value);
		else if ((value = text_after(*word, "avg300=")))
			out->avg300 = decimal(value);
		else if ((value = text_after(*word, "total=")))
			out->total_us = number_of(value);
	}
}

static void pressure_read(int dir, const char *file, struct cgroup_pressure *out)
{
	auto_strv char **lines = lines_read(dir, file);
	for (char **line = lines; *line; line++) {
		bool some = text_after(*line, "some ") != NULL;
		if (!some && !text_after(*line, "full "))
			continue;
		out->has = true;
		pressure_line(*line, some ? &out->some : &out->full);
	}
}

/* --- cpu --- */

static void throttling_read(int dir, bool v2, struct cgroup_cpu_stats *out)
{
	auto_buf text = BUF_INIT(0);
	text_read(dir, "cpu.stat", &text);
	const char *stat = buf_str(&text);
	out->periods = find(stat, "nr_periods");
	out->throttled_periods = find(stat, "nr_throttled");
	out->throttled_ns = v2 ? find(stat, "throttled_usec") * 1000 : find(stat, "throttled_time");
	out->bursts = find(stat, "nr_bursts");
	out->burst_ns = v2 ? find(stat, "burst_usec") * 1000 : find(stat, "burst_time");
	if (!v2)
		return;
	out->has = text.len > 0;
	out->usage_ns = find(stat, "usage_usec") * 1000;
	out->user_ns = find(stat, "user_usec") * 1000;
	out->system_ns = find(stat, "system_usec") * 1000;
}

static void cpu_v1(const char *cgroup, struct cgroup_cpu_stats *out)
{
	auto_fd int cpu = -1, acct = -1;
	auto_buf stat = BUF_INIT(0), per_cpu = BUF_INIT(0);
	struct err ignored;
	if (cgroup_open("cpu", cgroup, false, &cpu, &ignored) == 0)
		throttling_read(cpu, false, out);
	if (cgroup_open("cpuacct", cgroup, false, &acct, &ignored) < 0)
		return;
	out->has = cgroup_read_number(acct, "cpuacct.usage", &out->usage_ns);
	text_read(acct, "cpuacct.stat", &stat);
	out->user_ns = find(buf_str(&stat), "user") * USER_HZ_NS;
	out->system_ns = find(buf_str(&stat), "system") * USER_HZ_NS;
	text_read(acct, "cpuacct.usage_percpu", &per_cpu);
	auto_strv char **words = strv_split(buf_str(&per_cpu), ' ');
	for (char **word = words; *word; word++) {
		if (text_is_digits(*word))
			*(uint64_t *)item_add(&out->per_cpu_ns, &out->per_cpu_count, sizeof(uint64_t)) =
			    number_of(*word);
	}
}

/* --- memory --- */

/* v1 says "no limit" as the largest number of pages. */
static uint64_t limit_v1(uint64_t limit)
{
	return limit >= UINT64_C(0x7ffffffffffff000) ? CGROUP_NO_LIMIT : limit;
}

static bool usage_v1(int dir, const char *prefix, struct cgroup_usage *out)
{
	auto_free char *usage = x_printf("%s.usage_in_bytes", prefix),
		       *most = x_printf("%s.max_usage_in_bytes", prefix);
	auto_free char *limit = x_printf("%s.limit_in_bytes", prefix), *failures = x_printf("%s.failcnt", prefix);
	if (!cgroup_read_number(dir, usage, &out->usage))
		return false;
	(void)cgroup_read_number(dir, most, &out->max_usage);
	(void)cgroup_read_number(dir, failures, &out->failures);
	if (cgroup_read_number(dir, limit, &out->limit))
		out->limit = limit_v1(out->limit);
	return true;
}

static void memory_stat_read(int dir, bool v2, struct cgroup_memory_stats *out)
{
	auto_buf text = BUF_INIT(0);
	text_read(dir, "memory.stat", &text);
	const char *stat = buf_str(&text);
	out->cache = find(stat, v2 ? "file" : out->hierarchy ? "total_cache" : "cache");
	out->shared = find(stat, v2 ? "shmem" : out->hierarchy ? "total_shmem" : "shmem");
	out->inactive_file = find(stat, v2 ? "inactive_file" : "total_inactive_file");
	auto_strv char **lines = strv_split(stat, '\n');
	for (char **line = lines; *line && out->raw_count < LINES_MAX; line++) {
		char *space = strchr(*line, ' ');
		if (!space)
			continue;
		*space = 0;
		struct cgroup_pair *pair = item_add(&out->raw, &out->raw_count, sizeof *pair);
		copy(pair->name, sizeof pair->name, *line);
		pair->value = number_of(space + 1);
	}
}

static void memory_v1(const char *cgroup, struct cgroup_memory_stats *out)
{
	auto_fd int dir = -1;
	auto_buf control = BUF_INIT(0);
	struct err ignored;
	uint64_t hierarchy = 0;
	if (cgroup_open("memory", cgroup, false, &dir, &ignored) < 0)
		return;
	out->has = usage_v1(dir, "memory", &out->memory);
	out->has_swap = usage_v1(dir, "memory.memsw", &out->swap);
	(void)usage_v1(dir, "memory.kmem", &out->kernel);
	(void)usage_v1(dir, "memory.kmem.tcp", &out->tcp);
	out->hierarchy = cgroup_read_number(dir, "memory.use_hierarchy", &hierarchy) && hierarchy == 1;
	memory_stat_read(dir, false, out);
	text_read(dir, "memory.oom_control", &control);
	out->oom_kills = find(buf_str(&control), "oom_kill");
	out->ooms = out->memory.failures > 0 ? out->oom_kills : 0;
}

static void memory_v2(int dir, struct cgroup_memory_stats *out)
{
	auto_buf events = BUF_INIT(0);
	struct cgroup_usage *memory = &out->memory, *swap = &out->swap_only;
	out->has = cgroup_read_number(dir, "memory.current", &memory->usage);
	if (!out->has)
		return;
	out->hierarchy = true;
	(void)cgroup_read_number(dir, "memory.max", &memory->limit);
	(void)cgroup_read_number(dir, "memory.peak", &memory->max_usage);
	text_read(dir, "memory.events", &events);
	memory->failures = find(buf_str(&events), "max");
	out->ooms = find(buf_str(&events), "oom");
	out->oom_kills = find(buf_str(&events), "oom_kill");
	memory_stat_read(dir, true, out);
	pressure_read(dir, "memory.pressure", &out->pressure);
	out->has_swap = cgroup_read_number(dir, "memory.swap.current", &swap->usage);
	if (!out->has_swap)
		return;
	(void)cgroup_read_number(dir, "memory.swap.max", &swap->limit);
	(void)cgroup_read_number(dir, "memory.swap.peak", &swap->max_usage);
	/* As v1 counts it: both together. */
	out->swap.usage = memory->usage + swap->usage;
	out->swap.max_usage = memory->max_usage + swap->max_usage;
	out->swap.limit = memory->limit == CGROUP_NO_LIMIT || swap->limit == CGROUP_NO_LIMIT
			      ? CGROUP_NO_LIMIT
			      : memory->limit + swap->limit;
}

/* --- block devices --- */

static void block_add(struct cgroup_stats *out, enum cgroup_block_kind kind, const char *device, const char *op,
		      uint64_t value)
{
	const char *colon = strchr(device, ':');
	if (!colon)
		return;
	auto_free char *major = x_strndup(device, (size_t)(colon - device));
	struct cgroup_block_stats *row = item_add(&out->block, &out->block_count, sizeof *row);
	row->kind = kind;
	row->major = number_of(major);
	row->minor = number_of(colon + 1);
	row->value = value;
	copy(row->op, sizeof row->op, op);
}

/* "8:0 rbytes=90112 wbytes=0 rios=22 wios=0 dbytes=0 dios=0" */
static void block_v2(int dir, struct cgroup_stats *out)
{
	static const struct {
		const char *key, *op;
		enum cgroup_block_kind kind;
	} rows[] = {
	    {"rbytes=", "Read", CGROUP_BLOCK_BYTES},	{"wbytes=", "Write", CGROUP_BLOCK_BYTES},
	    {"dbytes=", "Discard", CGROUP_BLOCK_BYTES}, {"rios=", "Read", CGROUP_BLOCK_COUNT},
	    {"wios=", "Write", CGROUP_BLOCK_COUNT},	{"dios=", "Discard", CGROUP_BLOCK_COUNT},
	};
	auto_strv char **lines = lines_read(dir, "io.stat");
	out->has_block = faccessat(dir, "io.stat", F_OK, 0) == 0;
	for (char **line = lines; *line; line++) {
		auto_strv char **words = strv_split(*line, ' ');
		for (size_t i = 0; i < array_size(rows); i++) {
			for (char **word = words + 1; *words && *word; word++) {
				const char *value = text_after(*word, rows[i].key);
				if (value)
					block_add(out, rows[i].kind, words[0], rows[i].op, number_of(value));
			}
		}
	}
	pressure_read(dir, "io.pressure", &out->block_pressure);
}

/* "8:0 Read 4096"; the sum "Total 4096" has no device. */
static void block_v1_file(int dir, const char *file, enum cgroup_block_kind kind, struct cgroup_stats *out)
{
	auto_strv char **lines = lines_read(dir, file);
	for (char **line = lines; *line; line++) {
		auto_strv char **words = strv_split(*line, ' ');
		if (strv_count(words) == 3)
			block_add(out, kind, words[0], words[1], number_of(words[2]));
		else if (strv_count(words) == 2 && kind == CGROUP_BLOCK_SECTORS)
			block_add(out, kind, words[0], "", number_of(words[1]));
	}
}

static void block_v1(const char *cgroup, struct cgroup_stats *out)
{
	static const struct {
		const char *bfq, *other;
		enum cgroup_block_kind kind;
	} rows[] = {
	    {"blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive", CGROUP_BLOCK_BYTES},
	    {"blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive", CGROUP_BLOCK_COUNT},
	    {"blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive", CGROUP_BLOCK_QUEUED},
	    {"blkio.bfq.io_service_time_recursive", "blkio.io_service_time_recursive", CGROUP_BLOCK_TIME},
	    {"blkio.bfq.io_wait_time_recursive", "blkio.io_wait_time_recursive", CGROUP_BLOCK_WAIT},
	    {"blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive", CGROUP_BLOCK_MERGED},
	    {"blkio.bfq.sectors_recursive", "blkio.sectors_recursive", CGROUP_BLOCK_SECTORS},
	};
	auto_fd int dir = -1;
	struct err ignored;
	if (cgroup_open("blkio", cgroup, false, &dir, &ignored) < 0)
		return;
	out->has_block = true;
	for (size_t i = 0; i < array_size(rows); i++) {
		size_t before = out->block_count;
		block_v1_file(dir, rows[i].bfq, rows[i].kind, out);
		if (out->block_count == before) /* no device runs bfq */
			block_v1_file(dir, rows[i].other, rows[i].kind, out);
	}
}

/* --- the rest --- */

static void hugetlb_read(int dir, bool v2, struct cgroup_stats *out)
{
	int again = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *entries = again >= 0 ? fdopendir(again) : NULL;
	const struct dirent *entry;
	while (entries && (entry = readdir(entries))) {
		const char *size = text_after(entry->d_name, "hugetlb.");
		const char *rest = size ? strchr(size, '.') : NULL;
		if (!rest || !text_equal(rest, v2 ? ".current" : ".usage_in_bytes"))
			continue;
		struct cgroup_hugetlb_stats *row = item_add(&out->hugetlb, &out->hugetlb_count, sizeof *row);
		snprintf(row->size, sizeof row->size, "%.*s", (int)(rest - size), size);
		auto_free char *prefix = x_printf("hugetlb.%s", row->size);
		if (!v2) {
			(void)usage_v1(dir, prefix, &row->usage);
			continue;
		}
		auto_free char *limit = x_printf("%s.max", prefix), *events = x_printf("%s.events", prefix);
		auto_buf text = BUF_INIT(0);
		(void)cgroup_read_number(dir, entry->d_name, &row->usage.usage);
		(void)cgroup_read_number(dir, limit, &row->usage.limit);
		text_read(dir, events, &text);
		row->usage.failures = find(buf_str(&text), "max");
	}
}

static struct cgroup_rdma_stats *rdma_row(struct cgroup_stats *out, const char *device)
{
	for (size_t i = 0; i < out->rdma_count; i++) {
		if (text_equal(out->rdma[i].device, device))
			return &out->rdma[i];
	}
	struct cgroup_rdma_stats *row = item_add(&out->rdma, &out->rdma_count, sizeof *row);
	copy(row->device, sizeof row->device, device);
	return row;
}

/* "mlx4_0 hca_handle=2 hca_object=2000" in rdma.current and rdma.max */
static void rdma_read(int dir, bool limits, struct cgroup_stats *out)
{
	auto_strv char **lines = lines_read(dir, limits ? "rdma.max" : "rdma.current");
	for (char **line = lines; *line; line++) {
		auto_strv char **words = strv_split(*line, ' ');
		for (char **word = words + 1; **words && *word; word++) {
			const char *handles = text_after(*word, "hca_handle="),
				   *objects = text_after(*word, "hca_object=");
			struct cgroup_rdma_stats *row = rdma_row(out, words[0]);
			if (handles)
				*(limits ? &row->handles_limit : &row->handles) = number_of(handles);
			if (objects)
				*(limits ? &row->objects_limit : &row->objects) = number_of(objects);
		}
	}
}

/* "NAME NUMBER" in misc.current, misc.max, "NAME.max NUMBER" in misc.events */
static void misc_read(int dir, struct cgroup_stats *out)
{
	auto_buf limits = BUF_INIT(0), events = BUF_INIT(0);
	auto_strv char **lines = lines_read(dir, "misc.current");
	text_read(dir, "misc.max", &limits);
	text_read(dir, "misc.events", &events);
	for (char **line = lines; *line; line++) {
		char *space = strchr(*line, ' ');
		if (!space)
			continue;
		*space = 0;
		auto_free char *event = x_printf("%s.max", *line);
		struct cgroup_misc_stats *row = item_add(&out->misc, &out->misc_count, sizeof *row);
		copy(row->resource, sizeof row->resource, *line);
		row->usage = number_of(space + 1);
		row->limit = find(buf_str(&limits), *line);
		row->events = find(buf_str(&events), event);
	}
}

static void pids_read(int dir, struct cgroup_pids_stats *out)
{
	out->has = dir >= 0 && cgroup_read_number(dir, "pids.current", &out->current);
	if (out->has)
		(void)cgroup_read_number(dir, "pids.max", &out->limit);
}

/* --- all of it --- */

static void read_v1(const char *cgroup, struct cgroup_stats *out)
{
	auto_fd int pids = -1, hugetlb = -1, rdma = -1, misc = -1;
	struct err ignored;
	cpu_v1(cgroup, &out->cpu);
	memory_v1(cgroup, &out->memory);
	block_v1(cgroup, out);
	if (cgroup_open("pids", cgroup, false, &pids, &ignored) == 0)
		pids_read(pids, &out->pids);
	if (cgroup_open("hugetlb", cgroup, false, &hugetlb, &ignored) == 0)
		hugetlb_read(hugetlb, false, out);
	if (cgroup_open("rdma", cgroup, false, &rdma, &ignored) == 0) {
		rdma_read(rdma, false, out);
		rdma_read(rdma, true, out);
	}
	if (cgroup_open("misc", cgroup, false, &misc, &ignored) == 0)
		misc_read(misc, out);
}

static void read_v2(int dir, struct cgroup_stats *out)
{
	throttling_read(dir, true, &out->cpu);
	pressure_read(dir, "cpu.pressure", &out->cpu.pressure);
	memory_v2(dir, &out->memory);
	pids_read(dir, &out->pids);
	block_v2(dir, out);
	hugetlb_read(dir, true, out);
	rdma_read(dir, false, out);
	rdma_read(dir, true, out);
	misc_read(dir, out);
}

int cgroup_stats_read(const char *cgroup, struct cgroup_stats *out_stats, struct err *err)
{
	struct cgroup_stats stats = {0};
	auto_fd int dir = -1;
	int rc = cgroup_open_main(cgroup, &dir, err);
	if (rc < 0)
		return rc;
	if (cgroup_mode() == CGROUP_V2)
		read_v2(dir, &stats);
	else
		read_v1(cgroup, &stats);
	*out_stats = stats;
	return 0;
}

void cgroup_stats_done(struct cgroup_stats *stats)
{
	free(stats->cpu.per_cpu_ns);
	free(stats->memory.raw);
	free(stats->block);
	free(stats->hugetlb);
	free(stats->rdma);
	free(stats->misc);
	*stats = (struct cgroup_stats){0};
}
