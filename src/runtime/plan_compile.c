#include "runtime/plan_compile.h"

#include "base/text.h"
#include "runtime/cgroup_compile.h"
#include "runtime/plan_parts.h"

#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

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
		if (!device->path || device->path[0] != '/')
			return err_set(err, EINVAL, "linux: devices: [%zu]: path: not an absolute path", i);
		if (!type || !strchr("cbup", type))
			return err_set(err, EINVAL, "linux: devices: [%zu]: type: \"%s\" is none of c, b, u, p", i,
				       device->type ? device->type : "");
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

/* --- namespaces --- */

static const struct {
	const char *type;
	uint64_t flag;
} namespace_rows[] = {{"mount", CLONE_NEWNS},  {"pid", CLONE_NEWPID},  {"network", CLONE_NEWNET},
		      {"uts", CLONE_NEWUTS},   {"ipc", CLONE_NEWIPC},  {"cgroup", CLONE_NEWCGROUP},
		      {"user", CLONE_NEWUSER}, {"time", CLONE_NEWTIME}};

uint64_t plan_namespace_flag(const char *type)
{
	for (size_t i = 0; type && i < array_size(namespace_rows); i++) {
		if (text_equal(namespace_rows[i].type, type))
			return namespace_rows[i].flag;
	}
	return 0;
}

static int namespaces_compile(struct arena *arena, const struct oci_linux *part, const struct plan_options *options,
			      struct plan *plan, struct err *err)
{
	uint64_t seen = 0;
	int32_t slot = options->namespace_slot;
	plan->joins = arena_array(arena, struct plan_join, part->namespaces.count + 1);
	for (size_t i = 0; i < part->namespaces.count; i++) {
		const struct oci_namespace *space = &part->namespaces.items[i];
		uint64_t flag = plan_namespace_flag(space->type);
		if (!flag)
			return err_set(err, EINVAL, "linux: namespaces: [%zu]: type: invalid namespace type \"%s\"", i,
				       space->type ? space->type : "");
		if (seen & flag)
			return err_set(err, EINVAL, "linux: namespaces: [%zu]: malformed spec file: duplicated ns %s",
				       i, space->type);
		seen |= flag;
		if (!text_empty(space->path)) {
			if (space->path[0] != '/')
				return err_set(err, EINVAL, "linux: namespaces: [%zu]: path: not an absolute path", i);
			plan->joins[plan->join_count++] = (struct plan_join){flag, slot++};
		} else if (flag == CLONE_NEWNET && options->network_slot != PLAN_SLOT_NONE) {
			plan->joins[plan->join_count++] = (struct plan_join){flag, options->network_slot};
		} else {
			plan->namespaces |= flag;
		}
	}
	/* Without one what is mounted is mounted on the host, below the root file system: as with runc. */
	if (!(seen & CLONE_NEWNS) &&
	    ((part->masked_paths && part->masked_paths[0]) || (part->readonly_paths && part->readonly_paths[0])))
		return err_set(err, EINVAL,
			       "linux: maskedPaths, readonlyPaths: unable to restrict sys entries without a private "
			       "MNT namespace");
	return 0;
}

struct plan_id_range *plan_ranges_compile(struct arena *arena, const struct oci_id_mapping *items, size_t count)
{
	struct plan_id_range *ranges = arena_array(arena, struct plan_id_range, count + 1);
	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct plan_id_range){items[i].container_id, items[i].host_id, items[i].size};
	return ranges;
}

static int user_namespace_compile(struct arena *arena, const struct oci_linux *part, struct plan *plan, struct err *err)
{
	plan->uids = plan_ranges_compile(arena, part->uid_mappings.items, part->uid_mappings.count);
	plan->gids = plan_ranges_compile(arena, part->gid_mappings.items, part->gid_mappings.count);
	plan->uid_count = part->uid_mappings.count;
	plan->gid_count = part->gid_mappings.count;
	if (plan->namespaces & CLONE_NEWUSER && (plan->uid_count == 0 || plan->gid_count == 0))
		return err_set(err, EINVAL, "linux: uidMappings, gidMappings: a new user namespace needs both");
	if (!plan_has_own(plan, CLONE_NEWUSER) && (plan->uid_count > 0 || plan->gid_count > 0))
		return err_set(err, EINVAL,
			       "linux: uidMappings: user namespace mappings specified, but user namespace isn't "
			       "enabled in the config");
	return 0;
}

