#include "engine/stats.h"

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"
#include "runtime/cgroup_stats.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { PROC_FILE_MAX = 1 << 20 };

/* --- JSON values --- */

static struct json *number_value(struct arena *arena, uint64_t number)
{
	struct json *value = arena_new(arena, struct json);
	value->kind = JSON_NUMBER;
	value->text = arena_printf(arena, "%llu", (unsigned long long)number);
	return value;
}

/* --- of the machine --- */

/* The next number of a line of numbers; moves on. */
static bool number_next(char **at, uint64_t *out_number)
{
	char *word = *at + strspn(*at, " "), *end = word + strcspn(word, " \n");
	struct err ignored;
	char kept = *end;
	if (end == word)
		return false;
	*end = 0;
	bool read = number_parse_u64(word, UINT64_MAX, "number", out_number, &ignored) == 0;
	*end = kept;
	*at = end;
	return read;
}

/* user, nice, system, idle, iowait, irq, softirq: what Docker adds up. */
static uint64_t system_usage(void)
{
	enum { FIELDS = 7 };
	auto_buf text = BUF_INIT(PROC_FILE_MAX);
	struct err ignored;
	uint64_t sum = 0;
	long ticks = sysconf(_SC_CLK_TCK);
	if (file_read(AT_FDCWD, "/proc/stat", &text, &ignored) < 0 || !text_after(buf_str(&text), "cpu "))
		return 0;
	char *at = text.data + strlen("cpu ");
	uint64_t number;
	for (int i = 0; i < FIELDS && number_next(&at, &number); i++)
		sum += number;
	return ticks > 0 ? sum * (1000000000ULL / (uint64_t)ticks) : 0;
}

static uint64_t memory_total(void)
{
	struct sysinfo info;
	return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : 0;
}

/* --- of the control group --- */

static void cpu_fill(struct arena *arena, const struct cgroup_cpu_stats *cpu, struct stats_cpu *out)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	*out = (struct stats_cpu){
	    .usage = {.total = cpu->usage_ns, .kernel = cpu->system_ns, .user = cpu->user_ns},
	    .system = system_usage(),
	    .online = online > 0 ? (uint32_t)online : 1,
	    .throttling = {cpu->periods, cpu->throttled_periods, cpu->throttled_ns},
	};
	if (cpu->per_cpu_count == 0)
		return;
	struct json *list = arena_new(arena, struct json);
	list->kind = JSON_ARRAY;
	list->items = arena_array(arena, struct json *, cpu->per_cpu_count);
	for (; list->count < cpu->per_cpu_count; list->count++)
		list->items[list->count] = number_value(arena, cpu->per_cpu_ns[list->count]);
	out->usage.per_cpu = list;
}

static void memory_fill(struct arena *arena, const struct cgroup_memory_stats *memory, struct stats_memory *out)
{
	uint64_t total = memory_total();
	struct json *stats = arena_new(arena, struct json);
	stats->kind = JSON_OBJECT;
	stats->keys = arena_array(arena, const char *, memory->raw_count + 1);
	stats->items = arena_array(arena, struct json *, memory->raw_count + 1);
	for (; stats->count < memory->raw_count; stats->count++) {
		stats->keys[stats->count] = arena_strdup(arena, memory->raw[stats->count].name);
		stats->items[stats->count] = number_value(arena, memory->raw[stats->count].value);
	}
	*out = (struct stats_memory){
	    .usage = memory->memory.usage,
	    .max_usage = memory->memory.max_usage,
	    .failures = memory->memory.failures,
	    .limit = memory->memory.limit > total ? total : memory->memory.limit,
	    .stats = stats,
	};
}

static void block_fill(struct arena *arena, const struct cgroup_stats *stats, struct stats_blkio *out)
{
	out->bytes.items = arena_array(arena, struct stats_block, stats->block_count + 1);
	out->count.items = arena_array(arena, struct stats_block, stats->block_count + 1);
	for (size_t i = 0; i < stats->block_count; i++) {
		const struct cgroup_block_stats *block = &stats->block[i];
		const struct stats_block item = {block->major, block->minor, block->value,
						 arena_strdup(arena, block->op)};
		if (block->kind == CGROUP_BLOCK_BYTES)
			out->bytes.items[out->bytes.count++] = item;
		else if (block->kind == CGROUP_BLOCK_COUNT)
			out->count.items[out->count.count++] = item;
	}
}

