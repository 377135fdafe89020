#include "engine/cdi.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { SPEC_MAX = 4 << 20, SPECS_MAX = 256 };

/* --- the specifications of this host --- */

struct registry {
	struct arena *arena;
	struct cdi_spec *specs[SPECS_MAX];
	size_t count;
};

static void spec_load(struct registry *registry, int dir, const char *name)
{
	auto_buf text = BUF_INIT(SPEC_MAX);
	struct cdi_spec *spec = arena_new(registry->arena, struct cdi_spec);
	struct err err;
	if (registry->count == SPECS_MAX)
		return;
	int rc = file_read(dir, name, &text, &err);
	if (rc == 0)
		rc = json_load(registry->arena, &table_cdi_spec, buf_str(&text), text.len, name, 0, spec, &err);
	if (rc < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot read a CDI specification", NULL);
	else
		registry->specs[registry->count++] = spec;
}

static void registry_load(struct registry *registry, char *const *dirs)
{
	for (; dirs && *dirs; dirs++) {
		int fd = open(*dirs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
		const struct dirent *entry;
		if (!list) {
			cleanup_fd(&fd);
			continue;
		}
		while ((entry = readdir(list))) {
			if (text_ends(entry->d_name, ".json"))
				spec_load(registry, dirfd(list), entry->d_name);
			else if (text_ends(entry->d_name, ".yaml"))
				log_warn("a CDI specification in YAML is left out: tug reads JSON", "file",
					 entry->d_name);
		}
	}
}

static const struct cdi_device *device_find(const struct registry *registry, const char *kind, const char *name,
					    const struct cdi_spec **out_spec)
{
	/* A directory that comes later counts more. */
	for (size_t i = registry->count; i > 0; i--) {
		const struct cdi_spec *spec = registry->specs[i - 1];
		if (!text_equal(spec->kind, kind))
			continue;
		for (size_t k = 0; k < spec->devices.count; k++) {
			if (!text_equal(spec->devices.items[k].name, name))
				continue;
			*out_spec = spec;
			return &spec->devices.items[k];
		}
	}
	return NULL;
}

/* --- edits --- */

#define GROW(arena, list, type, more)                                                \
	do {                                                                         \
		type *items_ = arena_array(arena, type, (list).count + (more) + 1);  \
		if ((list).count > 0)                                                \
			memcpy(items_, (list).items, (list).count * sizeof *items_); \
		(list).items = items_;                                               \
	} while (0)

static int64_t *number(struct arena *arena, int64_t value)
{
	int64_t *copy = arena_new(arena, int64_t);
	*copy = value;
	return copy;
}

static int node_add(struct arena *arena, const struct cdi_node *node, struct oci_linux *part, struct err *err)
{
	const char *host = text_empty(node->host_path) ? node->path : node->host_path;
	const char *type = node->type;
	int64_t major_number = node->major ? *node->major : 0, minor_number = node->minor ? *node->minor : 0;
	struct stat info;
	if (text_empty(type) || !node->major) {
		if (stat(host, &info) < 0 || (!S_ISCHR(info.st_mode) && !S_ISBLK(info.st_mode)))
			return err_set(err, EINVAL, "CDI device injection failed: %s is not a device node", host);
		type = S_ISBLK(info.st_mode) ? "b" : "c";
		major_number = major(info.st_rdev);
		minor_number = minor(info.st_rdev);
	}
	part->devices.items[part->devices.count++] = (struct oci_device){
	    .type = (char *)type,
	    .path = node->path,
	    .major = number(arena, major_number),
	    .minor = number(arena, minor_number),
	    .file_mode = node->file_mode,
	    .uid = node->uid,
	    .gid = node->gid,
	};
	part->resources->devices.items[part->resources->devices.count++] = (struct oci_device_rule){
	    .allow = true,
	    .type = (char *)type,
	    .major = number(arena, major_number),
	    .minor = number(arena, minor_number),
	    .access = text_empty(node->permissions) ? (char *)"rwm" : node->permissions,
	};
	return 0;
}

/* Those that run in the container's own namespaces; others would be programs on the host. */
static int hook_add(struct arena *arena, const struct cdi_hook *hook, struct oci_spec *spec, struct err *err)
{
	if (!spec->hooks)
		spec->hooks = arena_new(arena, struct oci_hooks);
	const struct oci_hook row = {hook->path, hook->args, hook->env, hook->timeout};
	if (text_equal(hook->name, "createContainer")) {
		GROW(arena, spec->hooks->create_container, struct oci_hook, 1);
		spec->hooks->create_container.items[spec->hooks->create_container.count++] = row;
	} else if (text_equal(hook->name, "startContainer")) {
		GROW(arena, spec->hooks->start_container, struct oci_hook, 1);
		spec->hooks->start_container.items[spec->hooks->start_container.count++] = row;
	} else {
		return err_set(err, EOPNOTSUPP, "CDI device injection failed: hook %s is known, but not supported yet",
			       hook->name);
	}
	return 0;
}

static void environment_add(struct arena *arena, char *const *more, struct oci_process *process)
{
	size_t own = strv_count(process->env), count = strv_count(more);
	char **env = arena_array(arena, char *, own + count + 1);
	for (size_t i = 0; i < own; i++)
		env[i] = process->env[i];
	for (size_t i = 0; i < count; i++)
		env[own + i] = more[i];
	process->env = env;
}

static char **mount_options(struct arena *arena, char *const *options)
{
	size_t count = strv_count(options);
	char **copy = arena_array(arena, char *, count + 3);
	for (size_t i = 0; i < count; i++)
		copy[i] = options[i];
	if (count == 0)
		copy[count++] = (char *)"rbind";
	copy[count] = (char *)"tuguser";
	return copy;
}

static int edits_apply(struct arena *arena, const struct cdi_edits *edits, struct oci_spec *spec, struct err *err)
{
	struct oci_linux *part = spec->linux_part;
	int rc = 0;
	environment_add(arena, edits->env, spec->process);
	GROW(arena, part->devices, struct oci_device, edits->nodes.count);
	GROW(arena, part->resources->devices, struct oci_device_rule, edits->nodes.count);
	for (size_t i = 0; rc == 0 && i < edits->nodes.count; i++)
		rc = node_add(arena, &edits->nodes.items[i], part, err);
	GROW(arena, spec->mounts, struct oci_mount, edits->mounts.count);
	for (size_t i = 0; rc == 0 && i < edits->mounts.count; i++) {
		const struct cdi_mount *mount = &edits->mounts.items[i];
		spec->mounts.items[spec->mounts.count++] =
		    (struct oci_mount){.destination = mount->container_path,
				       .source = mount->host_path,
				       .type = text_empty(mount->type) ? (char *)"bind" : mount->type,
				       .options = mount_options(arena, mount->options)};
	}
	for (size_t i = 0; rc == 0 && i < edits->hooks.count; i++)
		rc = hook_add(arena, &edits->hooks.items[i], spec, err);
	if (rc == 0 && edits->additional_gids.count > 0)
		rc = err_set(err, EOPNOTSUPP,
			     "CDI device injection failed: additionalGids is known, but not supported yet");
	return rc;
}

/* --- requests --- */

static int device_inject(const struct registry *registry, const char *kind, const char *name, struct oci_spec *spec,
			 struct err *err)
{
	const struct cdi_spec *found = NULL;
	const struct cdi_device *device = device_find(registry, kind, name, &found);
	if (!device)
		return err_set(err, EINVAL, "CDI device injection failed: unresolvable CDI devices %s=%s", kind, name);
	int rc = edits_apply(registry->arena, &found->edits, spec, err);
	return rc < 0 ? rc : edits_apply(registry->arena, &device->edits, spec, err);
}

static bool kind_known(const struct registry *registry, const char *kind)
{
	for (size_t i = 0; i < registry->count; i++) {
		if (text_equal(registry->specs[i]->kind, kind))
			return true;
	}
	return false;
}

static int no_driver(const struct device_request *request, struct err *err)
{
	auto_buf words = BUF_INIT(512);
	for (size_t i = 0; i < request->capabilities.count; i++) {
		buf_text(&words, i ? " [" : "[");
		char **word = request->capabilities.items[i].values;
		for (size_t k = 0; word && word[k]; k++)
			buf_printf(&words, "%s%s", k ? " " : "", word[k]);
		buf_char(&words, ']');
	}
	return err_set(err, EINVAL, "could not select device driver \"%s\" with capabilities: [%s]",
		       request->driver ? request->driver : "", buf_str(&words));
}

static bool wants_gpu(const struct device_request *request)
{
	for (size_t i = 0; i < request->capabilities.count; i++) {
		for (char **word = request->capabilities.items[i].values; word && *word; word++) {
			if (text_equal(*word, "gpu") || text_equal(*word, "nvidia"))
				return true;
		}
	}
	return false;
}

/* `--gpus`, as Docker does it where the vendor's specification is there. */
static int gpus_inject(const struct registry *registry, const struct device_request *request, struct oci_spec *spec,
		       struct err *err)
{
	static const char kind[] = "nvidia.com/gpu";
	int rc = 0;
	if (!wants_gpu(request) || !kind_known(registry, kind) ||
	    (!text_empty(request->driver) && !text_equal(request->driver, "nvidia")))
		return no_driver(request, err);
	for (char *const *id = request->device_ids; rc == 0 && id && *id; id++)
		rc = device_inject(registry, kind, *id, spec, err);
	if (request->count < 0)
		return device_inject(registry, kind, "all", spec, err);
	for (int64_t i = 0; rc == 0 && i < request->count; i++)
		rc = device_inject(registry, kind, arena_printf(registry->arena, "%lld", (long long)i), spec, err);
	return rc;
}

static int request_inject(const struct registry *registry, const struct device_request *request, struct oci_spec *spec,
			  struct err *err)
{
	char *kind, *name;
	int rc = 0;
	if (!request->driver || !text_equal(request->driver, "cdi"))
		return gpus_inject(registry, request, spec, err);
	for (char *const *id = request->device_ids; rc == 0 && id && *id; id++)
		rc = cdi_name_parse(registry->arena, *id, &kind, &name)
			 ? device_inject(registry, kind, name, spec, err)
			 : err_set(err, EINVAL, "CDI device injection failed: unresolvable CDI devices %s", *id);
	return rc;
}

int cdi_inject(const struct container *container, struct arena *arena, struct oci_spec *spec, struct err *err)
{
	const struct host_config *host = &container->document.host;
	int rc = 0;
	if (host->device_requests.count == 0)
		return 0;
	struct registry *registry = arena_new(arena, struct registry);
	registry->arena = arena;
	registry_load(registry, container->engine->config.cdi_spec_dirs);
	for (size_t i = 0; rc == 0 && i < host->device_requests.count; i++)
		rc = request_inject(registry, &host->device_requests.items[i], spec, err);
	return rc;
}

int cdi_check(const struct host_config *host, struct err *err)
{
	for (size_t i = 0; i < host->device_requests.count; i++) {
		const struct device_request *request = &host->device_requests.items[i];
		if (request->device_ids && request->device_ids[0] && request->count != 0)
			return err_set(err, EINVAL, "cannot set both Count and DeviceIDs on device request");
	}
	return 0;
}
