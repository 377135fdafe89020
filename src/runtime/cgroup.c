#include "runtime/cgroup.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup_device.h"
#include "runtime/cgroup_process.h"
#include "runtime/cgroup_scope.h"
#include "runtime/cgroup_tree.h"
#include "runtime/id_map.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP UINT64_C(0x200000000)
#endif

enum { HIERARCHIES_MAX = 16, REMOVE_ROUNDS = 400, REMOVE_NAP_NS = 500000, DEPTH_MAX = 16 };

/* --- the directories of one group --- */

struct groups {
	enum cgroup_mode mode;
	int fds[HIERARCHIES_MAX]; /* by cgroup_hierarchies; -1: the host does not have it */
};

static void groups_done(struct groups *groups)
{
	cleanup_fds(groups->fds, HIERARCHIES_MAX);
}
#define auto_groups __attribute__((cleanup(groups_done))) struct groups

static int groups_open(const char *cgroup, bool make, struct groups *groups, struct err *err)
{
	struct groups opened = {.mode = cgroup_mode()};
	const char *const *names = cgroup_hierarchies(opened.mode);
	bool any = false;
	memset(opened.fds, -1, sizeof opened.fds);
	for (size_t i = 0; names[i]; i++) {
		int rc = cgroup_open(names[i], cgroup, make, &opened.fds[i], err);
		if (rc < 0 && rc != -ENOENT) {
			groups_done(&opened);
			return rc;
		}
		any = any || rc == 0;
	}
	if (!any)
		return err_set(err, ENOENT, "control group %s: not there", cgroup);
	*groups = opened;
	return 0;
}

static int groups_get(const struct groups *groups, const char *name)
{
	const char *const *names = cgroup_hierarchies(groups->mode);
	for (size_t i = 0; names[i]; i++) {
		if (text_equal(names[i], name))
			return groups->fds[i];
	}
	return -1;
}

/* --- settings --- */

/* Where the kernel has no such file: another one takes its place, or nothing does. */
static const struct {
	const char *file, *instead;
	bool scale; /* a weight of 10..1000 becomes one of 1..10000 */
} substitutes[] = {
    {"io.bfq.weight", "io.weight", true},
    {"blkio.weight", "blkio.bfq.weight", false},
    {"blkio.weight_device", "blkio.bfq.weight_device", false},
    /* Without swap accounting the limit on memory holds alone. */
    {"memory.memsw.limit_in_bytes", NULL, false},
    {"memory.swap.max", NULL, false},
};

/* "MAJOR:MINOR WEIGHT" or "WEIGHT" */
static char *weight_scale(const char *value)
{
	const char *space = strrchr(value, ' '), *digits = space ? space + 1 : value;
	struct err ignored;
	int64_t weight;
	if (number_parse(digits, 1, 10000, "weight", &weight, &ignored) < 0)
		return x_strdup(value);
	weight = weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
	return x_printf("%.*s%lld", (int)(digits - value), value, (long long)weight);
}

static int substitute_write(int dir, const struct plan_setting *setting, int rc, struct err *err)
{
	bool hugetlb_reserved = text_after(setting->file, "hugetlb.") && strstr(setting->file, ".rsvd.");
	if (hugetlb_reserved) /* kernel 5.7: reservations have limits of their own */
		return 0;
	for (size_t i = 0; i < array_size(substitutes); i++) {
		if (!text_equal(setting->file, substitutes[i].file))
			continue;
		if (!substitutes[i].instead)
			return 0;
		auto_free char *value = substitutes[i].scale ? weight_scale(setting->value) : NULL;
		return file_control(dir, substitutes[i].instead, value ? value : setting->value, err);
	}
	return rc;
}

/* A limit below what is in use. */
static int memory_in_use(int dir, const struct plan_setting *setting, struct err *err)
{
	uint64_t usage = 0, peak = 0;
	if (text_equal(setting->file, "memory.limit_in_bytes") &&
	    cgroup_read_number(dir, "memory.usage_in_bytes", &usage) &&
	    cgroup_read_number(dir, "memory.max_usage_in_bytes", &peak))
		return err_set(err, EBUSY, "unable to set memory limit to %s (current usage: %llu, peak usage: %llu)",
			       setting->value, (unsigned long long)usage, (unsigned long long)peak);
	return -EBUSY;
}

static const char *controller_of(const struct plan_setting *setting, char out_name[32])
{
	snprintf(out_name, 32, "%.*s", (int)strcspn(setting->file, "."), setting->file);
	return *setting->group ? setting->group : out_name;
}

