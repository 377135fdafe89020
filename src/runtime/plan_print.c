#include "runtime/plan_print.h"

#include "base/json.h"
#include "base/text.h"
#include "security/capability.h"

#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* --- an emitter --- */

struct printer {
	struct buf *out;
	bool comma;
};

static void name(struct printer *p, const char *key)
{
	if (p->comma)
		buf_char(p->out, ',');
	p->comma = true;
	if (key) {
		json_encode_string(p->out, key);
		buf_char(p->out, ':');
	}
}

static void open_(struct printer *p, const char *key, char bracket)
{
	name(p, key);
	buf_char(p->out, bracket);
	p->comma = false;
}

static void close_(struct printer *p, char bracket)
{
	buf_char(p->out, bracket);
	p->comma = true;
}

static void text(struct printer *p, const char *key, const char *value)
{
	if (!value)
		return;
	name(p, key);
	json_encode_string(p->out, value);
}

static void texts(struct printer *p, const char *key, char *const *values)
{
	if (!values || !values[0])
		return;
	open_(p, key, '[');
	for (; *values; values++)
		text(p, NULL, *values);
	close_(p, ']');
}

static void whole(struct printer *p, const char *key, int64_t value)
{
	name(p, key);
	buf_printf(p->out, "%lld", (long long)value);
}

static void number(struct printer *p, const char *key, int64_t value)
{
	if (value != 0)
		whole(p, key, value);
}

static void flag(struct printer *p, const char *key, bool value)
{
	if (!value)
		return;
	name(p, key);
	buf_text(p->out, "true");
}

struct word {
	uint64_t bits;
	const char *name;
};

/* Names of the bits that are set; what has none is a number. */
static void words(struct printer *p, const char *key, uint64_t bits, const struct word *rows, size_t count)
{
	if (!bits)
		return;
	open_(p, key, '[');
	for (size_t i = 0; i < count; i++) {
		if (bits & rows[i].bits)
			text(p, NULL, rows[i].name);
		bits &= ~rows[i].bits;
	}
	if (bits)
		whole(p, NULL, (int64_t)bits);
	close_(p, ']');
}

