#include "runtime/plan_compile.h"

#include "base/text.h"
#include "security/capability.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

/* --- process --- */

static const struct {
	const char *name;
	uint32_t resource;
} rlimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},		{"RLIMIT_CORE", RLIMIT_CORE},	      {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},	{"RLIMIT_FSIZE", RLIMIT_FSIZE},	      {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}, {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},	{"RLIMIT_NPROC", RLIMIT_NPROC},	      {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},	{"RLIMIT_RTTIME", RLIMIT_RTTIME},     {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

static int rlimits_compile(struct arena *arena, const struct oci_process *process, struct plan_process *plan,
			   struct err *err)
{
	plan->rlimits = arena_array(arena, struct plan_rlimit, process->rlimits.count + 1);
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct oci_rlimit *limit = &process->rlimits.items[i];
		size_t at = 0;
		while (at < array_size(rlimits) && !text_equal(rlimits[at].name, limit->type))
			at++;
		if (at == array_size(rlimits))
			return err_set(err, EINVAL, "process: rlimits: [%zu]: type: unknown limit %s", i, limit->type);
		plan->rlimits[plan->rlimit_count++] =
		    (struct plan_rlimit){rlimits[at].resource, limit->soft, limit->hard};
	}
	return 0;
}

int plan_process_compile(struct arena *arena, const struct oci_process *process, const struct plan_options *options,
			 struct plan_process *out_process, struct err *err)
{
	struct plan_process plan = {
	    .argv = process->args,
	    .env = process->env,
	    .cwd = process->cwd,
	    .user = (char *)options->user,
	    .groups = (char **)(void *)options->groups,
	    .no_new_privileges = process->no_new_privileges,
	    .terminal = process->terminal,
	    .has_oom_score = process->oom_score_adj != NULL,
	    .oom_score = process->oom_score_adj ? (int32_t)*process->oom_score_adj : 0,
	};
	if (!process->args || !process->args[0])
		return err_set(err, EINVAL, "process: args: no program");
	if (!process->cwd || process->cwd[0] != '/')
		return err_set(err, EINVAL, "process: cwd: not an absolute path");
	if (!plan.user)
		plan.user = arena_printf(arena, "%u:%u", process->user.uid, process->user.gid);
	if (process->console_size) {
		plan.height = (uint16_t)process->console_size->height;
		plan.width = (uint16_t)process->console_size->width;
	}
	if (options->filter) {
		plan.filter = options->filter->code;
		plan.filter_count = options->filter->count;
		plan.filter_flags = options->filter->flags;
	}
	int rc = 0;
	if (process->capabilities)
		rc = capability_set(process->capabilities->bounding, &plan.capabilities, err);
	if (rc == 0)
		rc = rlimits_compile(arena, process, &plan, err);
	if (rc == 0)
		*out_process = plan;
	return rc;
}

/* --- mounts --- */

