#include "engine/launch.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "docker/port_spec.h"
#include "docker/size.h"
#include "engine/engine_state.h"
#include "engine/launch_network.h"
#include "engine/log_spec.h"
#include "engine/launch_volumes.h"
#include "engine/spec.h"
#include "engine/spec_join.h"
#include "runtime/cgroup.h"
#include "runtime/plan_compile.h"
#include "runtime/plan_wire.h"
#include "security/capability.h"
#include "security/seccomp_cache.h"
#include "storage/data.h"

#include <fcntl.h>
#include <string.h>

/* --- the root file system --- */

struct root_paths {
	char **lower;
	char *upper, *work, *files;
};

static int root_layers(const struct container *container, struct arena *arena, char ***out_lower, struct err *err)
{
	struct image_store *images = container->engine->images;
	struct digest image;
	if (container->step)
		return image_layer_dirs(images, arena, container->step->layers, out_lower, err);
	int rc = digest_parse(container->document.image_id, &image, err);
	return rc < 0 ? rc : image_lower_dirs(images, arena, &image, out_lower, err);
}

static int root_prepare(struct container *container, struct arena *arena, struct root_paths *paths, int *out_dir,
			struct err *err)
{
	struct engine *engine = container->engine;
	const char *data = engine->config.data_root;
	char **lower;
	int rc = root_layers(container, arena, &lower, err);
	if (rc < 0)
		return rc;
	rc = data_make_container(engine->data, container->id, lower[0], out_dir, err);
	if (rc == -EEXIST) { /* it ran before */
		auto_free char *name = x_printf("containers/%s", container->id);
		rc = path_open(engine->data, name, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, out_dir, err);
	}
	if (rc < 0)
		return rc;
	paths->lower = arena_array(arena, char *, strv_count(lower) + 1);
	for (size_t i = 0; lower[i]; i++)
		paths->lower[i] = arena_printf(arena, "%s/%s", data, lower[i]);
	paths->files = arena_printf(arena, "%s/containers/%s", data, container->id);
	paths->upper = arena_printf(arena, "%s/upper", paths->files);
	paths->work = arena_printf(arena, "%s/work", paths->files);
	return 0;
}

/* --- seccomp --- */

static int filter_make(struct engine *engine, const struct host_config *host, struct arena *arena,
		       struct seccomp_filter *out_filter, bool *out_used, struct err *err)
{
	struct spec_security security;
	struct seccomp_host environment;
	struct oci_seccomp *resolved;
	const struct seccomp_profile *profile;
	*out_used = false;
	int rc = spec_security(host, engine->config.no_new_privileges, &security, err);
	if (rc < 0 || security.seccomp_off)
		return rc;
	if (!engine->seccomp_default)
		engine->seccomp_default = seccomp_profile_default(&engine->seccomp_arena);
	profile = engine->seccomp_default;
	if (security.profile)
		rc = seccomp_profile_parse(arena, security.profile, strlen(security.profile), "seccomp profile",
					   &profile, err);
	seccomp_host(&environment);
	if (rc == 0)
		rc = spec_capabilities(host, false, &environment.capabilities, err);
	if (rc == 0)
		rc = seccomp_profile_resolve(arena, profile, &environment, &resolved, err);
	if (rc == 0)
		rc = seccomp_compile_cached(arena, engine->seccomp_cache, resolved, out_filter, err);
	*out_used = rc == 0;
	return rc;
}

/* --- the plan --- */

static int plan_seal(const struct buf *bytes, int *out_fd, struct err *err)
{
	int rc = buf_check(bytes, "the plan", err);
	return rc < 0 ? rc : fd_sealed("tug-plan", bytes->data, bytes->len, out_fd, err);
}

/* The plan in fds[0], then the network namespace in fds[1] when there is one, then the namespaces of others. */
static int plan_make(struct container *container, struct arena *arena, const struct root_paths *root,
		     struct launch *launch, bool network, struct err *err)
{
	struct engine *engine = container->engine;
	const struct host_config *host = &container->document.host;
	auto_free char *cgroup = container_cgroup(container);
	struct container *other;
	int rc = membership_shared(container, &other, err);
	if (rc < 0)
		return rc;
	const struct spec_paths paths = {
	    .files = root->files,
	    .network_files =
		other ? arena_printf(arena, "%s/containers/%s", engine->config.data_root, other->id) : root->files,
	    .cgroup = cgroup,
	    .cgroup_v2 = engine->cgroup_v2,
	};
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	struct seccomp_filter filter;
	struct oci_spec spec;
	struct plan *plan;
	bool filtered;
	rc = spec_build(container, arena, &paths, &spec, err);
	if (rc == 0)
		rc = filter_make(engine, host, arena, &filter, &filtered, err);
	if (rc < 0)
		return rc;
	struct oci_mount *volumes;
	size_t volume_count;
	rc = launch_volumes(container, arena, &volumes, &volume_count, err);
	if (rc < 0)
		return rc;
	const struct plan_options options = {
	    .volumes = volumes,
	    .volume_count = volume_count,
	    .lower = root->lower,
	    .upper = root->upper,
	    .work = root->work,
	    .overlay_volatile = host->auto_remove,
	    .cgroup_mode = engine->cgroup_v2 ? CGROUP_V2 : CGROUP_V1,
	    .network_slot = network ? PLAN_SLOT_FIRST : PLAN_SLOT_NONE,
	    .namespace_slot = (int)launch->fd_count,
	    .filter = filtered ? &filter : NULL,
	    .user = container->document.config.user ? container->document.config.user : "",
	    .groups = host->group_add,
	};
	rc = plan_compile(arena, &spec, &options, &plan, err);
	if (rc < 0)
		return rc;
	rc = spec_join_open(&spec, launch->fds, &launch->fd_count, array_size(launch->fds), err);
	if (rc < 0)
		return rc;
	plan_encode(plan, &bytes);
	return plan_seal(&bytes, &launch->fds[0], err);
}

