#include "docker/update.h"

#include "unit/test.h"

TEST(what_is_not_said_stays)
{
	struct host_config host = {.memory = 64 << 20, .memory_swap = 128 << 20, .cpu_shares = 512};
	const struct host_config update = {.cpu_shares = 256, .restart_policy = {(char *)"always", 0}};
	struct err err;
	CHECK_OK(update_merge(&host, &update, &err));
	CHECK_INT(host.memory, 64 << 20);
	CHECK_INT(host.memory_swap, 128 << 20);
	CHECK_INT(host.cpu_shares, 256);
	CHECK_STR(host.restart_policy.name, "always");
}

TEST(what_does_not_go_together)
{
	struct host_config host = {.memory = 64 << 20, .memory_swap = 128 << 20, .nano_cpus = 1};
	struct host_config update = {.memory = 256 << 20};
	struct err err;
	CHECK_ERR(update_merge(&host, &update, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "update the memoryswap at the same time");
	CHECK_INT(host.memory, 64 << 20);
	update = (struct host_config){.cpu_quota_us = 1000};
	CHECK_ERR(update_merge(&host, &update, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "CPU Quota cannot be updated as NanoCPUs has already been set");
	host.auto_remove = true;
	update = (struct host_config){.restart_policy = {(char *)"always", 0}};
	CHECK_ERR(update_merge(&host, &update, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "AutoRemove");
}

TEST(no_limit_on_processes)
{
	int64_t limit = 50, none = -1, silent = 0;
	struct host_config host = {.pids_limit = &limit}, update = {.pids_limit = &silent};
	struct err err;
	CHECK_OK(update_merge(&host, &update, &err));
	CHECK_INT(*host.pids_limit, 50);
	update.pids_limit = &none;
	CHECK_OK(update_merge(&host, &update, &err));
	CHECK(!host.pids_limit);
}
