/* Groups of the host that runs the test, v1 or v2: below a group of our own, as root. */
#include "runtime/cgroup.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup_oom.h"
#include "runtime/cgroup_process.h"
#include "runtime/cgroup_stats.h"
#include "runtime/cgroup_tree.h"

#include "unit/test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

static struct err err;
static char name[64];

static bool v2(void)
{
	return cgroup_mode() == CGROUP_V2;
}

#define SETTING(group, file, value) ((struct plan_setting){(char *)(group), (char *)(file), (char *)(value)})

static void group_make(struct plan_setting *limits, size_t count, struct plan_setting *rules, size_t rule_count)
{
	struct plan plan = {.cgroup = name,
			    .limits = limits,
			    .limit_count = count,
			    .device_rules = rules,
			    .device_rule_count = rule_count};
	struct cgroup_hold hold;
	if (geteuid() != 0)
		test_skip("needs root");
	snprintf(name, sizeof name, "/tug-test-%d/group", (int)getpid());
	int rc = cgroup_create(&plan, &hold, &err);
	if (rc == -EROFS || rc == -EACCES || (rc == -ENOENT && !cgroup_exists("/")))
		test_skip("control groups cannot be made here");
	CHECK_OK(rc);
	cgroup_settle(&hold);
}

static void group_end(void)
{
	cgroup_remove(name);
	CHECK(!cgroup_exists(name));
	*strrchr(name, '/') = 0;
	cgroup_remove(name);
	CHECK(!cgroup_exists(name));
}

/* A child that is in the group does what work says, and ends with its result. */
static pid_t child_start(int (*work)(void))
{
	bool inside;
	int pair[2];
	char byte = 0;
	CHECK_INT(pipe2(pair, O_CLOEXEC), 0);
	pid_t pid = cgroup_clone(name, 0, &inside);
	CHECK(pid >= 0);
	if (pid == 0) {
		if ((!inside && cgroup_enter(name, 0, &err) < 0) || write(pair[1], &byte, 1) != 1)
			_exit(99);
		close(pair[1]);
		_exit(work());
	}
	close(pair[1]);
	CHECK_INT(read(pair[0], &byte, 1), 1);
	close(pair[0]);
	return pid;
}

