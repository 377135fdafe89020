#include "runtime/cgroup.h"

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP2_MAGIC 0x63677270

enum { REMOVE_ROUNDS = 200 };

static const char *const controllers[] = {"memory", "cpu", "cpuset", "pids", "devices", "freezer", "blkio", NULL};

static bool unified(void)
{
	struct statfs info;
	return statfs(CGROUP_ROOT, &info) == 0 && info.f_type == CGROUP2_MAGIC;
}

/* The directory of one hierarchy ("" on v2), opened or made. */
static int group_open(const char *controller, const char *cgroup, bool make, int *out_fd, struct err *err)
{
	auto_free char *root = x_printf(CGROUP_ROOT "/%s", controller);
	auto_fd int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), found = -1;
	if (top < 0)
		return err_sys(err, "cgroup %s", root);
	const char *name = cgroup + (cgroup[0] == '/');
	int rc = make ? path_make_dirs(top, name, PATH_BENEATH, 0755, &found, err)
		      : path_open(top, name, PATH_BENEATH, O_PATH | O_DIRECTORY, 0, &found, err);
	if (rc < 0)
		return rc;
	*out_fd = take_fd(&found);
	return 0;
}

/* A new cpuset group has no processors and no memory: it takes its parent's. */
static int cpuset_inherit(const char *cgroup, struct err *err)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	auto_free char *whole = x_strdup(cgroup);
	for (char *slash = strchr(whole + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = 0;
		auto_fd int child = -1;
		int rc = group_open("cpuset", whole, false, &child, err);
		auto_fd int parent = rc == 0 ? openat(child, "..", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		for (size_t i = 0; rc == 0 && parent >= 0 && i < array_size(files); i++) {
			auto_buf own = BUF_INIT(4096), above = BUF_INIT(4096);
			rc = file_read(child, files[i], &own, err);
			if (rc == 0 && own.len > 1)
				continue;
			if (rc == 0)
				rc = file_read(parent, files[i], &above, err);
			if (rc == 0)
				rc = file_control(child, files[i], buf_str(&above), err);
		}
		if (rc < 0 || !slash)
			return rc;
		*slash = '/';
	}
}

static int setting_write(const char *cgroup, const struct plan_setting *setting, struct err *err)
{
	auto_fd int dir = -1;
	int rc = group_open(setting->group, cgroup, false, &dir, err);
	if (rc == 0)
		rc = file_control(dir, setting->file, setting->value, err);
	/* A kernel without swap accounting has no such file: the limit on memory holds alone. */
	if (rc == -ENOENT && text_equal(setting->file, "memory.memsw.limit_in_bytes"))
		return 0;
	return rc < 0 ? err_wrap(err, "cgroup %s: %s", cgroup, setting->file) : 0;
}

/* v1's terms in v2's. cpu.shares: the kernel's own scale. */
static int setting_write_v2(const char *cgroup, const struct plan *plan, const struct plan_setting *setting,
			    struct err *err)
{
	static const struct {
		const char *v1, *v2;
	} same[] = {{"memory.limit_in_bytes", "memory.max"},
		    {"memory.soft_limit_in_bytes", "memory.low"},
		    {"cpuset.cpus", "cpuset.cpus"},
		    {"cpuset.mems", "cpuset.mems"},
		    {"pids.max", "pids.max"}};
	struct plan_setting row = {(char *)"", NULL, setting->value};
	auto_free char *value = NULL;
	int64_t number = 0, limit = 0;
	struct err ignored;
	for (size_t i = 0; i < array_size(same); i++) {
		if (text_equal(setting->file, same[i].v1))
			row.file = (char *)same[i].v2;
	}
	if (!row.file && number_parse(setting->value, -1, INT64_MAX, setting->file, &number, &ignored) < 0)
		return 0;
	if (text_equal(setting->file, "cpu.shares")) {
		int64_t weight = 1 + (number - 2) * 9999 / 262142;
		row.file = (char *)"cpu.weight";
		value = x_printf("%lld", (long long)(weight < 1 ? 1 : weight));
	} else if (text_equal(setting->file, "cpu.cfs_quota_us")) {
		row.file = (char *)"cpu.max";
		value = number < 0 ? x_strdup("max") : x_printf("%lld", (long long)number);
		for (size_t i = 0; i < plan->limit_count; i++) {
			if (text_equal(plan->limits[i].file, "cpu.cfs_period_us")) {
				char *whole = x_printf("%s %s", value, plan->limits[i].value);
				free(value);
				value = whole;
			}
		}
	} else if (text_equal(setting->file, "memory.memsw.limit_in_bytes")) {
		for (size_t i = 0; i < plan->limit_count; i++) {
			if (text_equal(plan->limits[i].file, "memory.limit_in_bytes") &&
			    number_parse(plan->limits[i].value, 0, INT64_MAX, "memory", &limit, &ignored) < 0)
				limit = 0;
		}
		row.file = (char *)"memory.swap.max";
		value = number < 0 ? x_strdup("max") : x_printf("%lld", (long long)(number - limit));
	}
	if (!row.file)
		return 0; /* the period, which goes with the quota */
	if (value)
		row.value = value;
	return setting_write(cgroup, &row, err);
}

/* Every group above must hand its controllers down. */
static void controllers_enable(const char *cgroup)
{
	auto_free char *whole = x_strdup(cgroup);
	struct err ignored;
	char *end = whole;
	while (end) {
		auto_fd int dir = -1;
		char kept = *end;
		*end = 0;
		if (group_open("", *whole ? whole : "/.", false, &dir, &ignored) == 0 &&
		    file_control(dir, "cgroup.subtree_control", "+cpu +cpuset +memory +pids +io", &ignored) < 0) {
			static const char *const each[] = {"+cpu", "+cpuset", "+memory", "+pids", "+io"};
			for (size_t i = 0; i < array_size(each); i++) {
				if (file_control(dir, "cgroup.subtree_control", each[i], &ignored) < 0)
					continue; /* a limit that needs it fails by name */
			}
		}
		*end = kept;
		end = strchr(end + 1, '/');
	}
}

int cgroup_create(const struct plan *plan, struct err *err)
{
	auto_fd int dir = -1;
	if (unified()) {
		int rc = group_open("", plan->cgroup, true, &dir, err);
		controllers_enable(plan->cgroup);
		for (size_t i = 0; rc == 0 && i < plan->limit_count; i++)
			rc = setting_write_v2(plan->cgroup, plan, &plan->limits[i], err);
		return rc;
	}
	for (const char *const *controller = controllers; *controller; controller++) {
		auto_fd int group = -1;
		int rc = group_open(*controller, plan->cgroup, true, &group, err);
		if (rc == -ENOENT)
			continue; /* the host does not have it; a limit that needs it fails below */
		if (rc == 0 && text_equal(*controller, "cpuset"))
			rc = cpuset_inherit(plan->cgroup, err);
		if (rc < 0)
			return rc;
	}
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < plan->device_rule_count; i++) {
		rc = setting_write(plan->cgroup, &plan->device_rules[i], err);
		rc = rc == -ENOENT ? 0 : rc;
	}
	for (size_t i = 0; rc == 0 && i < plan->limit_count; i++)
		rc = setting_write(plan->cgroup, &plan->limits[i], err);
	return rc;
}

