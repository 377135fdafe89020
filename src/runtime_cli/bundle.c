#include "runtime_cli/bundle.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/cgroup_compile.h"
#include "runtime/cgroup_scope.h"
#include "runtime/plan_compile.h"
#include "runtime_cli/rootless.h"
#include "runtime_cli/resctrl.h"
#include "security/seccomp_cache.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* No letter of an ID: it is none. */
#define SECCOMP_CACHE "@seccomp"

/* --- reading --- */

/* "1.0.0" to the newest that we know, also with what follows a "-"; of a later 1.x what is known is honoured. */
static int version_check(const char *version, struct err *err)
{
	auto_strv char **parts = strv_split(version, '.');
	bool sound = strv_count(parts) >= 3 && text_equal(parts[0], "1") && text_is_digits(parts[1]);
	sound = sound && parts[2][0] >= '0' && parts[2][0] <= '9';
	return sound ? 0
		     : err_set(err, EINVAL, "ociVersion: unsupported version \"%s\" (%s to %s are known)", version,
			       OCI_RUNTIME_VERSION_MIN, OCI_RUNTIME_VERSION);
}

static int rootfs_find(struct bundle *bundle, struct err *err)
{
	const struct oci_root *root = bundle->spec.root;
	char real[PATH_MAX];
	struct stat info;
	if (!root)
		return err_set(err, EINVAL, "root: missing field");
	if (text_empty(root->path))
		return err_set(err, EINVAL, "root: path: missing field");
	const char *path =
	    root->path[0] == '/' ? root->path : arena_printf(&bundle->arena, "%s/%s", bundle->path, root->path);
	if (!realpath(path, real) || stat(real, &info) < 0)
		return err_set(err, errno, "root: path: invalid rootfs %s: %s", path,
			       errno == ENOENT ? "no such file or directory" : strerror(errno));
	if (!S_ISDIR(info.st_mode))
		return err_set(err, ENOTDIR, "root: path: invalid rootfs %s: not a directory", path);
	if (text_equal(real, "/"))
		return err_set(err, EINVAL, "root: path: the root file system of the host");
	bundle->rootfs = arena_strdup(&bundle->arena, real);
	return 0;
}

/* A source of a bind may be relative to the bundle. */
static void sources_resolve(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->spec.mounts.count; i++) {
		struct oci_mount *mount = &bundle->spec.mounts.items[i];
		bool bind = mount->type && text_equal(mount->type, "bind");
		for (char **option = mount->options; option && *option; option++)
			bind = bind || text_equal(*option, "bind") || text_equal(*option, "rbind");
		if (bind && !text_empty(mount->source) && mount->source[0] != '/')
			mount->source = arena_printf(&bundle->arena, "%s/%s", bundle->path, mount->source);
	}
}

int bundle_load(struct bundle *bundle, const char *path, struct err *err)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	char real[PATH_MAX];
	*bundle = (struct bundle){0};
	if (!realpath(path, real))
		return err_sys(err, "bundle %s", path);
	bundle->path = arena_strdup(&bundle->arena, real);
	auto_fd int dir = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "bundle %s", path);
	int rc = file_read(dir, "config.json", &text, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "JSON specification file config.json not found in bundle %s", real);
	if (rc == 0)
		rc = json_load(&bundle->arena, &table_oci_spec, text.data, text.len, "config.json", 0, &bundle->spec,
			       err);
	if (rc == 0 && (rc = version_check(bundle->spec.oci_version, err)) < 0)
		return err_wrap(err, "config.json");
	if (rc == 0)
		rc = rootfs_find(bundle, err);
	if (rc == 0)
		sources_resolve(bundle);
	return rc;
}

/* --- compiling --- */

static int namespace_open(struct bundle *bundle, const struct oci_namespace *space, struct err *err)
{
	enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };
	if (bundle->slot_count == APPLY_SLOTS_MAX)
		return err_set(err, E2BIG, "linux: namespaces: too many");
	auto_fd int fd = open(space->path, OPEN_FLAGS);
	if (fd < 0)
		return err_sys(err, "linux: namespaces: %s: lstat %s", space->type, space->path);
	int type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0 || (uint64_t)type != plan_namespace_flag(space->type))
		return err_set(err, EINVAL, "linux: namespaces: %s: path: %s is no namespace of this type", space->type,
			       space->path);
	bundle->slots[bundle->slot_count++] = take_fd(&fd);
	return 0;
}

static int namespaces_open(struct bundle *bundle, struct err *err)
{
	const struct oci_linux *part = bundle->spec.linux_part;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < part->namespaces.count; i++) {
		const struct oci_namespace *space = &part->namespaces.items[i];
		if (!text_empty(space->path) && plan_namespace_flag(space->type))
			rc = namespace_open(bundle, space, err);
	}
	return rc;
}