static int child_end(pid_t pid)
{
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int work_wait(void)
{
	while (pause() < 0)
		continue;
	return 0;
}

static bool is_in_group(pid_t pid)
{
	auto_free pid_t *pids = NULL;
	size_t count;
	bool found = false;
	CHECK_OK(cgroup_pids(name, &pids, &count, &err));
	for (size_t i = 0; i < count; i++)
		found = found || pids[i] == pid;
	return found;
}

TEST(limits_are_written_and_updated)
{
	struct plan_setting limits[] = {SETTING("memory", "memory.limit_in_bytes", "33554432"),
					SETTING("memory", "memory.memsw.limit_in_bytes", "67108864"),
					SETTING("pids", "pids.max", "7")};
	struct plan_setting limits_v2[] = {SETTING("", "memory.max", "33554432"), SETTING("", "pids.max", "7")};
	/* Both larger than before: the second has to go first on v1. */
	struct plan_setting more[] = {SETTING("memory", "memory.limit_in_bytes", "134217728"),
				      SETTING("memory", "memory.memsw.limit_in_bytes", "268435456")};
	struct plan_setting more_v2[] = {SETTING("", "memory.max", "134217728")};
	struct cgroup_settings update = {.limits = v2() ? more_v2 : more, .limit_count = v2() ? 1 : 2};
	uint64_t value = 0;
	group_make(v2() ? limits_v2 : limits, v2() ? 2 : 3, NULL, 0);
	auto_fd int memory = -1, pids = -1;
	CHECK_OK(cgroup_open(v2() ? "" : "memory", name, false, &memory, &err));
	CHECK_OK(cgroup_open(v2() ? "" : "pids", name, false, &pids, &err));
	const char *file = v2() ? "memory.max" : "memory.limit_in_bytes";
	CHECK(cgroup_read_number(memory, file, &value));
	CHECK_INT(value, 33554432);
	CHECK(cgroup_read_number(pids, "pids.max", &value));
	CHECK_INT(value, 7);
	CHECK_OK(cgroup_update(name, &update, &err));
	CHECK(cgroup_read_number(memory, file, &value));
	CHECK_INT(value, 134217728);
	group_end();
}

TEST(a_setting_that_is_not_there_is_named)
{
	struct plan_setting limit[] = {SETTING(v2() ? "" : "memory", "memory.nosuch", "1")};
	struct cgroup_settings update = {.limits = limit, .limit_count = 1};
	group_make(NULL, 0, NULL, 0);
	CHECK_ERR(cgroup_update(name, &update, &err), ENOENT);
	CHECK_CONTAINS(err.msg, "memory.nosuch: this host has no such setting");
	limit[0] = SETTING("nosuch", "nosuch.max", "1");
	CHECK_ERR(cgroup_update(name, &update, &err), ENOENT);
	CHECK_CONTAINS(err.msg, "no control group controller nosuch");
	group_end();
}

TEST(processes_are_listed_frozen_and_killed)
{
	bool frozen;
	group_make(NULL, 0, NULL, 0);
	pid_t pid = child_start(work_wait);
	CHECK(is_in_group(pid));
	CHECK_OK(cgroup_frozen(name, &frozen, &err));
	CHECK(!frozen);
	CHECK_OK(cgroup_freeze(name, &err));
	CHECK_OK(cgroup_frozen(name, &frozen, &err));
	CHECK(frozen);
	CHECK_OK(cgroup_thaw(name, &err));
	CHECK_OK(cgroup_frozen(name, &frozen, &err));
	CHECK(!frozen);
	CHECK_OK(cgroup_freeze(name, &err));
	CHECK_OK(cgroup_kill(name, &err));
	CHECK_INT(child_end(pid), 128 + SIGKILL);
	group_end();
}

TEST(a_frozen_group_of_v1_is_not_joined)
{
	group_make(NULL, 0, NULL, 0);
	if (v2())
		test_skip("v1 only");
	CHECK_OK(cgroup_freeze(name, &err));
	CHECK_ERR(cgroup_enter(name, 0, &err), EBUSY);
	CHECK_CONTAINS(err.msg, "is frozen");
	CHECK_OK(cgroup_thaw(name, &err));
	group_end();
}

static int work_fork(void)
{
	while (getpid() > 0) {
		pid_t pid = fork();
		if (pid == 0)
			continue;
		for (int i = 0; i < 50; i++)
			sched_yield();
		if (pid > 0)
			_exit(0);
		poll(NULL, 0, 1);
	}
	return 0;
}

TEST(what_forks_all_the_time_is_killed_too)
{
	group_make(NULL, 0, NULL, 0);
	CHECK_INT(child_end(child_start(work_fork)), 0);
	CHECK_OK(cgroup_kill(name, &err));
	for (int i = 0; i < 20000; i++) {
		auto_free pid_t *pids = NULL;
		size_t count;
		CHECK_OK(cgroup_pids(name, &pids, &count, &err));
		if (count == 0)
			break;
		poll(NULL, 0, 1);
	}
	group_end();
}

TEST(removing_ends_what_is_left_also_below)
{
	group_make(NULL, 0, NULL, 0);
	auto_free char *below = x_printf(CGROUP_ROOT "/%s%s/below", v2() ? "" : "freezer", name);
	CHECK_INT(mkdir(below, 0755), 0);
	pid_t pid = child_start(work_wait);
	auto_fd int dir = open(below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[16];
	snprintf(text, sizeof text, "%d", (int)pid);
	CHECK(is_in_group(pid));
	CHECK_OK(file_control(dir, "cgroup.procs", text, &err));
	CHECK(is_in_group(pid));
	cgroup_remove(name);
	CHECK_INT(child_end(pid), 128 + SIGKILL);
	CHECK(!cgroup_exists(name));
	group_end();
}

static int work_open_devices(void)
{
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC), zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	auto_fd int full = open("/dev/full", O_RDONLY | O_CLOEXEC);
	int result = (null >= 0) | (zero >= 0) << 1 | (full >= 0) << 2;
	if (mknod("made", S_IFCHR | 0600, makedev(1, 5)) == 0)
		result |= 8;
	if (mknod("block", S_IFBLK | 0600, makedev(7, 0)) == 0)
		result |= 16;
	return result;
}

/* what the list does not name is refused by the kernel, whatever nodes there are. */
TEST(devices_are_refused_but_those_of_the_list)
{
	struct plan_setting rules[] = {SETTING("devices", "devices.deny", "a"),
				       SETTING("devices", "devices.allow", "c 1:3 rwm"),
				       SETTING("devices", "devices.allow", "c *:* m")};
	struct plan_setting more[] = {SETTING("devices", "devices.deny", "a"),
				      SETTING("devices", "devices.allow", "c 1:7 r")};
	struct plan_setting all[] = {SETTING("devices", "devices.allow", "a")};
	group_make(NULL, 0, rules, array_size(rules));
	CHECK_INT(child_end(child_start(work_open_devices)), 1 | 8);
	struct cgroup_settings update = {.device_rules = more, .device_rule_count = array_size(more)};
	CHECK_OK(cgroup_update(name, &update, &err));
	CHECK_INT(child_end(child_start(work_open_devices)), 4);
	update = (struct cgroup_settings){.device_rules = all, .device_rule_count = 1};
	CHECK_OK(cgroup_update(name, &update, &err));
	(void)unlink("made");
	CHECK_INT(child_end(child_start(work_open_devices)), 31);
	group_end();
}

static int work_eat(void)
{
	enum { SIZE = 64 << 20, PAGE = 4096 };
	volatile char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t at = 0; memory != MAP_FAILED && at < SIZE; at += PAGE)
		memory[at] = 1;
	return 0;
}

