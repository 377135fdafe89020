#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/cgroup_tree.h"
#include "runtime/plan_wire.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/container.h"
#include "runtime_cli/criu.h"
#include "runtime_cli/criu_flags.h"
#include "runtime_cli/launch.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

struct checkpoint_options {
	struct criu_flags criu;
	const char *parent_path, *page_server;
	int64_t status_fd;
	bool leave_running, tcp_skip_in_flight, link_remap, pre_dump;
};

#define BOOL(member, name, help) O_BOOL(struct checkpoint_options, member, name, 0, help)
static const struct option_row rows[] = {
    CRIU_ROWS(struct checkpoint_options),
    O_STRING(struct checkpoint_options, parent_path, "parent-path", 0, "DIR",
	     "Earlier images of a pre-dump, relative to the images"),
    BOOL(leave_running, "leave-running", "Let the container run on afterwards"),
    BOOL(tcp_skip_in_flight, "tcp-skip-in-flight", "Leave out TCP connections that are being made"),
    BOOL(link_remap, "link-remap", "Allow to link files back that have no name left"),
    O_NUMBER(struct checkpoint_options, status_fd, "status-fd", 0, "Takes a NUL once lazy pages can be asked for"),
    O_STRING(struct checkpoint_options, page_server, "page-server", 0, "ADDRESS:PORT", "Where memory is sent to"),
    BOOL(pre_dump, "pre-dump", "Memory only; the container runs on"),
    O_END,
};

static void defaults(void *options)
{
	((struct checkpoint_options *)options)->status_fd = -1;
}

/* One checkpoint on its way. */
struct checkpoint {
	struct context *context;
	struct checkpoint_options *flags;
	const struct container *container;
	struct arena arena;
	struct plan *plan;
	int root; /* the container's, as its process sees it */
	struct criu_dirs dirs;
	struct criu_options options;
};

/* --- what the flags say --- */

static int server_read(const char *text, struct arena *arena, struct criu_options *options, struct err *err)
{
	enum { PORT_MAX = 65535 };
	const char *colon = text_empty(text) ? NULL : strrchr(text, ':');
	if (text_empty(text))
		return 0;
	if (!colon || colon == text || !colon[1])
		return err_set(err, EINVAL, "Use --page-server ADDRESS:PORT to specify page server");
	char *address = arena_strndup(arena, text, (size_t)(colon - text));
	size_t size = strlen(address);
	if (address[0] == '[' && size > 2 && address[size - 1] == ']') {
		address[size - 1] = 0;
		address++;
	}
	options->server_address = address;
	return number_parse(colon + 1, 1, PORT_MAX, "page-server: port", &options->server_port, err);
}

static int parent_read(struct checkpoint *checkpoint, struct err *err)
{
	const char *parent = checkpoint->flags->parent_path;
	struct stat info;
	if (text_empty(parent))
		return 0;
	if (parent[0] == '/')
		return err_set(err, EINVAL, "--parent-path must be relative");
	if (fstatat(checkpoint->dirs.images, parent, &info, 0) < 0)
		return err_sys(err, "invalid --parent-path: %s", parent);
	if (!S_ISDIR(info.st_mode))
		return err_set(err, ENOTDIR, "invalid --parent-path: %s: not a directory", parent);
	checkpoint->options.parent = parent;
	checkpoint->options.track_mem = true;
	return 0;
}

static int status_fd_check(const struct checkpoint_options *flags, struct err *err)
{
	int flag;
	if (!flags->criu.lazy_pages || flags->status_fd < 0)
		return 0;
	flag = flags->status_fd > INT_MAX ? -1 : fcntl((int)flags->status_fd, F_GETFL);
	if (flag < 0)
		return err_set(err, EBADF, "invalid --status-fd argument %lld: bad file descriptor",
			       (long long)flags->status_fd);
	if ((flag & O_ACCMODE) == O_RDONLY)
		return err_set(err, EINVAL, "invalid --status-fd argument %lld: not writable",
			       (long long)flags->status_fd);
	return 0;
}

static int flags_read(struct checkpoint *checkpoint, struct err *err)
{
	struct checkpoint_options *flags = checkpoint->flags;
	struct criu_options *options = &checkpoint->options;
	int rc = status_fd_check(flags, err);
	if (rc == 0)
		rc = server_read(flags->page_server, &checkpoint->arena, options, err);
	if (rc == 0)
		rc = criu_flags_read(&flags->criu, true, "dump.log", options, &checkpoint->dirs, err);
	if (rc == 0)
		rc = parent_read(checkpoint, err);
	options->leave_running = flags->leave_running;
	options->tcp_skip_in_flight = flags->tcp_skip_in_flight;
	options->link_remap = flags->link_remap;
	return rc;
}