int launch_exec_plan(struct container *container, const struct exec_config *config, int *out_fd, struct err *err)
{
	const struct container_config *own = &container->document.config;
	auto_arena arena = {0};
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	struct host_config host = container->document.host;
	struct spec_security security;
	struct seccomp_filter filter;
	struct oci_capabilities capabilities = {0};
	struct plan_process plan;
	uint64_t set;
	bool filtered;
	host.privileged = host.privileged || config->privileged;
	int rc = spec_security(&host, container->engine->config.no_new_privileges, &security, err);
	if (rc == 0)
		rc = spec_capabilities(&host, config->privileged, &set, err);
	if (rc == 0)
		rc = filter_make(container->engine, &host, &arena, &filter, &filtered, err);
	if (rc < 0)
		return rc;
	capabilities.bounding = capabilities.permitted = capabilities.effective = capability_names(&arena, set);
	const char *cwd = !text_empty(config->working_dir) ? config->working_dir : own->working_dir;
	struct oci_process process = {
	    .terminal = config->tty,
	    .args = config->cmd,
	    .env = spec_environment(&arena, own, config->env, config->tty),
	    .cwd = (char *)(text_empty(cwd) ? "/" : cwd),
	    .no_new_privileges = security.no_new_privileges,
	    .capabilities = &capabilities,
	    .apparmor_profile = config->privileged ? NULL : (char *)spec_apparmor(container->engine, &host, &security),
	};
	const struct plan_options options = {
	    .network_slot = PLAN_SLOT_NONE,
	    .filter = filtered ? &filter : NULL,
	    .user = !text_empty(config->user) ? config->user
		    : own->user		      ? own->user
					      : "",
	    .groups = host.group_add,
	};
	rc = plan_process_compile(&arena, &process, &options, &plan, err);
	if (rc < 0)
		return rc;
	plan_process_encode(&plan, &bytes);
	return plan_seal(&bytes, out_fd, err);
}

/* --- START --- */

static int log_fill(const struct container *container, struct buf *out, struct err *err)
{
	auto_arena arena = {0};
	struct log_options options;
	int rc = log_spec(container, &arena, &options, err);
	if (rc == 0)
		log_options_encode(out, &options);
	return rc < 0 ? rc : buf_check(out, "LogConfig", err);
}

static int message_fill(const struct container *container, struct monitor_message *message, struct err *err)
{
	const struct container_config *config = &container->document.config;
	const struct host_config *host = &container->document.host;
	*message = (struct monitor_message){.type = MONITOR_START};
	memcpy(message->id, container->id, sizeof message->id);
	message->flags = (config->tty ? MONITOR_TTY : 0) | (config->open_stdin ? MONITOR_OPEN_STDIN : 0) |
			 (config->stdin_once ? MONITOR_STDIN_ONCE : 0);
	return console_size_read(host->console_size.items, host->console_size.count, &message->height, &message->width,
				 err);
}

void launch_done(struct launch *launch)
{
	cleanup_fds(launch->fds, launch->fd_count);
	launch->fd_count = 0;
	buf_done(&launch->log);
}

int launch_prepare(struct container *container, struct launch *out_launch, struct err *err)
{
	auto_arena arena = {0};
	auto_fd int dir = -1, space = -1;
	struct root_paths root = {0};
	struct launch launch = {.fds = {-1}};
	container->start_step = "configuration";
	launch.log = (struct buf)BUF_INIT(MONITOR_TAIL_MAX);
	int rc = message_fill(container, &launch.message, err);
	if (rc == 0)
		rc = log_fill(container, &launch.log, err);
	if (rc == 0) {
		container->start_step = "image";
		rc = root_prepare(container, &arena, &root, &dir, err);
	}
	if (rc == 0) {
		container->start_step = "network";
		rc = launch_network_connect(container, &space, err);
	}
	if (rc < 0)
		return rc;
	container->start_step = "files";
	rc = launch_network_files(container, dir, err);
	if (rc == 0)
		rc = launch_mount_dirs(container, dir, err);
	bool network = space >= 0;
	launch.fd_count = 1;
	if (network)
		launch.fds[launch.fd_count++] = take_fd(&space);
	if (rc == 0)
		container->start_step = "plan";
	if (rc == 0)
		rc = plan_make(container, &arena, &root, &launch, network, err);
	if (rc < 0) {
		launch_done(&launch);
		launch_release(container);
		return rc;
	}
	*out_launch = launch;
	container->start_step = "monitor";
	launch_volumes_told(container, true);
	return 0;
}

void launch_let_go(struct container *container)
{
	launch_network_disconnect(container);
	launch_volumes_release(container);
}

void launch_left(struct container *container)
{
	launch_network_left(container);
}

void launch_release(struct container *container)
{
	launch_let_go(container);
	launch_left(container);
}

void launch_clear(struct container *container)
{
	auto_free char *cgroup = container_cgroup(container);
	cgroup_remove(cgroup);
}

int launch_adopt(struct container *container, struct err *err)
{
	return launch_network_adopt(container, err);
}
