#include "base/buffer.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup.h"
#include "runtime/plan_compile.h"
#include "runtime_cli/commands.h"
#include "runtime_cli/console.h"
#include "runtime_cli/criu.h"
#include "runtime_cli/criu_flags.h"
#include "runtime_cli/foreground.h"
#include "runtime_cli/launch.h"
#include "runtime_cli/restore_space.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ROOT_PLACE "criu-root" /* in the state's directory */

struct restore_options {
	struct launch_options launch;
	struct criu_flags criu;
	const char *lsm_profile, *lsm_mount_context;
};

#define STRING(member, name, value, help) O_STRING(struct restore_options, member, name, 0, value, help)
static const struct option_row rows[] = {
    CRIU_ROWS(struct restore_options),
    O_STRING(struct restore_options, launch.bundle, "bundle", 'b', "DIR", "The bundle (the working directory)"),
    STRING(launch.console_socket, "console-socket", "PATH", "A socket that takes the terminal's master"),
    O_BOOL(struct restore_options, launch.detach, "detach", 'd', "Do not wait for the container's end"),
    STRING(launch.pid_file, "pid-file", "FILE", "Write the process's number there"),
    O_BOOL(struct restore_options, launch.no_subreaper, "no-subreaper", 0, "Leave orphans of the container to others"),
    O_BOOL(struct restore_options, launch.no_pivot, "no-pivot", 0, "Taken for runc's sake: criu has its own way"),
    STRING(lsm_profile, "lsm-profile", "TYPE:NAME", "Another profile of AppArmor's or SELinux's"),
    STRING(lsm_mount_context, "lsm-mount-context", "CONTEXT", "Another SELinux context of mounts"),
    O_END,
};

static void defaults(void *options)
{
	((struct restore_options *)options)->launch.bundle = ".";
}

/* One restore on its way. */
struct restore {
	struct launch launch;
	struct restore_options *flags;
	struct criu_dirs dirs;
	struct criu_options options;
	struct criu criu;
	int inherit[CRIU_INHERIT_MAX];
	size_t inherit_count;
	int console; /* the socket that takes the terminal */
};

/* --- what criu is told --- */

/* "pipe:[1234]" was what is now ours under the same number. */
static int descriptors_read(struct restore *restore, struct err *err)
{
	struct arena *arena = &restore->launch.bundle.arena;
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	const struct json *list;
	int rc = file_read(restore->dirs.images, CRIU_DESCRIPTORS, &text, err);
	if (rc == 0)
		rc = json_parse(arena, text.data, text.len, CRIU_DESCRIPTORS, &list, err);
	if (rc < 0)
		return err_wrap(err, "the images of the checkpoint");
	for (size_t i = 0; list->kind == JSON_ARRAY && i < list->count && i < 3; i++) {
		const struct json *item = list->items[i];
		if (item->kind == JSON_STRING && strstr(item->text, "pipe:"))
			criu_pair_add(arena, &restore->options.inherit, item->text, NULL, (int64_t)i);
	}
	return 0;
}

/* Network and process namespaces are handed in; others are joined by their names. */
static int namespaces_add(struct restore *restore, struct err *err)
{
	struct bundle *bundle = &restore->launch.bundle;
	const struct oci_linux *part = bundle->spec.linux_part;
	size_t slot = 0;
	for (size_t i = 0; i < part->namespaces.count; i++) {
		const struct oci_namespace *space = &part->namespaces.items[i];
		uint64_t flag = plan_namespace_flag(space->type);
		const char *key = criu_namespace_key(flag), *name = criu_namespace_name(flag);
		if (text_empty(space->path))
			continue;
		int fd = bundle->slots[slot++];
		if (key && restore->inherit_count < CRIU_INHERIT_MAX) {
			criu_pair_add(&bundle->arena, &restore->options.inherit, key, NULL,
				      (int64_t)(CRIU_INHERIT_FIRST + restore->inherit_count));
			restore->inherit[restore->inherit_count++] = fd;
		} else if (text_equal(name, "cgroup") || text_equal(name, "time")) {
			return err_set(err, EOPNOTSUPP,
				       "linux: namespaces: [%zu]: path: criu cannot restore into a %s namespace of "
				       "others",
				       i, name);
		} else {
			criu_pair_add(&bundle->arena, &restore->options.join, name, space->path, 0);
		}
	}
	return 0;
}