/* --- what the container is --- */

static int container_read(struct checkpoint *checkpoint, struct err *err)
{
	char path[64];
	auto_buf bytes = BUF_INIT(PLAN_SIZE_MAX);
	snprintf(path, sizeof path, "/proc/%d/root", (int)checkpoint->container->state.pid);
	checkpoint->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (checkpoint->root < 0)
		return err_sys(err, "open the container's root");
	int rc = file_read(checkpoint->container->dir, STATE_PLAN, &bytes, err);
	if (rc == 0)
		rc = plan_decode(&checkpoint->arena, bytes.data, bytes.len, &checkpoint->plan, err);
	return rc;
}

/* Where a name of the container's really leads: a mount point is known by that. NULL: nowhere. */
static const char *place_inside(struct checkpoint *checkpoint, const char *name, int flags)
{
	auto_fd int fd = -1;
	char path[PATH_MAX];
	struct err ignored;
	if (path_open(checkpoint->root, name, PATH_IN_ROOT, O_PATH | flags, 0, &fd, &ignored) < 0 ||
	    path_name(fd, path, &ignored) < 0)
		return NULL;
	return arena_strdup(&checkpoint->arena, path);
}

static void mount_add(struct checkpoint *checkpoint, const char *name, const char *value, int flags)
{
	const char *place = place_inside(checkpoint, name, flags);
	if (place)
		criu_pair_add(&checkpoint->arena, &checkpoint->options.mounts, place, value ? value : place, 0);
}

/* A file that is masked has the host's null device over it; a directory has a file system of its own. */
static void mask_add(struct checkpoint *checkpoint, const char *name)
{
	struct stat info;
	auto_fd int fd = -1;
	struct err ignored;
	if (path_open(checkpoint->root, name, PATH_IN_ROOT, O_PATH, 0, &fd, &ignored) == 0 && fstat(fd, &info) == 0 &&
	    !S_ISDIR(info.st_mode))
		mount_add(checkpoint, name, "/dev/null", 0);
}

/* All that comes from outside: criu must not look for it in the container. */
static int mounts_add(struct checkpoint *checkpoint, struct err *err)
{
	const struct plan *plan = checkpoint->plan;
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct plan_mount *mount = &plan->mounts[i];
		if (mount->kind == PLAN_MOUNT_BIND)
			mount_add(checkpoint, mount->target, NULL, mount->flags & PLAN_TARGET_LINK ? O_NOFOLLOW : 0);
	}
	for (char *const *name = plan->masked; name && *name; name++)
		mask_add(checkpoint, *name);
	for (size_t i = 0; i < plan->device_count; i++)
		mount_add(checkpoint, plan->devices[i].path, NULL, O_NOFOLLOW);
	return criu_cgroup_mounts(plan, &checkpoint->arena, &checkpoint->options.mounts, false, err);
}

/* Network and process namespaces of others are only named: they have to be there when it is restored. */
static int namespaces_add(struct checkpoint *checkpoint, struct err *err)
{
	for (size_t i = 0; i < checkpoint->plan->join_count; i++) {
		uint64_t flag = checkpoint->plan->joins[i].flag;
		const char *key = criu_namespace_key(flag), *name = criu_namespace_name(flag);
		char path[64];
		struct stat info;
		if (!key)
			continue;
		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)checkpoint->container->state.pid, name);
		if (stat(path, &info) < 0)
			return err_sys(err, "the container's %s namespace", name);
		criu_pair_add(
		    &checkpoint->arena, &checkpoint->options.external_ns,
		    arena_printf(&checkpoint->arena, "%s[%llu]:%s", name, (unsigned long long)info.st_ino, key), NULL,
		    0);
	}
	return 0;
}

static void freezer_set(struct checkpoint *checkpoint)
{
	const char *cgroup = checkpoint->container->state.cgroup;
	auto_fd int dir = -1;
	struct err ignored;
	const char *hierarchy = cgroup_mode() == CGROUP_V2 ? "" : "freezer";
	if (cgroup && cgroup_open(hierarchy, cgroup, false, &dir, &ignored) == 0)
		checkpoint->options.freeze_cgroup =
		    arena_printf(&checkpoint->arena, CGROUP_ROOT "%s%s%s", *hierarchy ? "/" : "", hierarchy, cgroup);
}