TEST(running_out_of_memory_is_told)
{
	struct plan_setting limits[] = {SETTING("memory", "memory.limit_in_bytes", "8388608"),
					SETTING("memory", "memory.memsw.limit_in_bytes", "8388608")};
	struct plan_setting limits_v2[] = {SETTING("", "memory.max", "8388608"), SETTING("", "memory.swap.max", "0")};
	struct cgroup_oom watch = CGROUP_OOM_INIT;
	group_make(v2() ? limits_v2 : limits, 2, NULL, 0);
	CHECK_OK(cgroup_oom_watch(name, &watch, &err));
	CHECK_INT(cgroup_oom_read(&watch), 0);
	CHECK(!cgroup_oom_killed(name));
	CHECK_INT(child_end(child_start(work_eat)), 128 + SIGKILL);
	struct pollfd ready = {.fd = watch.fd, .events = POLLIN};
	CHECK_INT(poll(&ready, 1, 20000), 1);
	CHECK_INT(cgroup_oom_read(&watch), 1);
	CHECK_INT(cgroup_oom_read(&watch), 0);
	CHECK(cgroup_oom_killed(name));
	cgroup_oom_done(&watch);
	group_end();
}

TEST(what_a_group_uses_is_counted)
{
	struct plan_setting limits[] = {SETTING("memory", "memory.limit_in_bytes", "134217728"),
					SETTING("pids", "pids.max", "7"), SETTING("cpu", "cpu.cfs_quota_us", "50000")};
	struct plan_setting limits_v2[] = {SETTING("", "memory.max", "134217728"), SETTING("", "pids.max", "7"),
					   SETTING("", "cpu.max", "50000 100000")};
	struct cgroup_stats stats = {0};
	bool inflow = false;
	group_make(v2() ? limits_v2 : limits, 3, NULL, 0);
	CHECK_INT(child_end(child_start(work_eat)), 0);
	pid_t pid = child_start(work_wait);
	CHECK(is_in_group(pid));
	CHECK_OK(cgroup_stats_read(name, &stats, &err));
	CHECK(stats.cpu.has && stats.memory.has && stats.pids.has);
	CHECK(stats.cpu.usage_ns > 0);
	CHECK_INT(stats.memory.memory.limit, 134217728);
	CHECK(stats.memory.memory.max_usage > 64 << 20 || (v2() && stats.memory.memory.max_usage == 0));
	CHECK_INT(stats.pids.current, 1);
	CHECK_INT(stats.pids.limit, 7);
	for (size_t i = 0; i < stats.memory.raw_count; i++)
		inflow = inflow || text_equal(stats.memory.raw[i].name, "inactive_file");
	CHECK(inflow);
	cgroup_stats_done(&stats);
	CHECK_OK(cgroup_kill(name, &err));
	CHECK_INT(child_end(pid), 128 + SIGKILL);
	group_end();
	CHECK_ERR(cgroup_stats_read("/tug-test-nosuch", &stats, &err), ENOENT);
}