static int time_compile(const struct oci_linux *part, struct plan *plan, struct err *err)
{
	const struct oci_time_offsets *offsets = part->time_offsets;
	if (!offsets)
		return 0;
	if (!(plan->namespaces & CLONE_NEWTIME))
		return err_set(err, EINVAL,
			       "linux: timeOffsets: time namespace offsets specified, but time namespace isn't enabled "
			       "in the config");
	plan->has_time_offsets = true;
	if (offsets->boottime) {
		plan->boottime_s = offsets->boottime->secs;
		plan->boottime_ns = offsets->boottime->nanosecs;
	}
	if (offsets->monotonic) {
		plan->monotonic_s = offsets->monotonic->secs;
		plan->monotonic_ns = offsets->monotonic->nanosecs;
	}
	return 0;
}

/* --- the whole --- */

static int names_compile(const struct oci_spec *spec, struct plan *plan, struct err *err)
{
	bool own = plan_has_own(plan, CLONE_NEWUTS);
	plan->hostname = text_empty(spec->hostname) ? NULL : spec->hostname;
	plan->domainname = text_empty(spec->domainname) ? NULL : spec->domainname;
	if (!own && plan->hostname)
		return err_set(err, EINVAL, "hostname: unable to set hostname without a private UTS namespace");
	if (!own && plan->domainname)
		return err_set(err, EINVAL, "domainname: unable to set domainname without a private UTS namespace");
	return 0;
}

static int root_compile(const struct oci_spec *spec, const struct plan_options *options, struct plan *plan,
			struct err *err)
{
	const struct oci_linux *part = spec->linux_part;
	plan->rootfs = (char *)options->rootfs;
	plan->lower = (char **)(void *)options->lower;
	plan->upper = (char *)options->upper;
	plan->work = (char *)options->work;
	plan->overlay_volatile = options->overlay_volatile;
	plan->no_pivot = options->no_pivot;
	plan->root_readonly = spec->root && spec->root->readonly;
	plan->mount_label = text_empty(part->mount_label) ? NULL : part->mount_label;
	plan->masked = part->masked_paths;
	plan->readonly = part->readonly_paths;
	if (text_empty(part->rootfs_propagation))
		return 0;
	plan->root_propagation = plan_propagation(part->rootfs_propagation);
	if (!plan->root_propagation)
		return err_set(err, EINVAL, "linux: rootfsPropagation: unknown value \"%s\"", part->rootfs_propagation);
	return 0;
}

static int hooks_compile(struct arena *arena, const struct oci_hook *hooks, size_t count, const char *what,
			 struct plan_hook **out_hooks, struct err *err)
{
	struct plan_hook *list = arena_array(arena, struct plan_hook, count + 1);
	for (size_t i = 0; i < count; i++) {
		int rc = plan_hook_compile(arena, &hooks[i], &list[i], err);
		if (rc < 0)
			return err_wrap(err, "hooks: %s: [%zu]", what, i);
	}
	*out_hooks = list;
	return 0;
}

/* All are judged before anything is done; those that run inside become a part of the plan. */
static int all_hooks_compile(struct arena *arena, const struct oci_hooks *hooks, struct plan *plan, struct err *err)
{
	struct plan_hook *outside; /* compiled again by who runs it, from the state */
	const struct {
		const char *name;
		const struct oci_hook *items;
		size_t count;
		struct plan_hook **out_hooks;
	} rows[] = {
	    {"prestart", hooks->prestart.items, hooks->prestart.count, &outside},
	    {"createRuntime", hooks->create_runtime.items, hooks->create_runtime.count, &outside},
	    {"createContainer", hooks->create_container.items, hooks->create_container.count, &plan->create_hooks},
	    {"startContainer", hooks->start_container.items, hooks->start_container.count, &plan->start_hooks},
	    {"poststart", hooks->poststart.items, hooks->poststart.count, &outside},
	    {"poststop", hooks->poststop.items, hooks->poststop.count, &outside},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		int rc = hooks_compile(arena, rows[i].items, rows[i].count, rows[i].name, rows[i].out_hooks, err);
		if (rc < 0)
			return rc;
	}
	plan->create_hook_count = hooks->create_container.count;
	plan->start_hook_count = hooks->start_container.count;
	plan->host_steps = hooks->prestart.count > 0 || hooks->create_runtime.count > 0 ||
			   plan->create_hook_count > 0 || plan->start_hook_count > 0;
	return 0;
}