static const struct word namespaces[] = {
    {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"},	 {CLONE_NEWNET, "network"}, {CLONE_NEWUTS, "uts"},
    {CLONE_NEWIPC, "ipc"},  {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWUSER, "user"},   {CLONE_NEWTIME, "time"},
};
static const struct word mount_flags[] = {
    {MS_RDONLY, "ro"},
    {MS_NOSUID, "nosuid"},
    {MS_NODEV, "nodev"},
    {MS_NOEXEC, "noexec"},
    {MS_NOATIME, "noatime"},
    {MS_RELATIME, "relatime"},
    {MS_STRICTATIME, "strictatime"},
    {MS_NODIRATIME, "nodiratime"},
    {MS_SYNCHRONOUS, "sync"},
    {MS_REMOUNT, "remount"},
    {256, "nosymfollow"},
    {MS_PRIVATE, "private"},
    {MS_SHARED, "shared"},
    {MS_SLAVE, "slave"},
    {MS_UNBINDABLE, "unbindable"},
    {MS_REC, "recursive"},
};
static const struct word attributes[] = {
    {MOUNT_ATTR_RDONLY, "ro"},
    {MOUNT_ATTR_NOSUID, "nosuid"},
    {MOUNT_ATTR_NODEV, "nodev"},
    {MOUNT_ATTR_NOEXEC, "noexec"},
    {MOUNT_ATTR__ATIME, "atime"},
    {MOUNT_ATTR_NODIRATIME, "nodiratime"},
    {MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"},
};
static const struct word plan_flags[] = {
    {PLAN_RECURSIVE, "recursive"},
    {PLAN_COPY_UP, "copy-up"},
    {PLAN_MAKE_SOURCE, "make-source"},
    {PLAN_IDMAP, "idmap"},
    {PLAN_IDMAP_RECURSIVE, "idmap-recursive"},
    {PLAN_SOURCE_LINK, "source-link"},
    {PLAN_TARGET_LINK, "target-link"},
    {PLAN_USER_PLACE, "user-place"},
};

static void ranges(struct printer *p, const char *key, const struct plan_id_range *items, size_t count)
{
	if (count == 0)
		return;
	open_(p, key, '[');
	for (size_t i = 0; i < count; i++) {
		open_(p, NULL, '[');
		whole(p, NULL, items[i].inside);
		whole(p, NULL, items[i].outside);
		whole(p, NULL, items[i].size);
		close_(p, ']');
	}
	close_(p, ']');
}

/* --- parts --- */

static void mounts(struct printer *p, const struct plan *plan)
{
	static const char *const kinds[] = {"new", "bind", "cgroup", "secret"};
	open_(p, "mounts", '[');
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct plan_mount *mount = &plan->mounts[i];
		open_(p, NULL, '{');
		text(p, "target", mount->target);
		text(p, "kind", mount->kind < array_size(kinds) ? kinds[mount->kind] : "?");
		text(p, "type", mount->kind == PLAN_MOUNT_FS ? mount->type : NULL);
		text(p, "source", mount->kind == PLAN_MOUNT_SECRET ? NULL : mount->source);
		text(p, "data", text_empty(mount->data) ? NULL : mount->data);
		words(p, "how", mount->flags, plan_flags, array_size(plan_flags));
		words(p, "set", mount->mount_flags, mount_flags, array_size(mount_flags));
		words(p, "clear", mount->mount_clear, mount_flags, array_size(mount_flags));
		words(p, "allSet", mount->attr_set, attributes, array_size(attributes));
		words(p, "allClear", mount->attr_clear, attributes, array_size(attributes));
		words(p, "propagation", mount->propagation, mount_flags, array_size(mount_flags));
		ranges(p, "uids", mount->uids, mount->uid_count);
		ranges(p, "gids", mount->gids, mount->gid_count);
		close_(p, '}');
	}
	close_(p, ']');
}

static void devices(struct printer *p, const struct plan *plan)
{
	open_(p, "devices", '[');
	for (size_t i = 0; i < plan->device_count; i++) {
		const struct plan_device *device = &plan->devices[i];
		open_(p, NULL, '{');
		text(p, "path", device->path);
		text(p, "type", device->type == S_IFBLK ? "b" : device->type == S_IFIFO ? "p" : "c");
		whole(p, "major", device->major);
		whole(p, "minor", device->minor);
		name(p, "mode");
		buf_printf(p->out, "\"%04o\"", device->mode);
		number(p, "uid", device->uid);
		number(p, "gid", device->gid);
		close_(p, '}');
	}
	close_(p, ']');
}

static void settings(struct printer *p, const char *key, const struct plan_setting *items, size_t count)
{
	if (count == 0)
		return;
	open_(p, key, '[');
	for (size_t i = 0; i < count; i++) {
		open_(p, NULL, '{');
		text(p, "group", text_empty(items[i].group) ? NULL : items[i].group);
		text(p, "file", items[i].file);
		text(p, "value", items[i].value);
		close_(p, '}');
	}
	close_(p, ']');
}

static void hooks(struct printer *p, const char *key, const struct plan_hook *items, size_t count)
{
	if (count == 0)
		return;
	open_(p, key, '[');
	for (size_t i = 0; i < count; i++) {
		open_(p, NULL, '{');
		text(p, "path", items[i].path);
		texts(p, "argv", items[i].argv);
		texts(p, "env", items[i].env);
		number(p, "timeout", items[i].timeout_s);
		close_(p, '}');
	}
	close_(p, ']');
}

static void capabilities(struct printer *p, const char *key, uint64_t set)
{
	auto_arena arena = {0};
	texts(p, key, capability_names(&arena, set));
}

static void identity(struct printer *p, const struct plan_process *process)
{
	if (process->user) {
		text(p, "user", process->user);
		texts(p, "groups", process->groups);
	} else {
		whole(p, "uid", process->uid);
		whole(p, "gid", process->gid);
		if (process->gid_count > 0) {
			open_(p, "gids", '[');
			for (size_t i = 0; i < process->gid_count; i++)
				whole(p, NULL, process->gids[i]);
			close_(p, ']');
		}
	}
	capabilities(p, "bounding", process->bounding);
	capabilities(p, "permitted", process->permitted);
	capabilities(p, "effective", process->effective);
	capabilities(p, "inheritable", process->inheritable);
	capabilities(p, "ambient", process->ambient);
	flag(p, "noNewPrivileges", process->no_new_privileges);
	text(p, "apparmor", process->apparmor);
	text(p, "selinux", process->selinux);
	text(p, "keyring", process->keyring);
}

static void scheduler(struct printer *p, const struct plan_scheduler *scheduler)
{
	if (!scheduler->set)
		return;
	open_(p, "scheduler", '{');
	whole(p, "policy", scheduler->policy);
	number(p, "nice", scheduler->nice);
	number(p, "priority", scheduler->priority);
	number(p, "flags", (int64_t)scheduler->flags);
	number(p, "runtime", (int64_t)scheduler->runtime);
	number(p, "deadline", (int64_t)scheduler->deadline);
	number(p, "period", (int64_t)scheduler->period);
	close_(p, '}');
}

static void limits(struct printer *p, const struct plan_process *process)
{
	if (process->rlimit_count == 0)
		return;
	open_(p, "limits", '[');
	for (size_t i = 0; i < process->rlimit_count; i++) {
		open_(p, NULL, '{');
		whole(p, "resource", process->rlimits[i].resource);
		whole(p, "soft", (int64_t)process->rlimits[i].soft);
		whole(p, "hard", (int64_t)process->rlimits[i].hard);
		close_(p, '}');
	}
	close_(p, ']');
}

static void filter(struct printer *p, const struct plan_process *process)
{
	if (process->filter_count == 0)
		return;
	open_(p, "filter", '{');
	whole(p, "instructions", process->filter_count);
	number(p, "flags", process->filter_flags);
	flag(p, "listener", process->filter_notify);
	close_(p, '}');
}

static void process_print(struct printer *p, const struct plan_process *process)
{
	open_(p, "process", '{');
	texts(p, "argv", process->argv);
	texts(p, "env", process->env);
	text(p, "cwd", process->cwd);
	flag(p, "terminal", process->terminal);
	number(p, "height", process->height);
	number(p, "width", process->width);
	identity(p, process);
	name(p, "umask");
	buf_printf(p->out, "\"%04o\"", process->umask);
	if (process->has_oom_score)
		whole(p, "oomScore", process->oom_score);
	limits(p, process);
	filter(p, process);
	if (process->has_personality)
		whole(p, "personality", (int64_t)process->personality);
	scheduler(p, &process->scheduler);
	if (process->has_io_priority)
		whole(p, "ioPriority", process->io_priority);
	if (process->memory_policy.set) {
		open_(p, "memoryPolicy", '{');
		whole(p, "mode", process->memory_policy.mode);
		whole(p, "nodes", (int64_t)process->memory_policy.nodes[0]);
		close_(p, '}');
	}
	text(p, "cpusInitial", process->cpus_initial);
	text(p, "cpusFinal", process->cpus_final);
	close_(p, '}');
}

static void namespaces_print(struct printer *p, const struct plan *plan)
{
	words(p, "namespaces", plan->namespaces, namespaces, array_size(namespaces));
	if (plan->join_count > 0) {
		open_(p, "joins", '[');
		for (size_t i = 0; i < plan->join_count; i++) {
			open_(p, NULL, '{');
			words(p, "type", plan->joins[i].flag, namespaces, array_size(namespaces));
			whole(p, "slot", plan->joins[i].slot);
			close_(p, '}');
		}
		close_(p, ']');
	}
	ranges(p, "uids", plan->uids, plan->uid_count);
	ranges(p, "gids", plan->gids, plan->gid_count);
	if (plan->has_time_offsets) {
		open_(p, "timeOffsets", '{');
		whole(p, "boottime", plan->boottime_s);
		number(p, "boottimeNs", plan->boottime_ns);
		whole(p, "monotonic", plan->monotonic_s);
		number(p, "monotonicNs", plan->monotonic_ns);
		close_(p, '}');
	}
	text(p, "hostname", plan->hostname);
	text(p, "domainname", plan->domainname);
}

void plan_print(const struct plan *plan, struct buf *out)
{
	struct printer printer = {.out = out}, *p = &printer;
	open_(p, NULL, '{');
	namespaces_print(p, plan);
	text(p, "rootfs", plan->rootfs);
	texts(p, "lower", plan->lower);
	text(p, "upper", plan->upper);
	flag(p, "readonly", plan->root_readonly);
	flag(p, "noPivot", plan->no_pivot);
	words(p, "rootPropagation", plan->root_propagation, mount_flags, array_size(mount_flags));
	text(p, "mountLabel", plan->mount_label);
	mounts(p, plan);
	devices(p, plan);
	texts(p, "masked", plan->masked);
	texts(p, "readonlyPaths", plan->readonly);
	settings(p, "sysctls", plan->sysctls, plan->sysctl_count);
	hooks(p, "createHooks", plan->create_hooks, plan->create_hook_count);
	hooks(p, "startHooks", plan->start_hooks, plan->start_hook_count);
	text(p, "cgroup", plan->cgroup);
	settings(p, "limits", plan->limits, plan->limit_count);
	settings(p, "deviceRules", plan->device_rules, plan->device_rule_count);
	process_print(p, &plan->process);
	close_(p, '}');
}
