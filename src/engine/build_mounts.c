/* RUN --mount: what the command sees, made ready one after the other. */
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/build_state.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void build_dirs_free(struct engine *engine, struct build_dir **dirs)
{
	while (*dirs) {
		struct build_dir *dir = *dirs;
		struct err ignored;
		*dirs = dir->next;
		/* What cannot be taken away now is at the next start. */
		(void)!data_unstage(engine->data, dir->name, &ignored);
		free(dir);
	}
}

void build_dir_keep(struct build_work *work, const char *name)
{
	struct build_dir *dir = x_alloc(sizeof *dir);
	snprintf(dir->name, sizeof dir->name, "%s", name);
	dir->next = work->dirs;
	work->dirs = dir;
}

static struct oci_mount *mount_add(struct build_work *work, const char *type, const char *source, const char *target,
				   const char *const *options)
{
	struct oci_mount *mount = &work->mounts[work->mount_count++];
	size_t count = 0;
	while (options[count])
		count++;
	*mount = (struct oci_mount){.type = arena_strdup(&work->arena, type),
				    .source = source ? arena_strdup(&work->arena, source) : NULL,
				    .destination = arena_strdup(&work->arena, target)};
	mount->options = arena_array(&work->arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		mount->options[i] = arena_strdup(&work->arena, options[i]);
	return mount;
}
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void env_add(struct build_work *work, char *item)
{
	size_t count = strv_count(work->env);
	char **env = arena_array(&work->arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		env[i] = work->env[i];
	env[count] = item;
	work->env = env;
}

/* --- binds --- */

/* The context is private and nobody changes it: a name that was resolved inside it stays what it is. */
static int context_source(struct build_work *work, const struct build_mount *mount, char **out_path, struct err *err)
{
	const struct engine_build *build = work->build;
	auto_fd int found = -1;
	char path[PATH_MAX], top[PATH_MAX];
	if (mount->from->number < 0 || (size_t)mount->from->number >= build->context_count)
		return err_set(err, EINVAL, "there is no context %lld", (long long)mount->from->number);
	const char *unpacked = build->unpacked[mount->from->number];
	auto_fd int context =
	    unpacked ? open(unpacked, O_PATH | O_DIRECTORY | O_CLOEXEC) : dup(build->contexts[mount->from->number]);
	if (context < 0)
		return err_sys(err, "open the context");
	const char *source = text_empty(mount->source) ? "/" : mount->source;
	int rc = path_open(context, source, PATH_IN_ROOT, O_PATH, 0, &found, err);
	if (rc < 0)
		return err_set(err, -rc, "\"%s\": %s", source, rc == -ENOENT ? "not found" : strerror(-rc));
	struct path_proc proc = path_proc_fd(found);
	ssize_t size = readlink(proc.text, path, sizeof path - 1);
	proc = path_proc_fd(context);
	ssize_t top_size = readlink(proc.text, top, sizeof top - 1);
	if (size < 0 || top_size < 0)
		return err_sys(err, "readlink");
	path[size] = top[top_size] = 0;
	const char *rest = text_after(path, top);
	if (!rest || (*rest && *rest != '/'))
		return err_set(err, EXDEV, "\"%s\" is not in the context", source);
	*out_path = arena_strdup(&work->arena, path);
	return 0;
}

/* A copy of its own, thrown away afterwards: of another root, or because it may be written to. */
static int extract_begin(struct build_work *work, const struct build_mount *mount, struct err *err)
{
	struct engine_build *build = work->build;
	char *sources[] = {NULL, NULL};
	const char *source = text_empty(mount->source) ? "/" : mount->source;
	while (*source == '/')
		source++;
	sources[0] = (char *)(*source ? source : ".");
	struct build_copy copy = {.from = *mount->from, .sources = sources, .destination = (char *)"/mount"};
	struct build_step_request request = {.kind = (char *)"extract", .copy = &copy};
	int from = -1;
	int rc = text_equal(mount->from->kind, "context")
		     ? build_context_take(build, &work->arena, mount->from->number, &request, &from, err)
		     : build_lower(build, &work->arena, build_root_layers(build, mount->from), &request.from, err);
	return rc < 0 ? rc : build_job_begin(work, &request, from, err);
}

static bool context_is_unpacked(const struct engine_build *build, int64_t number)
{
	return number >= 0 && (size_t)number < array_size(build->unpacked) && build->unpacked[number];
}

/* What the work has extracted becomes the build's. */
static void context_keep(struct build_work *work, int64_t number)
{
	struct engine_build *build = work->build;
	struct build_dir *dir = work->dirs;
	work->extracted = false;
	work->dirs = dir->next;
	dir->next = build->dirs;
	build->dirs = dir;
	build->unpacked[number] =
	    arena_printf(&build->arena, "%s/staging/%s/out/mount", build->engine->config.data_root, dir->name);
}

/* 1: ready. */
static int bind_prepare(struct build_work *work, const struct build_mount *mount, struct err *err)
{
	const char *data = work->build->engine->config.data_root;
	const char *access = mount->read_only ? "rro" : "rw";
	char *path;
	bool context = text_equal(mount->from->kind, "context");
	if (context && mount->read_only && work->build->spool >= 0) {
		/* Once for all commands of the build that look at it. */
		if (work->extracted)
			context_keep(work, mount->from->number);
		else if (!context_is_unpacked(work->build, mount->from->number))
			return extract_begin(work, &(struct build_mount){.from = mount->from}, err);
	}
	if (work->extracted) { /* its copy is made */
		work->extracted = false;
		auto_free char *made = x_printf("%s/staging/%s/out/mount", data, work->dirs->name);
		mount_add(work, "bind", made, mount->target, OPTIONS("rbind", "rprivate", access));
		return 1;
	}
	if (context && mount->read_only) {
		int rc = context_source(work, mount, &path, err);
		if (rc < 0)
			return rc;
		mount_add(work, "bind", path, mount->target, OPTIONS("rbind", "rprivate", "rro"));
		return 1;
	}
	char **layers = context ? NULL : build_root_layers(work->build, mount->from);
	const char *source = text_empty(mount->source) ? "/" : mount->source;
	if (layers && layers[0] && !layers[1] && text_equal(source, "/") && mount->read_only) {
		char **lower;
		int rc = build_lower(work->build, &work->arena, layers, &lower, err);
		if (rc < 0)
			return rc;
		mount_add(work, "bind", lower[0], mount->target, OPTIONS("rbind", "rprivate", "rro"));
		return 1;
	}
	return extract_begin(work, mount, err);
}

/* --- caches --- */

static bool lease_taken(const struct engine *engine, const char *name, bool exclusive)
{
	for (const struct engine_build *build = engine->builds; build; build = build->next) {
		for (size_t i = 0; build->stages && i < build->plan.stages.count; i++) {
			const struct build_work *work = build->stages[i].work;
			for (const struct build_lease *at = work ? work->leases : NULL; at; at = at->next) {
				if (text_equal(at->name, name) && (exclusive || !at->shared))
					return true;
			}
		}
	}
	return false;
}

void build_leases_free(struct build_work *work)
{
	bool any = work->leases != NULL;
	while (work->leases) {
		struct build_lease *lease = work->leases;
		work->leases = lease->next;
		free(lease->name);
		free(lease);
	}
	if (!any)
		return;
	/* Somebody may be waiting for it. */
	for (struct engine_build *build = work->build->engine->builds; build; build = build->next)
		build_advance_later(build);
}

static int cache_prepare(struct build_work *work, const struct build_mount *mount, struct err *err)
{
	struct engine *engine = work->build->engine;
	bool private = text_equal(mount->sharing, "private"), locked = text_equal(mount->sharing, "locked");
	const char *space = NULL;
	for (size_t i = 0; i < work->build->request.build.args.count; i++) {
		if (text_equal(work->build->request.build.args.items[i].key, "BUILDKIT_CACHE_MOUNT_NS"))
			space = work->build->request.build.args.items[i].value;
	}
	char *name = NULL;
	bool fresh = false;
	for (unsigned copy = 0; !name; copy++) {
		auto_free char *id = copy > 0 ? x_printf("%s/%s#%u", space ? space : "", mount->id, copy)
					      : x_printf("%s/%s", space ? space : "", mount->id);
		int rc = build_cache_mount(engine, id, mount, &name, &fresh, err);
		if (rc < 0)
			return rc;
		if (locked && lease_taken(engine, name, true)) {
			free(name);
			return 0; /* tried again when it is given back */
		}
		if (private && lease_taken(engine, name, true)) {
			free(name);
			name = NULL; /* a copy of its own */
		}
	}
	struct build_lease *lease = x_alloc(sizeof *lease);
	*lease = (struct build_lease){.name = name, .shared = !private && !locked, .next = work->leases};
	work->leases = lease;
	auto_free char *path = x_printf("%s/build/%s", engine->config.data_root, name);
	mount_add(work, "bind", path, mount->target, OPTIONS("rbind", "rprivate", mount->read_only ? "rro" : "rw"));
	return 1;
}

/* --- secrets, agents, memory --- */

static int secret_prepare(struct build_work *work, const struct build_mount *mount, struct err *err)
{
	const struct build_session *session = work->build->session;
	const struct build_secret *secret = NULL;
	for (size_t i = 0; session && i < session->secret_count; i++) {
		if (text_equal(session->secrets[i].id, mount->id))
			secret = &session->secrets[i];
	}
	if (!secret)
		return mount->required ? err_set(err, EINVAL, "secret %s: not found", mount->id) : 1;
	if (!text_empty(mount->env)) {
		if (!secret->text)
			return err_set(err, EINVAL, "secret %s: a zero byte cannot stand in the environment",
				       mount->id);
		env_add(work, arena_printf(&work->arena, "%s=%s", mount->env, secret->text));
	}
	if (!text_empty(mount->target)) {
		char options[80];
		snprintf(options, sizeof options, "mode=%04o,uid=%lld,gid=%lld", (unsigned)mount->mode,
			 (long long)mount->uid, (long long)mount->gid);
		mount_add(work, "tugsecret", secret->hex, mount->target, OPTIONS(options));
	}
	return 1;
}

static int ssh_prepare(struct build_work *work, const struct build_mount *mount, size_t number, struct err *err)
{
	const struct build_session *session = work->build->session;
	for (size_t i = 0; session && i < session->socket_count; i++) {
		if (!text_equal(session->sockets[i].id, mount->id))
			continue;
		char *target = !text_empty(mount->target)
				   ? mount->target
				   : arena_printf(&work->arena, "/run/buildkit/ssh_agent.%zu", number);
		mount_add(work, "bind", session->sockets[i].path, target, OPTIONS("bind", "rprivate", "rw"));
		env_add(work, arena_printf(&work->arena, "SSH_AUTH_SOCK=%s", target));
		return 1;
	}
	return mount->required ? err_set(err, EINVAL, "unset ssh forward key %s", mount->id) : 1;
}

static int tmpfs_prepare(struct build_work *work, const struct build_mount *mount)
{
	char size[40];
	snprintf(size, sizeof size, "size=%lld", (long long)mount->size);
	mount_add(work, "tmpfs", "tmpfs", mount->target,
		  OPTIONS("nosuid", "nodev", "noexec", mount->size > 0 ? size : "mode=1777"));
	return 1;
}

/* --- scripts --- */

static int script_prepare(struct build_work *work, const struct build_file *script, struct err *err)
{
	char name[STAGING_NAME];
	auto_fd int dir = -1, file = -1;
	int rc = data_stage(work->build->engine->data, name, &dir, err);
	if (rc < 0)
		return rc;
	build_dir_keep(work, name);
	file = openat(dir, "script", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (file < 0)
		return err_sys(err, "make a script");
	rc = fd_write_full(file, script->content, strlen(script->content));
	if (rc < 0)
		return err_set(err, -rc, "write a script: %s", strerror(-rc));
	if (fchmod(file, 0755) < 0)
		return err_sys(err, "make a script");
	auto_free char *path = x_printf("%s/staging/%s/script", work->build->engine->config.data_root, name);
	auto_free char *target = x_printf("/dev/pipes/%s", script->name);
	mount_add(work, "bind", path, target, OPTIONS("rbind", "rprivate", "rro"));
	return 0;
}

static int mount_prepare(struct build_work *work, const struct build_mount *mount, size_t number, struct err *err)
{
	if (text_equal(mount->type, "bind"))
		return bind_prepare(work, mount, err);
	if (text_equal(mount->type, "cache"))
		return cache_prepare(work, mount, err);
	if (text_equal(mount->type, "secret"))
		return secret_prepare(work, mount, err);
	if (text_equal(mount->type, "ssh"))
		return ssh_prepare(work, mount, number, err);
	if (text_equal(mount->type, "tmpfs"))
		return tmpfs_prepare(work, mount);
	return err_set(err, EINVAL, "unsupported mount type \"%s\"", mount->type);
}

int build_mounts_prepare(struct build_work *work, struct err *err)
{
	const struct build_run *run = work->step->run;
	if (!work->mounts) {
		work->mounts = arena_array(&work->arena, struct oci_mount, run->mounts.count + run->scripts.count + 1);
		for (size_t i = 0; i < run->scripts.count; i++) {
			int rc = script_prepare(work, &run->scripts.items[i], err);
			if (rc < 0)
				return rc;
		}
	}
	while (work->prepared < run->mounts.count) {
		int rc = mount_prepare(work, &run->mounts.items[work->prepared], work->prepared, err);
		if (rc <= 0)
			return rc;
		work->prepared++;
	}
	return 1;
}
