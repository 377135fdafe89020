#include "runtime_cli/criu_flags.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup_tree.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

enum { LOG_LEVEL = 4, LOG_MAX = 64 << 20 };

/* --- the flags --- */

static int cgroups_read(const char *text, int64_t *out_mode, struct err *err)
{
	static const struct {
		const char *name;
		enum criu_cgroups mode;
	} rows[] = {{"", CRIU_CGROUPS_DEFAULT},
		    {"soft", CRIU_CGROUPS_SOFT},
		    {"full", CRIU_CGROUPS_FULL},
		    {"strict", CRIU_CGROUPS_STRICT},
		    {"ignore", CRIU_CGROUPS_IGNORE}};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (text_equal(rows[i].name, text ? text : "")) {
			*out_mode = rows[i].mode;
			return 0;
		}
	}
	return err_set(err, EINVAL, "invalid manage-cgroups-mode value: \"%s\" (soft, full, strict, ignore)", text);
}

static int empty_read(char *const *names, int64_t *out_flags, struct err *err)
{
	for (; names && *names; names++) {
		if (!text_equal(*names, "network"))
			return err_set(err, EINVAL, "namespace \"%s\" is not supported", *names);
	}
	/* Always: what is in the network is not ours to restore. */
	*out_flags = CLONE_NEWNET;
	return 0;
}

static int folder_open(const char *path, bool make, bool parents, int *out_fd, struct err *err)
{
	auto_free char *copy = x_strdup(path);
	for (char *slash = parents ? strchr(copy + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		(void)mkdir(copy, 0700);
		*slash = '/';
	}
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "make the directory %s", path);
	*out_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out_fd < 0 ? err_sys(err, "open the directory %s", path) : 0;
}

int criu_flags_read(const struct criu_flags *flags, bool make, const char *log_file, struct criu_options *options,
		    struct criu_dirs *out_dirs, struct err *err)
{
	const char *images = text_empty(flags->image_path) ? "checkpoint" : flags->image_path, *work = flags->work_path;
	options->tcp_established = flags->tcp_established;
	options->unix_sockets = flags->unix_sockets;
	options->shell_job = flags->shell_job;
	options->file_locks = flags->file_locks;
	options->auto_dedup = flags->auto_dedup;
	options->lazy_pages = flags->lazy_pages;
	options->manage_cgroups = options->notify_scripts = options->orphan_terminal = true;
	options->log_level = LOG_LEVEL;
	options->log_file = log_file;
	*out_dirs = (struct criu_dirs){-1, -1, NULL};
	int rc = cgroups_read(flags->cgroups_mode, &options->cgroups, err);
	if (rc == 0)
		rc = empty_read(flags->empty_ns, &options->empty_ns, err);
	if (rc == 0)
		rc = folder_open(images, make, make, &out_dirs->images, err);
	if (rc == 0 && !text_empty(work))
		rc = folder_open(work, true, false, &out_dirs->work, err);
	if (rc < 0) {
		criu_dirs_done(out_dirs);
		return rc;
	}
	options->images_dir = out_dirs->images;
	options->work_dir = out_dirs->work > 0 ? out_dirs->work : 0;
	out_dirs->log = x_printf("%s/%s", text_empty(work) ? images : work, log_file);
	return 0;
}

void criu_dirs_done(struct criu_dirs *dirs)
{
	cleanup_fd(&dirs->images);
	cleanup_fd(&dirs->work);
	free(dirs->log);
	*dirs = (struct criu_dirs){-1, -1, NULL};
}

void criu_config_set(const struct json_map *annotations, struct criu_options *options)
{
	const char *given = json_map_get(annotations, "org.criu.config");
	options->config_file = !given ? "/etc/criu/runc.conf" : *given ? given : NULL;
}

/* --- the log --- */

void criu_log_quote(const struct context *context, const char *log)
{
	enum { LINES = 12 };
	auto_buf text = BUF_INIT(LOG_MAX);
	struct err ignored;
	int told = 0;
	if (file_read(AT_FDCWD, log, &text, &ignored) < 0)
		return;
	for (char *line = text.data, *next; line && *line && told < LINES; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (!strstr(line, "Error"))
			continue;
		auto_buf shown = BUF_INIT(LOG_MAX);
		buf_printf(&shown, "%s: ", log);
		buf_printable(&shown, line, "\t");
		context_warn(context, buf_str(&shown));
		told++;
	}
}

/* --- names --- */

static const struct {
	uint64_t flag;
	const char *name, *key;
} namespace_rows[] = {
    {CLONE_NEWNET, "net", "extRootNetNS"}, {CLONE_NEWPID, "pid", "extRootPidNS"}, {CLONE_NEWNS, "mnt", NULL},
    {CLONE_NEWIPC, "ipc", NULL},	   {CLONE_NEWUTS, "uts", NULL},		  {CLONE_NEWUSER, "user", NULL},
    {CLONE_NEWCGROUP, "cgroup", NULL},	   {CLONE_NEWTIME, "time", NULL},
};

const char *criu_namespace_key(uint64_t flag)
{
	for (size_t i = 0; i < array_size(namespace_rows); i++) {
		if (namespace_rows[i].flag == flag)
			return namespace_rows[i].key;
	}
	return NULL;
}

const char *criu_namespace_name(uint64_t flag)
{
	for (size_t i = 0; i < array_size(namespace_rows); i++) {
		if (namespace_rows[i].flag == flag)
			return namespace_rows[i].name;
	}
	return "unknown";
}

/* --- control groups as mounts --- */

static void hierarchy_add(const struct plan *plan, const struct plan_mount *mount, const char *name, bool restore,
			  struct arena *arena, struct criu_pairs *mounts)
{
	struct stat info;
	char *source = arena_printf(arena, CGROUP_ROOT "/%s%s", name, plan->cgroup ? plan->cgroup : "");
	char *whole = arena_printf(arena, CGROUP_ROOT "/%s", name);
	char *place = arena_printf(arena, "%s/%s", mount->target, name);
	if (lstat(whole, &info) < 0 || !S_ISDIR(info.st_mode) || stat(source, &info) < 0 || !S_ISDIR(info.st_mode))
		return;
	criu_pair_add(arena, mounts, place, restore ? source : place, 0);
}

int criu_cgroup_mounts(const struct plan *plan, struct arena *arena, struct criu_pairs *mounts, bool restore,
		       struct err *err)
{
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct plan_mount *mount = &plan->mounts[i];
		const struct dirent *entry;
		if (mount->kind != PLAN_MOUNT_CGROUP)
			continue;
		if (cgroup_mode() == CGROUP_V2) {
			char *source = arena_printf(arena, CGROUP_ROOT "%s", plan->cgroup ? plan->cgroup : "");
			if (!(plan->namespaces & CLONE_NEWCGROUP))
				criu_pair_add(arena, mounts, mount->target, restore ? source : mount->target, 0);
			continue;
		}
		auto_dir DIR *top = opendir(CGROUP_ROOT);
		if (!top)
			return err_sys(err, "open " CGROUP_ROOT);
		while ((entry = readdir(top))) {
			if (entry->d_name[0] != '.')
				hierarchy_add(plan, mount, entry->d_name, restore, arena, mounts);
		}
	}
	return 0;
}