/* Its processes begin in criu's groups: criu is put into the container's. */
static int groups_add(struct restore *restore, struct err *err)
{
	struct arena *arena = &restore->launch.bundle.arena;
	char path[64];
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)restore->criu.pid);
	int rc = file_read(AT_FDCWD, path, &text, err);
	if (rc < 0)
		return rc;
	auto_strv char **lines = strv_split(buf_str(&text), '\n');
	for (char **line = lines; *line; line++) {
		char *names = strchr(*line, ':'), *place = names ? strchr(names + 1, ':') : NULL;
		if (!place)
			continue;
		*place++ = 0;
		auto_strv char **controllers = strv_split(names + 1, ',');
		for (char **name = controllers; *name; name++)
			criu_pair_add(arena, &restore->options.groups, arena_strdup(arena, *name),
				      arena_strdup(arena, place), 0);
	}
	return 0;
}

static void masks_and_devices_add(struct restore *restore)
{
	struct arena *arena = &restore->launch.bundle.arena;
	const struct plan *plan = restore->launch.bundle.plan;
	if (plan->masked && plan->masked[0])
		criu_pair_add(arena, &restore->options.mounts, "/dev/null", "/dev/null", 0);
	for (size_t i = 0; i < plan->device_count; i++)
		criu_pair_add(arena, &restore->options.mounts, plan->devices[i].path, plan->devices[i].path, 0);
}

static int options_fill(struct restore *restore, struct err *err)
{
	const struct restore_options *flags = restore->flags;
	struct criu_options *options = &restore->options;
	options->evasive_devices = options->restore_sibling = true;
	options->lsm_profile = flags->lsm_profile;
	options->lsm_mount_context = flags->lsm_mount_context;
	criu_config_set(&restore->launch.bundle.spec.annotations, options);
	masks_and_devices_add(restore);
	int rc = namespaces_add(restore, err);
	return rc < 0 ? rc : descriptors_read(restore, err);
}

/* --- while it works --- */

static int restored(struct restore *restore, pid_t pid, struct err *err)
{
	restore->launch.process.pid = pid;
	return launch_record(&restore->launch, err);
}

static int notice(void *context, const struct criu_answer *answer, int fd, struct err *err)
{
	struct restore *restore = context;
	pid_t pid = answer->pid > 0 && answer->pid <= INT_MAX ? (pid_t)answer->pid : 0;
	if (text_equal(answer->script, "setup-namespaces")) {
		auto_buf state = BUF_INIT(STATE_DOCUMENT_MAX);
		restore->launch.state.pid = pid;
		restore->launch.state.start_time = process_start_time(pid);
		return launch_hooks_before(&restore->launch, &state, err);
	}
	if (text_equal(answer->script, "post-restore"))
		return pid ? restored(restore, pid, err) : err_set(err, EPROTO, "criu did not name the process");
	if (text_equal(answer->script, "orphan-pts-master") && fd >= 0) {
		int master = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (master < 0)
			return err_sys(err, "the container's terminal");
		if (restore->console >= 0)
			return console_socket_send(take_fd(&restore->console), master, err);
		cleanup_fd(&restore->launch.process.console);
		restore->launch.process.console = master;
	}
	return 0;
}

/* --- the process --- */

static int criu_place(struct restore *restore, const char *place, struct err *err)
{
	static const int stdio[3] = {0, 1, 2};
	struct bundle *bundle = &restore->launch.bundle;
	const struct criu_start start = {
	    .stdio = stdio, .inherit = restore->inherit, .inherit_count = restore->inherit_count};
	struct restore_space space;
	struct err leaving;
	int rc = restore_space_enter(&space, err);
	if (rc < 0)
		return rc;
	rc = restore_space_fill(bundle->plan, place, &bundle->arena, &restore->options.mounts, err);
	if (rc == 0)
		rc = criu_start(&start, &restore->criu, err);
	int left = restore_space_leave(&space, rc < 0 ? &leaving : err);
	return rc < 0 ? rc : left;
}