int bundle_filter(struct context *context, struct arena *arena, const struct oci_seccomp *seccomp,
		  struct seccomp_filter *out_filter, bool *out_used, struct err *err)
{
	auto_fd int cache = -1;
	*out_used = false;
	if (!seccomp)
		return 0;
	if (context->root_fd >= 0) {
		(void)mkdirat(context->root_fd, SECCOMP_CACHE, 0700);
		cache = openat(context->root_fd, SECCOMP_CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	int rc = seccomp_compile_cached(arena, cache, seccomp, out_filter, err);
	*out_used = rc == 0 && out_filter->count > 0;
	return rc < 0 ? err_wrap(err, "linux: seccomp") : 0;
}

/* What is known and not honoured here is refused by its name. */
static int unsupported_check(const struct bundle *bundle, struct err *err)
{
	const struct oci_linux *part = bundle->spec.linux_part;
	auto_free char *resctrl = NULL;
	int rc = part->intel_rdt ? resctrl_root(&resctrl, err) : 0;
	if (rc == 0 && part->intel_rdt)
		rc = resctrl_check(resctrl, part->intel_rdt, err);
	if (rc < 0)
		return err_wrap(err, "linux: intelRdt");
	if (part->resources && part->resources->network &&
	    (part->resources->network->class_id || part->resources->network->priorities.count > 0) &&
	    access("/sys/fs/cgroup/net_cls", F_OK) < 0 && access("/sys/fs/cgroup/net_cls,net_prio", F_OK) < 0)
		return err_set(err, EOPNOTSUPP, "linux: resources: network: this host has no such controller");
	return 0;
}

/* What every container may use, behind the document's own rules, as with runc: making nodes, and the devices that
 * /dev always has. */
static void device_rules_add(struct bundle *bundle)
{
	static const struct {
		const char *type;
		int major, minor;
		const char *access;
	} rows[] = {
	    {"c", -1, -1, "m"}, {"b", -1, -1, "m"}, {"c", 1, 3, "rwm"}, {"c", 1, 8, "rwm"},    {"c", 1, 7, "rwm"},
	    {"c", 5, 0, "rwm"}, {"c", 1, 5, "rwm"}, {"c", 1, 9, "rwm"}, {"c", 136, -1, "rwm"}, {"c", 5, 2, "rwm"},
	};
	struct oci_resources *resources = bundle->spec.linux_part->resources;
	struct arena *arena = &bundle->arena;
	if (!resources || resources->devices.count == 0)
		return;
	size_t count = resources->devices.count;
	struct oci_device_rule *rules = arena_array(arena, struct oci_device_rule, count + array_size(rows));
	memcpy(rules, resources->devices.items, count * sizeof *rules);
	for (size_t i = 0; i < array_size(rows); i++) {
		int64_t *numbers = arena_array(arena, int64_t, 2);
		numbers[0] = rows[i].major;
		numbers[1] = rows[i].minor;
		rules[count++] = (struct oci_device_rule){.allow = true,
							  .type = (char *)rows[i].type,
							  .major = rows[i].major < 0 ? NULL : &numbers[0],
							  .minor = rows[i].minor < 0 ? NULL : &numbers[1],
							  .access = (char *)rows[i].access};
	}
	resources->devices.items = rules;
	resources->devices.count = count;
}

static int place_make(const struct context *context, struct bundle *bundle, const char *id, bool user,
		      struct cgroup_place *out_place, struct err *err)
{
	const char *path = bundle->spec.linux_part->cgroups_path;
	auto_free char *own = NULL;
	if (!context->systemd_cgroup && text_empty(path))
		path = arena_printf(&bundle->arena, "/tug-runtime-%s", id);
	int rc = context->systemd_cgroup ? cgroup_scope_root(user, &own, err) : 0;
	if (rc == 0)
		rc = cgroup_place_compile(&bundle->arena, path, id, context->systemd_cgroup, user, own ? own : "",
					  out_place, err);
	return rc;
}

/* systemd knows the limits too: it shows them, and keeps them when it writes the group's files again. */
static int scope_limits(struct bundle *bundle, struct err *err)
{
	struct plan *plan = bundle->plan;
	struct plan_scope *scope = plan->scope;
	struct cgroup_settings settings = {.limits = plan->limits, .limit_count = plan->limit_count};
	int rc = cgroup_properties_compile(&bundle->arena, &settings, err);
	if (rc < 0)
		return err_wrap(err, "config.json");
	size_t count = scope->property_count + settings.property_count;
	struct plan_setting *all = arena_array(&bundle->arena, struct plan_setting, count + 1);
	memcpy(all, scope->properties, scope->property_count * sizeof *all);
	memcpy(all + scope->property_count, settings.properties, settings.property_count * sizeof *all);
	scope->properties = all;
	scope->property_count = count;
	return 0;
}

int bundle_compile(struct context *context, struct bundle *bundle, const struct bundle_options *options,
		   struct err *err)
{
	struct oci_linux *part = bundle->spec.linux_part;
	struct seccomp_filter filter;
	bool filtered, rootless = rootless_groups(context), placed = part && !text_empty(part->cgroups_path);
	if (!part)
		return err_set(err, EINVAL, "config.json: linux: missing field");
	int rc = namespaces_open(bundle, err);
	if (rc == 0)
		rc = unsupported_check(bundle, err);
	if (rc == 0)
		rc = bundle_filter(context, &bundle->arena, part->seccomp, &filter, &filtered, err);
	if (rc < 0)
		return err_wrap(err, "config.json");
	struct cgroup_place place;
	rc = place_make(context, bundle, options->id, rootless, &place, err);
	if (rc < 0)
		return err_wrap(err, "config.json");
	part->cgroups_path = place.path;
	device_rules_add(bundle);
	const struct plan_options plan = {
	    .cgroup_mode = cgroup_mode(),
	    .rootfs = bundle->rootfs,
	    .network_slot = PLAN_SLOT_NONE,
	    .namespace_slot = 0,
	    .no_pivot = options->no_pivot,
	    .filter = filtered ? &filter : NULL,
	    .keyring = options->no_new_keyring ? NULL : arena_printf(&bundle->arena, "_ses.%s", options->id),
	    .warn = context_warn_of,
	    .warn_context = context,
	};
	rc = plan_compile(&bundle->arena, &bundle->spec, &plan, &bundle->plan, err);
	if (rc < 0)
		return err_wrap(err, "config.json");
	bundle->plan->cgroup_optional = rootless && !placed;
	bundle->plan->scope = place.scope;
	return place.scope ? scope_limits(bundle, err) : 0;
}

void bundle_done(struct bundle *bundle)
{
	cleanup_fds(bundle->slots, bundle->slot_count);
	arena_done(&bundle->arena);
}