static int setting_write(const struct groups *groups, const struct plan_setting *setting, struct err *err)
{
	int dir = groups_get(groups, setting->group);
	char name[32];
	if (dir < 0)
		return err_set(err, ENOENT, "%s: this host has no control group controller %s", setting->file,
			       controller_of(setting, name));
	int rc = file_control(dir, setting->file, setting->value, err);
	if (rc == -ENOENT)
		rc = substitute_write(dir, setting, rc, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "%s: this host has no such setting: is controller %s there?", setting->file,
			       controller_of(setting, name));
	return rc == -EBUSY ? memory_in_use(dir, setting, err) : rc;
}

/*
 * Some pairs only go in one order, which depends on what is set: memory before memory with swap, a period before its
 * quota. What the kernel finds invalid, or too small, is tried again when the others are written.
 */
static int settings_write(const struct groups *groups, const struct plan_setting *settings, size_t count,
			  struct err *err)
{
	auto_free bool *again = x_alloc(count + 1);
	for (size_t i = 0; i < count; i++) {
		int rc = setting_write(groups, &settings[i], err);
		again[i] = rc == -EINVAL || rc == -EBUSY;
		if (rc < 0 && !again[i])
			return err_wrap(err, "cgroup");
	}
	for (size_t i = 0; i < count; i++) {
		if (again[i] && setting_write(groups, &settings[i], err) < 0)
			return err_wrap(err, "cgroup: write \"%s\" to %s", settings[i].value, settings[i].file);
	}
	return 0;
}

static int devices_set(const struct groups *groups, const struct plan_setting *rules, size_t count, struct err *err)
{
	int rc = 0;
	if (count == 0)
		return 0;
	if (groups->mode == CGROUP_V2)
		rc = cgroup_device_set(groups->fds[0], rules, count, err);
	for (size_t i = 0; groups->mode == CGROUP_V1 && rc == 0 && i < count; i++)
		rc = setting_write(groups, &rules[i], err);
	/* In a user namespace that is not the first nobody may set rules, and device nodes do not open anyway. */
	if (rc == -EPERM && !id_map_is_first())
		return 0;
	return rc < 0 ? err_wrap(err, "device rules") : 0;
}

/* --- v1: cpuset --- */