int cgroup_enter(const char *cgroup, pid_t pid, struct err *err)
{
	char text[24];
	snprintf(text, sizeof text, "%d", (int)pid);
	if (unified()) {
		auto_fd int dir = -1;
		int rc = group_open("", cgroup, false, &dir, err);
		return rc < 0 ? rc : file_control(dir, "cgroup.procs", text, err);
	}
	for (const char *const *controller = controllers; *controller; controller++) {
		auto_fd int dir = -1;
		int rc = group_open(*controller, cgroup, false, &dir, err);
		if (rc == 0)
			/* One thread is moved without the lock that cgroup.procs takes. */
			rc = file_control(dir, pid == 0 ? "tasks" : "cgroup.procs", text, err);
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	return 0;
}

/* --- the end --- */

static void group_kill(int dir)
{
	auto_buf text = BUF_INIT(1 << 20);
	struct err ignored;
	if (file_control(dir, "cgroup.kill", "1", &ignored) == 0)
		return;
	if (file_read(dir, "cgroup.procs", &text, &ignored) < 0)
		return;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	for (char **line = lines; *line; line++) {
		int64_t pid;
		if (number_parse(*line, 2, INT32_MAX, "pid", &pid, &ignored) == 0)
			(void)kill((pid_t)pid, SIGKILL);
	}
}

static void group_remove(const char *controller, const char *cgroup)
{
	auto_fd int dir = -1;
	auto_free char *path = x_printf(CGROUP_ROOT "/%s/%s", controller, cgroup + (cgroup[0] == '/'));
	struct err ignored;
	if (group_open(controller, cgroup, false, &dir, &ignored) < 0)
		return;
	for (int round = 0; round < REMOVE_ROUNDS && rmdir(path) < 0 && errno == EBUSY; round++) {
		group_kill(dir);
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); /* what was killed is still going */
	}
}

void cgroup_remove(const char *cgroup)
{
	if (unified()) {
		group_remove("", cgroup);
		return;
	}
	for (const char *const *controller = controllers; *controller; controller++)
		group_remove(*controller, cgroup);
}

bool cgroup_oom_killed(const char *cgroup)
{
	bool v2 = unified();
	auto_fd int dir = -1;
	auto_buf text = BUF_INIT(4096);
	struct err ignored;
	if (group_open(v2 ? "" : "memory", cgroup, false, &dir, &ignored) < 0 ||
	    file_read(dir, v2 ? "memory.events" : "memory.oom_control", &text, &ignored) < 0)
		return false;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	for (char **line = lines; *line; line++) {
		const char *count = text_after(*line, "oom_kill ");
		if (count && !text_equal(count, "0"))
			return true;
	}
	return false;
}