static struct stats_pressure *pressure_of(struct arena *arena, const struct cgroup_pressure *pressure)
{
	if (!pressure->has)
		return NULL;
	struct stats_pressure *out = arena_new(arena, struct stats_pressure);
	const struct cgroup_pressure_line *some = &pressure->some, *full = &pressure->full;
	out->some = (struct stats_pressure_line){some->avg10, some->avg60, some->avg300, some->total_us};
	out->full = (struct stats_pressure_line){full->avg10, full->avg60, full->avg300, full->total_us};
	return out;
}

static void group_fill(struct arena *arena, const struct cgroup_stats *group, struct container_stats *out)
{
	struct stats_pressures pressures = {pressure_of(arena, &group->cpu.pressure),
					    pressure_of(arena, &group->memory.pressure),
					    pressure_of(arena, &group->block_pressure)};
	cpu_fill(arena, &group->cpu, &out->cpu);
	if (group->memory.has)
		memory_fill(arena, &group->memory, &out->memory);
	block_fill(arena, group, &out->blkio);
	out->pids = (struct stats_pids){group->pids.current, group->pids.limit};
	out->oom_kills = (int64_t)group->memory.oom_kills;
	if (pressures.cpu || pressures.memory || pressures.io) {
		out->pressure = arena_new(arena, struct stats_pressures);
		*out->pressure = pressures;
	}
}

/* --- of the network namespace --- */

/* "  eth0: rx_bytes packets errs drop fifo frame compressed multicast tx_bytes packets errs drop ..." */
static bool device_read(struct arena *arena, char *line, struct stats_network *out)
{
	enum { COLUMNS = 12 };
	uint64_t numbers[COLUMNS];
	char *name = line + strspn(line, " "), *colon = strrchr(name, ':'), *at = colon ? colon + 1 : NULL;
	if (!at)
		return false;
	*colon = 0;
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!number_next(&at, &numbers[i]))
			return false;
	}
	*out = (struct stats_network){
	    .key = arena_strdup(arena, name),
	    .rx_bytes = numbers[0],
	    .rx_packets = numbers[1],
	    .rx_errors = numbers[2],
	    .rx_dropped = numbers[3],
	    .tx_bytes = numbers[8],
	    .tx_packets = numbers[9],
	    .tx_errors = numbers[10],
	    .tx_dropped = numbers[11],
	};
	return !text_equal(name, "lo");
}

/* As its first process sees it: the devices of its own namespace. */
static void network_fill(const struct container *container, struct arena *arena, struct container_stats *out)
{
	auto_free char *path = x_printf("/proc/%d/net/dev", container->pid);
	auto_buf text = BUF_INIT(PROC_FILE_MAX);
	struct err ignored;
	if (text_equal(container->document.host.network_mode, "host") || file_read(AT_FDCWD, path, &text, &ignored) < 0)
		return;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	out->networks.items = arena_array(arena, struct stats_network, strv_count(lines) + 1);
	for (char **line = lines; *line; line++)
		out->networks.count += device_read(arena, *line, &out->networks.items[out->networks.count]);
}

/* --- together --- */

static char *now_text(struct arena *arena)
{
	char text[TIME_TEXT];
	time_rfc3339_short(time_wall_ns(), text);
	return arena_strdup(arena, text);
}

int engine_stats(struct engine *engine, struct arena *arena, const char *name, struct container_stats *out_stats,
		 struct err *err)
{
	struct container *container;
	struct cgroup_stats group = {0};
	struct err ignored;
	int rc = container_find(engine, name, &container, err);
	if (rc < 0)
		return rc;
	*out_stats = (struct container_stats){
	    .id = arena_strdup(arena, container->id),
	    .name = arena_printf(arena, "/%s", container->name),
	    .os_type = (char *)"linux",
	    .read = (char *)DOCKER_TIME_NEVER,
	    .preread = (char *)DOCKER_TIME_NEVER,
	};
	if (!state_is_running(container->state) || container->pid <= 0)
		return 0;
	auto_free char *cgroup = container_cgroup(container);
	/* One that ends just now is shown as one that has ended. */
	if (cgroup_stats_read(cgroup, &group, &ignored) == 0) {
		out_stats->read = now_text(arena);
		group_fill(arena, &group, out_stats);
		network_fill(container, arena, out_stats);
	}
	cgroup_stats_done(&group);
	return 0;
}