static int descriptors_write(struct checkpoint *checkpoint, struct err *err)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	char *const *at = checkpoint->container->state.descriptors;
	buf_char(&text, '[');
	for (; at && *at; at++) {
		json_encode_string(&text, *at);
		buf_text(&text, at[1] ? "," : "");
	}
	buf_char(&text, ']');
	int rc = buf_check(&text, CRIU_DESCRIPTORS, err);
	return rc < 0 ? rc : state_file_write(checkpoint->dirs.images, CRIU_DESCRIPTORS, text.data, text.len, err);
}

static int options_fill(struct checkpoint *checkpoint, struct err *err)
{
	const struct container_state *state = &checkpoint->container->state;
	checkpoint->options.pid = state->pid;
	checkpoint->options.root = state->rootfs;
	criu_config_set(&state->annotations, &checkpoint->options);
	freezer_set(checkpoint);
	int rc = namespaces_add(checkpoint, err);
	/* A pre-dump is of memory alone. */
	if (rc == 0 && !checkpoint->flags->pre_dump)
		rc = mounts_add(checkpoint, err);
	if (rc == 0 && !checkpoint->flags->pre_dump)
		rc = descriptors_write(checkpoint, err);
	return rc;
}

/* --- doing it --- */

static int notice(void *context, const struct criu_answer *answer, int fd, struct err *err)
{
	struct checkpoint *checkpoint = context;
	int64_t *status = &checkpoint->flags->status_fd;
	(void)fd;
	(void)err;
	if (text_equal(answer->script, "status-ready") && *status >= 0) {
		if (fd_write_full((int)*status, "", 1) < 0)
			context_warn(checkpoint->context, "could not write to the status descriptor");
		close((int)*status);
		*status = -1;
	}
	return 0;
}

static int dump(struct checkpoint *checkpoint, struct err *err)
{
	bool pre_dump = checkpoint->flags->pre_dump;
	const struct criu_request request = {.kind = pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP,
					     .options = &checkpoint->options};
	const struct criu_start start = {0};
	struct criu criu = {.socket = -1};
	struct criu_answer answer;
	struct err ended;
	int rc = criu_start(&start, &criu, err);
	if (rc < 0)
		return rc;
	rc = criu_ask(&criu, &request, notice, checkpoint, &answer, err);
	/* After a pre-dump it waits for the next one, and is told by the closed socket that there is none. */
	int end = criu_end(&criu, rc == 0 && !pre_dump, rc == 0 ? err : &ended);
	if (rc == 0)
		rc = end;
	if (rc < 0)
		criu_log_quote(checkpoint->context, checkpoint->dirs.log);
	return rc < 0 ? err_wrap(err, "checkpoint") : 0;
}

static int checkpoint_make(struct checkpoint *checkpoint, struct err *err)
{
	const struct container *container = checkpoint->container;
	const struct checkpoint_options *flags = checkpoint->flags;
	if (container->status != STATUS_RUNNING && container->status != STATUS_PAUSED)
		return err_set(err, EINVAL, "Container cannot be checkpointed in %s state",
			       status_name(container->status));
	int rc = criu_check(flags->pre_dump, flags->criu.lazy_pages, err);
	if (rc == 0)
		rc = flags_read(checkpoint, err);
	if (rc == 0)
		rc = container_read(checkpoint, err);
	if (rc == 0)
		rc = options_fill(checkpoint, err);
	if (rc == 0)
		rc = dump(checkpoint, err);
	if (rc == 0 && !flags->leave_running && !flags->pre_dump)
		rc = launch_remove(checkpoint->context, &container->state, err);
	return rc;
}

static int run(struct context *context, void *options, char **args)
{
	struct container container;
	struct checkpoint checkpoint = {
	    .context = context, .flags = options, .container = &container, .root = -1, .dirs = {-1, -1, NULL}};
	struct err err;
	if (geteuid() != 0)
		context_warn(context, "checkpoint is untested with rootless containers");
	int rc = container_open(context, args[0], true, &container, &err);
	if (rc < 0)
		return context_failed(context, &err);
	rc = checkpoint_make(&checkpoint, &err);
	criu_dirs_done(&checkpoint.dirs);
	cleanup_fd(&checkpoint.root);
	arena_done(&checkpoint.arena);
	container_done(&container);
	return rc < 0 ? context_failed(context, &err) : 0;
}

const struct command cmd_checkpoint = {
    .name = "checkpoint",
    .usage = "[OPTIONS] ID",
    .summary = "Save the state of a running container (by criu)",
    .rows = rows,
    .size = sizeof(struct checkpoint_options),
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .defaults = defaults,
    .run = run,
};