static const struct {
	const char *word;
	uint64_t set, clear;
} mount_words[] = {
    {"ro", MS_RDONLY, 0},
    {"rw", 0, MS_RDONLY},
    {"nosuid", MS_NOSUID, 0},
    {"suid", 0, MS_NOSUID},
    {"nodev", MS_NODEV, 0},
    {"dev", 0, MS_NODEV},
    {"noexec", MS_NOEXEC, 0},
    {"exec", 0, MS_NOEXEC},
    {"noatime", MS_NOATIME, 0},
    {"atime", 0, MS_NOATIME},
    {"relatime", MS_RELATIME, 0},
    {"norelatime", 0, MS_RELATIME},
    {"strictatime", MS_STRICTATIME, 0},
    {"nodiratime", MS_NODIRATIME, 0},
    {"sync", MS_SYNCHRONOUS, 0},
    {"async", 0, MS_SYNCHRONOUS},
    {"nosymfollow", MS_NOSYMFOLLOW, 0},
    {"defaults", 0, 0},
};
static const struct {
	const char *word;
	uint64_t propagation;
} propagations[] = {
    {"private", MS_PRIVATE},	   {"rprivate", MS_PRIVATE | MS_REC},
    {"shared", MS_SHARED},	   {"rshared", MS_SHARED | MS_REC},
    {"slave", MS_SLAVE},	   {"rslave", MS_SLAVE | MS_REC},
    {"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE | MS_REC},
};

/* True when the word was an option of the mount itself; others are the file system's. */
static bool word_take(const char *word, struct plan_mount *mount)
{
	for (size_t i = 0; i < array_size(mount_words); i++) {
		if (!text_equal(word, mount_words[i].word))
			continue;
		mount->mount_flags = (mount->mount_flags | mount_words[i].set) & ~mount_words[i].clear;
		return true;
	}
	for (size_t i = 0; i < array_size(propagations); i++) {
		if (text_equal(word, propagations[i].word)) {
			mount->propagation = propagations[i].propagation;
			return true;
		}
	}
	if (text_equal(word, "bind") || text_equal(word, "rbind")) {
		mount->kind = PLAN_MOUNT_BIND;
		mount->flags |= text_equal(word, "rbind") ? PLAN_RECURSIVE : 0;
		return true;
	}
	if (text_equal(word, "rro")) {
		mount->mount_flags |= MS_RDONLY;
		mount->flags |= PLAN_READONLY_RECURSIVE;
		return true;
	}
	if (text_equal(word, "tugmake")) { /* the engine's: a source that is missing is made */
		mount->flags |= PLAN_MAKE_SOURCE;
		return true;
	}
	if (text_equal(word, "tuguser")) { /* the engine's: a place that a user named */
		mount->flags |= PLAN_USER_PLACE;
		return true;
	}
	if (text_after(word, "tugsubpath=")) {
		mount->subpath = (char *)text_after(word, "tugsubpath=");
		return true;
	}
	return false;
}

static int mount_compile(struct arena *arena, const struct oci_mount *mount, struct plan_mount *plan, struct err *err)
{
	auto_buf data = BUF_INIT(4096);
	*plan = (struct plan_mount){.target = mount->destination, .source = mount->source, .type = mount->type};
	if (!mount->destination || mount->destination[0] != '/')
		return err_set(err, EINVAL, "mounts: destination: not an absolute path");
	for (char **word = mount->options; word && *word; word++) {
		if (!word_take(*word, plan))
			buf_printf(&data, "%s%s", data.len ? "," : "", *word);
	}
	if (mount->type && text_equal(mount->type, "bind"))
		plan->kind = PLAN_MOUNT_BIND;
	if (mount->type && text_equal(mount->type, "cgroup"))
		plan->kind = PLAN_MOUNT_CGROUP;
	if (plan->kind == PLAN_MOUNT_BIND && (!plan->source || plan->source[0] != '/'))
		return err_set(err, EINVAL, "mounts: source of %s: not an absolute path", mount->destination);
	plan->data = arena_strdup(arena, buf_str(&data));
	return buf_check(&data, "the options of a mount", err);
}

static int mounts_compile(struct arena *arena, const struct oci_spec *spec, struct plan *plan, struct err *err)
{
	plan->mounts = arena_array(arena, struct plan_mount, spec->mounts.count + 1);
	for (size_t i = 0; i < spec->mounts.count; i++) {
		int rc = mount_compile(arena, &spec->mounts.items[i], &plan->mounts[plan->mount_count++], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int volumes_compile(struct arena *arena, const struct plan_options *options, struct plan *plan, struct err *err)
{
	plan->volumes = arena_array(arena, struct plan_mount, options->volume_count + 1);
	for (size_t i = 0; i < options->volume_count; i++) {
		int rc = mount_compile(arena, &options->volumes[i], &plan->volumes[plan->volume_count++], err);
		if (rc < 0)
			return err_wrap(err, "error while mounting volume '%s'", options->volumes[i].destination);
	}
	return 0;
}

/* --- devices --- */

static int devices_compile(struct arena *arena, const struct oci_linux *part, struct plan *plan, struct err *err)
{
	static const struct plan_device defaults[] = {
	    {(char *)"/dev/null", S_IFCHR, 1, 3, 0666, 0, 0},	 {(char *)"/dev/zero", S_IFCHR, 1, 5, 0666, 0, 0},
	    {(char *)"/dev/full", S_IFCHR, 1, 7, 0666, 0, 0},	 {(char *)"/dev/random", S_IFCHR, 1, 8, 0666, 0, 0},
	    {(char *)"/dev/urandom", S_IFCHR, 1, 9, 0666, 0, 0}, {(char *)"/dev/tty", S_IFCHR, 5, 0, 0666, 0, 0},
	};
	plan->devices = arena_array(arena, struct plan_device, part->devices.count + array_size(defaults));
	for (size_t i = 0; i < array_size(defaults); i++)
		plan->devices[plan->device_count++] = defaults[i];
	for (size_t i = 0; i < part->devices.count; i++) {
		const struct oci_device *device = &part->devices.items[i];
		struct plan_device row = {.path = device->path,
					  .mode = device->file_mode ? *device->file_mode : 0666,
					  .uid = device->uid ? *device->uid : 0,
					  .gid = device->gid ? *device->gid : 0};
		char type = device->type ? device->type[0] : 0;
		row.type = type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
		if (!device->path || device->path[0] != '/' || !type || !strchr("cbup", type))
			return err_set(err, EINVAL, "linux: devices: [%zu]: not a device", i);
		row.major = device->major ? (uint32_t)*device->major : 0;
		row.minor = device->minor ? (uint32_t)*device->minor : 0;
		size_t at = 0;
		while (at < plan->device_count && !text_equal(plan->devices[at].path, row.path))
			at++;
		plan->devices[at] = row;
		plan->device_count += at == plan->device_count;
	}
	return 0;
}

/* --- control groups: for v1 files; apply translates where the host has v2 --- */

static void limit_add(struct arena *arena, struct plan *plan, const char *group, const char *file, int64_t value)
{
	plan->limits[plan->limit_count++] =
	    (struct plan_setting){(char *)group, (char *)file, arena_printf(arena, "%lld", (long long)value)};
}

static void device_rules_compile(struct arena *arena, const struct oci_resources *resources, struct plan *plan)
{
	plan->device_rules = arena_array(arena, struct plan_setting, resources->devices.count + 1);
	for (size_t i = 0; i < resources->devices.count; i++) {
		const struct oci_device_rule *rule = &resources->devices.items[i];
		char major[24] = "*", minor[24] = "*";
		if (rule->major)
			snprintf(major, sizeof major, "%lld", (long long)*rule->major);
		if (rule->minor)
			snprintf(minor, sizeof minor, "%lld", (long long)*rule->minor);
		const char *type = rule->type ? rule->type : "a";
		plan->device_rules[plan->device_rule_count++] =
		    (struct plan_setting){(char *)"devices", (char *)(rule->allow ? "devices.allow" : "devices.deny"),
					  text_equal(type, "a") ? (char *)"a"
								: arena_printf(arena, "%s %s:%s %s", type, major, minor,
									       rule->access ? rule->access : "rwm")};
	}
}

static void resources_compile(struct arena *arena, const struct oci_resources *resources, struct plan *plan)
{
	enum { LIMITS_MAX = 16 };
	const struct oci_memory *memory = resources->memory;
	const struct oci_cpu *cpu = resources->cpu;
	plan->limits = arena_array(arena, struct plan_setting, LIMITS_MAX);
	if (memory && memory->limit)
		limit_add(arena, plan, "memory", "memory.limit_in_bytes", *memory->limit);
	if (memory && memory->reservation)
		limit_add(arena, plan, "memory", "memory.soft_limit_in_bytes", *memory->reservation);
	if (memory && memory->swap && memory->limit)
		limit_add(arena, plan, "memory", "memory.memsw.limit_in_bytes", *memory->swap);
	if (cpu && cpu->shares)
		limit_add(arena, plan, "cpu", "cpu.shares", (int64_t)*cpu->shares);
	if (cpu && cpu->period)
		limit_add(arena, plan, "cpu", "cpu.cfs_period_us", (int64_t)*cpu->period);
	if (cpu && cpu->quota)
		limit_add(arena, plan, "cpu", "cpu.cfs_quota_us", *cpu->quota);
	if (cpu && cpu->cpus)
		plan->limits[plan->limit_count++] =
		    (struct plan_setting){(char *)"cpuset", (char *)"cpuset.cpus", cpu->cpus};
	if (cpu && cpu->mems)
		plan->limits[plan->limit_count++] =
		    (struct plan_setting){(char *)"cpuset", (char *)"cpuset.mems", cpu->mems};
	if (resources->pids && resources->pids->limit && *resources->pids->limit > 0)
		limit_add(arena, plan, "pids", "pids.max", *resources->pids->limit);
	device_rules_compile(arena, resources, plan);
}

/* --- the whole --- */

static int namespaces_compile(const struct oci_linux *part, int network_slot, struct plan *plan, struct err *err)
{
	static const struct {
		const char *type;
		uint64_t flag;
	} rows[] = {{"mount", CLONE_NEWNS}, {"pid", CLONE_NEWPID}, {"network", CLONE_NEWNET},
		    {"uts", CLONE_NEWUTS},  {"ipc", CLONE_NEWIPC}, {"cgroup", CLONE_NEWCGROUP}};
	for (size_t i = 0; i < part->namespaces.count; i++) {
		const struct oci_namespace *space = &part->namespaces.items[i];
		size_t at = 0;
		while (at < array_size(rows) && !text_equal(rows[at].type, space->type ? space->type : ""))
			at++;
		if (at == array_size(rows))
			return err_set(err, EOPNOTSUPP, "linux: namespaces: %s: not supported",
				       space->type ? space->type : "?");
		plan->namespaces |= rows[at].flag;
	}
	if (!(plan->namespaces & CLONE_NEWNS))
		return err_set(err, EINVAL, "linux: namespaces: a mount namespace is needed");
	plan->network_slot = network_slot;
	if (network_slot != PLAN_SLOT_NONE)
		plan->namespaces &= ~(uint64_t)CLONE_NEWNET;
	return 0;
}

int plan_compile(struct arena *arena, const struct oci_spec *spec, const struct plan_options *options,
		 struct plan **out_plan, struct err *err)
{
	const struct oci_linux *part = spec->linux_part;
	struct plan *plan = arena_new(arena, struct plan);
	plan->lower = (char **)(void *)options->lower;
	plan->upper = (char *)options->upper;
	plan->work = (char *)options->work;
	plan->overlay_volatile = options->overlay_volatile;
	plan->root_readonly = spec->root && spec->root->readonly;
	plan->hostname = spec->hostname;
	plan->domainname = spec->domainname;
	plan->masked = part->masked_paths;
	plan->readonly = part->readonly_paths;
	plan->cgroup = part->cgroups_path;
	plan->sysctls = arena_array(arena, struct plan_setting, part->sysctl.count + 1);
	for (; plan->sysctl_count < part->sysctl.count; plan->sysctl_count++)
		plan->sysctls[plan->sysctl_count] =
		    (struct plan_setting){(char *)"", part->sysctl.items[plan->sysctl_count].key,
					  part->sysctl.items[plan->sysctl_count].value};
	int rc = namespaces_compile(part, options->network_slot, plan, err);
	if (rc == 0)
		rc = plan_process_compile(arena, spec->process, options, &plan->process, err);
	if (rc == 0)
		rc = mounts_compile(arena, spec, plan, err);
	if (rc == 0)
		rc = volumes_compile(arena, options, plan, err);
	if (rc == 0)
		rc = devices_compile(arena, part, plan, err);
	if (rc < 0)
		return rc;
	if (part->resources)
		resources_compile(arena, part->resources, plan);
	*out_plan = plan;
	return 0;
}