/* A new cpuset group has no processors and no memory: it takes its parent's. */
static int cpuset_inherit(const char *cgroup, struct err *err)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	auto_free char *whole = x_printf("/%s", cgroup + (cgroup[0] == '/'));
	for (char *slash = strchr(whole + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = 0;
		auto_fd int child = -1;
		int rc = cgroup_open("cpuset", whole, false, &child, err);
		auto_fd int parent = rc == 0 ? openat(child, "..", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		for (size_t i = 0; rc == 0 && parent >= 0 && i < array_size(files); i++) {
			auto_buf own = BUF_INIT(0), above = BUF_INIT(0);
			rc = cgroup_read(child, files[i], &own, err);
			if (rc == 0 && own.len > 0)
				continue;
			if (rc == 0)
				rc = cgroup_read(parent, files[i], &above, err);
			if (rc == 0 && above.len > 0)
				rc = file_control(child, files[i], buf_str(&above), err);
		}
		if (rc < 0 || !slash)
			return rc;
		*slash = '/';
	}
}

/* --- v2: controllers are handed down from group to group --- */

static bool word_in(const char *list, const char *word, size_t size)
{
	for (const char *at = list; (at = strstr(at, word)); at++) {
		if ((at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0))
			return true;
	}
	return false;
}

/* A write is dear when others are at it, so only what is missing is asked for. */
static void controllers_hand_down(int dir)
{
	static const char *const wanted[] = {"cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc"};
	auto_buf there = BUF_INIT(0), given = BUF_INIT(0), all = BUF_INIT(256);
	struct err ignored;
	if (cgroup_read(dir, "cgroup.controllers", &there, &ignored) < 0 ||
	    cgroup_read(dir, "cgroup.subtree_control", &given, &ignored) < 0)
		return;
	for (size_t i = 0; i < array_size(wanted); i++) {
		size_t size = strlen(wanted[i]);
		if (word_in(buf_str(&there), wanted[i], size) && !word_in(buf_str(&given), wanted[i], size))
			buf_printf(&all, "%s+%s", all.len ? " " : "", wanted[i]);
	}
	if (all.len == 0 || file_control(dir, "cgroup.subtree_control", buf_str(&all), &ignored) == 0)
		return;
	auto_strv char **each = strv_split(buf_str(&all), ' ');
	for (char **one = each; *one; one++) {
		if (file_control(dir, "cgroup.subtree_control", *one, &ignored) < 0)
			continue; /* a limit that needs it fails by name */
	}
}

static void controllers_enable(const char *cgroup)
{
	auto_free char *whole = x_printf("/%s", cgroup + (cgroup[0] == '/'));
	struct err ignored;
	for (char *end = whole; end; end = strchr(end + 1, '/')) {
		auto_fd int dir = -1;
		*end = 0;
		if (cgroup_open("", whole, false, &dir, &ignored) == 0)
			controllers_hand_down(dir);
		*end = '/';
	}
}

/* --- create --- */

static int group_make(const char *cgroup, struct groups *groups, struct err *err)
{
	int rc = groups_open(cgroup, true, groups, err);
	if (rc < 0)
		return rc;
	if (groups->mode == CGROUP_V2)
		controllers_enable(cgroup);
	else if (groups_get(groups, "cpuset") >= 0)
		rc = cpuset_inherit(cgroup, err);
	return rc;
}

/* A process that does nothing until it is ended: a scope lives as long as something is in it. */
static pid_t holder_start(void)
{
	pid_t parent = getpid(), pid = fork();
	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (getppid() == parent)
		pause();
	_exit(0);
}

void cgroup_settle(struct cgroup_hold *hold)
{
	int status;
	if (hold->pid <= 0)
		return;
	(void)kill(hold->pid, SIGKILL);
	while (waitpid(hold->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	hold->pid = 0;
}

static int scope_make(const struct plan_scope *scope, struct cgroup_hold *hold, struct err *err)
{
	hold->pid = holder_start();
	if (hold->pid < 0)
		return err_sys(err, "fork");
	return cgroup_scope_start(scope, hold->pid, err);
}

static bool denied(int rc)
{
	return rc == -EACCES || rc == -EPERM || rc == -EROFS || rc == -ENOENT;
}

/* In words that engines and people look for. */
static int denial_name(const struct plan *plan, int rc, struct err *err)
{
	if (!plan->cgroup_optional)
		return rc == -EACCES || rc == -EPERM
			   ? err_set(err, -rc, "unable to apply cgroup configuration: make %s: permission denied",
				     plan->cgroup)
			   : err_wrap(err, "unable to apply cgroup configuration");
	const char *file = plan->limits[0].file;
	return err_set(err, -rc,
		       "cannot set %.*s limit: container could not join or create cgroup (rootless needs no limits + "
		       "no cgrouppath when no permission is granted for cgroups)",
		       (int)strcspn(file, "."), file);
}

int cgroup_create(const struct plan *plan, struct cgroup_hold *out_hold, struct err *err)
{
	auto_groups groups;
	struct cgroup_hold hold = {0};
	memset(groups.fds, -1, sizeof groups.fds);
	int rc = plan->cgroup ? 0 : err_set(err, EINVAL, "the plan names no control group");
	if (rc == 0 && plan->scope)
		rc = scope_make(plan->scope, &hold, err);
	if (rc == 0)
		rc = group_make(plan->cgroup, &groups, err);
	if (denied(rc) && plan->cgroup_optional && plan->limit_count == 0) {
		cgroup_settle(&hold);
		*out_hold = (struct cgroup_hold){.absent = true};
		return 0;
	}
	if (denied(rc))
		rc = denial_name(plan, rc, err);
	if (rc == 0)
		rc = devices_set(&groups, plan->device_rules, plan->device_rule_count, err);
	if (rc == 0)
		rc = settings_write(&groups, plan->limits, plan->limit_count, err);
	if (rc < 0)
		cgroup_settle(&hold);
	else
		*out_hold = hold;
	return rc;
}

int cgroup_update(const char *cgroup, const struct cgroup_settings *settings, struct err *err)
{
	auto_groups groups;
	uint64_t usage;
	memset(groups.fds, -1, sizeof groups.fds);
	int rc = groups_open(cgroup, false, &groups, err);
	if (rc < 0)
		return rc;
	bool v2 = groups.mode == CGROUP_V2;
	int memory = groups_get(&groups, v2 ? "" : "memory");
	if (settings->usage_max > 0 && memory >= 0 &&
	    cgroup_read_number(memory, v2 ? "memory.current" : "memory.usage_in_bytes", &usage) &&
	    usage > (uint64_t)settings->usage_max)
		return err_set(err, EBUSY, "rejecting memory limit %lld < usage %llu", (long long)settings->usage_max,
			       (unsigned long long)usage);
	rc = devices_set(&groups, settings->device_rules, settings->device_rule_count, err);
	return rc < 0 ? rc : settings_write(&groups, settings->limits, settings->limit_count, err);
}

/* --- enter --- */

pid_t cgroup_clone(const char *cgroup, uint64_t flags, bool *out_inside)
{
	struct err ignored;
	auto_fd int dir = -1;
	*out_inside = false;
	if (cgroup && cgroup_mode() == CGROUP_V2 && cgroup_open("", cgroup, false, &dir, &ignored) == 0) {
		struct clone_args args = {.flags = flags | CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
		args.cgroup = (uint64_t)dir;
		pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
		if (pid >= 0) {
			*out_inside = true;
			return pid;
		}
		/* kernel 5.7: CLONE_INTO_CGROUP; some filters refuse clone3. Whatever else it was clone says again. */
	}
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

/* Who joins a frozen v1 group cannot even be killed until it is let go. */
static int freezer_check(int dir, const char *cgroup, struct err *err)
{
	auto_buf state = BUF_INIT(0);
	struct err ignored;
	if (cgroup_read(dir, "freezer.state", &state, &ignored) == 0 && !text_equal(buf_str(&state), "THAWED"))
		return err_set(err, EBUSY, "control group %s is frozen", cgroup);
	return 0;
}

int cgroup_enter(const char *cgroup, pid_t pid, struct err *err)
{
	enum cgroup_mode mode = cgroup_mode();
	char text[24];
	snprintf(text, sizeof text, "%d", (int)pid);
	for (const char *const *name = cgroup_hierarchies(mode); *name; name++) {
		auto_fd int dir = -1;
		int rc = cgroup_open(*name, cgroup, false, &dir, err);
		if (rc == -ENOENT && mode == CGROUP_V1)
			continue;
		if (rc == 0 && text_equal(*name, "freezer"))
			rc = freezer_check(dir, cgroup, err);
		/* One thread is moved without the lock that cgroup.procs takes. */
		if (rc == 0)
			rc = file_control(dir, mode == CGROUP_V1 && pid == 0 ? "tasks" : "cgroup.procs", text, err);
		if (rc < 0)
			return err_wrap(err, "enter control group %s", cgroup);
	}
	return 0;
}

/* --- the end --- */

/* Groups that the container made below its own go first. */
static void below_remove(int dir, int depth)
{
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *entries = again >= 0 ? fdopendir(again) : NULL;
	const struct dirent *entry;
	while (entries && (entry = readdir(entries))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		auto_fd int below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && depth < DEPTH_MAX)
			below_remove(below, depth + 1);
		(void)unlinkat(dir, entry->d_name, AT_REMOVEDIR);
	}
}

static bool group_remove(const char *hierarchy, const char *cgroup)
{
	auto_free char *path = x_printf(CGROUP_ROOT "/%s/%s", hierarchy, cgroup + (cgroup[0] == '/'));
	auto_fd int dir = -1;
	struct err ignored;
	if (rmdir(path) == 0 || errno != EBUSY)
		return true;
	if (cgroup_open(hierarchy, cgroup, false, &dir, &ignored) == 0)
		below_remove(dir, 0);
	return rmdir(path) == 0 || errno != EBUSY;
}

void cgroup_remove(const char *cgroup)
{
	enum cgroup_mode mode = cgroup_mode();
	struct err ignored;
	if (!cgroup || !*cgroup || text_equal(cgroup, "/"))
		return;
	for (int round = 0; round < REMOVE_ROUNDS; round++) {
		bool gone = true;
		for (const char *const *name = cgroup_hierarchies(mode); *name; name++)
			gone = group_remove(*name, cgroup) && gone;
		if (gone)
			return;
		if (cgroup_kill(cgroup, &ignored) < 0 && ignored.code == ENOENT)
			continue;
		/* What was killed is still going. */
		nanosleep(&(struct timespec){.tv_nsec = REMOVE_NAP_NS * (round < 10 ? 1 : 10)}, NULL);
	}
}

bool cgroup_oom_killed(const char *cgroup)
{
	bool v2 = cgroup_mode() == CGROUP_V2;
	auto_fd int dir = -1;
	auto_buf text = BUF_INIT(0);
	struct err ignored;
	uint64_t kills;
	return cgroup_open(v2 ? "" : "memory", cgroup, false, &dir, &ignored) == 0 &&
	       cgroup_read(dir, v2 ? "memory.events" : "memory.oom_control", &text, &ignored) == 0 &&
	       cgroup_find_number(buf_str(&text), "oom_kill", &kills) && kills > 0;
}