/* Group first, then criu in it, then the question. */
static int criu_run(struct restore *restore, const char *place, struct err *err)
{
	const struct criu_request request = {.kind = CRIU_RESTORE, .options = &restore->options};
	const struct plan *plan = restore->launch.bundle.plan;
	struct cgroup_hold hold = {0};
	struct criu_answer answer;
	int rc = plan->cgroup ? cgroup_create(plan, &hold, err) : 0;
	if (rc < 0)
		return rc;
	rc = criu_cgroup_mounts(plan, &restore->launch.bundle.arena, &restore->options.mounts, true, err);
	if (rc == 0)
		rc = criu_place(restore, place, err);
	if (rc == 0 && plan->cgroup && !hold.absent)
		rc = cgroup_enter(plan->cgroup, restore->criu.pid, err);
	cgroup_settle(&hold);
	if (rc == 0)
		rc = groups_add(restore, err);
	if (rc == 0)
		rc = criu_ask(&restore->criu, &request, notice, restore, &answer, err);
	if (rc == 0 && restore->launch.process.pid <= 0)
		rc = err_set(err, EPROTO, "criu did not say what it has restored");
	return rc;
}

static int restore_process(struct restore *restore, struct err *err)
{
	struct launch *launch = &restore->launch;
	auto_free char *place =
	    x_printf("%s/%s/" ROOT_PLACE, launch->context->root, launch->options->id); /* inside criu's namespace */
	char real[PATH_MAX];
	struct err ended;
	if (mkdirat(launch->dir, ROOT_PLACE, 0755) < 0 || !realpath(place, real))
		return err_sys(err, "a place for the root file system");
	restore->options.root = real;
	int rc = options_fill(restore, err);
	if (rc == 0)
		rc = criu_run(restore, real, err);
	int end = criu_end(&restore->criu, rc == 0, rc == 0 ? err : &ended);
	if (rc == 0)
		rc = end;
	(void)unlinkat(launch->dir, ROOT_PLACE, AT_REMOVEDIR);
	if (rc < 0)
		criu_log_quote(launch->context, restore->dirs.log);
	return rc;
}

static int console_check(struct restore *restore, struct err *err)
{
	const char *path = restore->flags->launch.console_socket;
	restore->console = -1;
	return text_empty(path) ? 0 : console_socket_connect(path, &restore->console, err);
}

static int restore_make(struct restore *restore, struct err *err)
{
	struct launch *launch = &restore->launch;
	int rc = criu_check(false, restore->flags->criu.lazy_pages, err);
	if (rc == 0)
		rc = criu_flags_read(&restore->flags->criu, false, "restore.log", &restore->options, &restore->dirs,
				     err);
	if (rc == 0)
		rc = launch_begin(launch, err);
	if (rc < 0)
		return rc;
	rc = console_check(restore, err);
	if (rc == 0)
		rc = restore_process(restore, err);
	if (rc < 0) {
		launch_cgroup_remove(launch->context, &launch->state);
		launch_undo(launch);
	}
	return rc;
}

/* The exit status of the container in the foreground, 0 otherwise; -errno. */
static int restore_run(struct context *context, struct restore_options *flags, struct err *err)
{
	struct restore restore = {.launch = {.context = context, .options = &flags->launch, .dir = -1},
				  .flags = flags,
				  .dirs = {-1, -1, NULL},
				  .criu = {.socket = -1},
				  .console = -1};
	int rc = context_open(context, true, err);
	if (rc < 0)
		return rc;
	if (!flags->launch.detach)
		foreground_begin(flags->launch.no_subreaper);
	restore.launch.process = (struct apply_process){.console = -1, .socket = -1};
	rc = restore_make(&restore, err);
	if (rc == 0 && !flags->launch.detach)
		rc = foreground_attend(&restore.launch, err);
	cleanup_fd(&restore.console);
	criu_dirs_done(&restore.dirs);
	launch_done(&restore.launch);
	return rc;
}

static int run(struct context *context, void *options, char **args)
{
	struct restore_options *flags = options;
	struct err err;
	flags->launch.id = args[0];
	flags->launch.at_once = true;
	if (geteuid() != 0)
		context_warn(context, "restore is untested with rootless containers");
	int rc = restore_run(context, flags, &err);
	if (rc < 0)
		err_wrap(&err, "restore failed");
	return rc < 0 ? context_failed(context, &err) : rc;
}

const struct command cmd_restore = {
    .name = "restore",
    .usage = "[OPTIONS] ID",
    .summary = "Make a container of a checkpoint's images (by criu)",
    .rows = rows,
    .size = sizeof(struct restore_options),
    .args_min = 1,
    .args_max = 1,
    .mixed = true,
    .defaults = defaults,
    .run = run,
};
