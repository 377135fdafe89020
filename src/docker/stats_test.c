#include "docker/stats.h"

#include "unit/test.h"

TEST(percent_of_a_processor)
{
	struct container_stats now = {.cpu = {.usage.total = 150, .system = 2000, .online = 2}};
	struct stats_cpu before = {.usage.total = 100, .system = 1000};
	CHECK(stats_cpu_percent(&now, &before) > 9.99 && stats_cpu_percent(&now, &before) < 10.01);
	before.system = 2000;
	CHECK(stats_cpu_percent(&now, &before) == 0);
}

static uint64_t used(const char *text, uint64_t usage)
{
	auto_arena arena = {0};
	struct container_stats stats = {.memory.usage = usage};
	struct err err;
	CHECK_OK(json_parse(&arena, text, strlen(text), "stats", &stats.memory.stats, &err));
	return stats_memory_used(&stats);
}

TEST(memory_without_what_can_go)
{
	const struct container_stats none = {.memory.usage = 5};
	CHECK_INT(used("{\"total_inactive_file\":30,\"inactive_file\":1}", 100), 70);
	CHECK_INT(used("{\"inactive_file\":30}", 100), 70);
	CHECK_INT(used("{\"inactive_file\":130}", 100), 100);
	CHECK_INT(stats_memory_used(&none), 5);
}