int plan_hook_compile(struct arena *arena, const struct oci_hook *hook, struct plan_hook *out_hook, struct err *err)
{
	if (!hook->path || hook->path[0] != '/')
		return err_set(err, EINVAL, "path: not an absolute path");
	if (hook->timeout && *hook->timeout <= 0)
		return err_set(err, EINVAL, "timeout: must be greater than zero");
	char **argv = hook->args;
	if (!argv || !argv[0]) {
		argv = arena_array(arena, char *, 2);
		argv[0] = hook->path;
	}
	*out_hook = (struct plan_hook){
	    .path = hook->path, .argv = argv, .env = hook->env, .timeout_s = hook->timeout ? *hook->timeout : 0};
	return 0;
}

/* As the kernel judges them (dev_valid_name). */
static bool device_name_is_valid(const char *name)
{
	return *name && strlen(name) < IF_NAMESIZE && !text_equal(name, ".") && !text_equal(name, "..") &&
	       !strpbrk(name, "/: \t\n\v\f\r");
}

static int net_devices_check(const struct oci_linux *part, const struct plan *plan, struct err *err)
{
	if (part->net_devices.count > 0 && !plan_has_own(plan, CLONE_NEWNET))
		return err_set(err, EINVAL,
			       "linux: netDevices: unable to move network devices without a NET namespace");
	for (size_t i = 0; i < part->net_devices.count; i++) {
		const struct oci_net_device *device = &part->net_devices.items[i];
		if (!device_name_is_valid(device->key))
			return err_set(err, EINVAL, "linux: netDevices: invalid network device name \"%.64s\"",
				       device->key);
		if (!text_empty(device->name) && !device_name_is_valid(device->name))
			return err_set(err, EINVAL,
				       "linux: netDevices: %s: name: invalid network device name \"%.64s\"",
				       device->key, device->name);
	}
	return 0;
}

static int sysctls_compile(struct arena *arena, const struct oci_linux *part, struct plan *plan, struct err *err)
{
	plan->sysctls = arena_array(arena, struct plan_setting, part->sysctl.count + 1);
	for (size_t i = 0; i < part->sysctl.count; i++) {
		const struct json_pair *pair = &part->sysctl.items[i];
		int rc = plan_sysctl_check(plan, pair->key, err);
		if (rc < 0)
			return rc;
		plan->sysctls[plan->sysctl_count++] = (struct plan_setting){(char *)"", pair->key, pair->value};
	}
	return 0;
}

static int resources_compile(struct arena *arena, const struct oci_resources *resources, enum cgroup_mode mode,
			     struct plan *plan, struct err *err)
{
	struct cgroup_settings settings;
	int rc = cgroup_compile(arena, resources, mode, &settings, err);
	if (rc < 0)
		return rc;
	plan->limits = settings.limits;
	plan->limit_count = settings.limit_count;
	plan->device_rules = settings.device_rules;
	plan->device_rule_count = settings.device_rule_count;
	return 0;
}

int plan_compile(struct arena *arena, const struct oci_spec *spec, const struct plan_options *options,
		 struct plan **out_plan, struct err *err)
{
	const struct oci_linux *part = spec->linux_part;
	struct plan *plan = arena_new(arena, struct plan);
	if (!part)
		return err_set(err, EINVAL, "linux: missing field");
	if (!spec->process)
		return err_set(err, EINVAL, "process: missing field");
	plan->cgroup = part->cgroups_path;
	int rc = namespaces_compile(arena, part, options, plan, err);
	if (rc == 0)
		rc = user_namespace_compile(arena, part, plan, err);
	if (rc == 0)
		rc = time_compile(part, plan, err);
	if (rc == 0)
		rc = names_compile(spec, plan, err);
	if (rc == 0)
		rc = root_compile(spec, options, plan, err);
	if (rc == 0)
		rc = net_devices_check(part, plan, err);
	if (rc == 0)
		rc = sysctls_compile(arena, part, plan, err);
	if (rc == 0)
		rc = plan_process_compile(arena, spec->process, options, &plan->process, err);
	if (rc == 0)
		rc = plan_attributes_compile(part, options, &plan->process, err);
	if (rc == 0)
		rc = plan_mounts_compile(arena, spec, options, plan, err);
	if (rc == 0)
		rc = devices_compile(arena, part, plan, err);
	if (rc == 0 && spec->hooks)
		rc = all_hooks_compile(arena, spec->hooks, plan, err);
	if (rc < 0)
		return rc;
	plan->host_steps = plan->host_steps || part->net_devices.count > 0 || part->intel_rdt;
	rc = resources_compile(arena, part->resources, options->cgroup_mode, plan, err);
	if (rc < 0)
		return rc;
	*out_plan = plan;
	return 0;
}
