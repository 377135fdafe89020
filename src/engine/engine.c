#include "engine/engine.h"

#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/process.h"
#include "base/random.h"
#include "base/text.h"
#include "engine/disk_usage.h"
#include "engine/build_state.h"
#include "engine/engine_state.h"
#include "engine/image_use.h"
#include "engine/job.h"
#include "engine/names.h"
#include "engine/networks.h"
#include "engine/registry_job.h"
#include "engine/restore.h"
#include "engine/run.h"
#include "engine/task.h"
#include "runtime/cgroup_tree.h"
#include "runtime/init.h"
#include "security/apparmor.h"
#include "storage/data.h"
#include "storage/trash.h"
#include "storage/volume.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270

/* --- configuration --- */

static const char *text_copy(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static char *const *list_copy(struct arena *arena, char *const *list)
{
	size_t count = strv_count(list);
	char **copy = arena_array(arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		copy[i] = arena_strdup(arena, list[i]);
	return list ? copy : NULL;
}

static const struct json_map *map_copy(struct arena *arena, const struct json_map *map)
{
	if (!map)
		return NULL;
	struct json_map *copy = arena_new(arena, struct json_map);
	copy->items = arena_array(arena, struct json_pair, map->count + 1);
	for (; copy->count < map->count; copy->count++)
		copy->items[copy->count] = (struct json_pair){arena_strdup(arena, map->items[copy->count].key),
							      arena_strdup(arena, map->items[copy->count].value)};
	return copy;
}

static void config_copy(struct engine *engine, const struct engine_config *config)
{
	struct arena arena = {0};
	struct engine_config copy = *config;
	struct engine_pool *pools = arena_array(&arena, struct engine_pool, config->pool_count + 1);
	for (size_t i = 0; i < config->pool_count; i++)
		pools[i] = (struct engine_pool){text_copy(&arena, config->pools[i].base), config->pools[i].size};
	copy.pools = pools;
	const char **texts[] = {&copy.data_root,  &copy.exec_root,   &copy.cgroup_parent, &copy.bridge,
				&copy.bip,	  &copy.nft_table,   &copy.publish_ip,	  &copy.log_driver,
				&copy.http_proxy, &copy.https_proxy, &copy.no_proxy};
	for (size_t i = 0; i < array_size(texts); i++)
		*texts[i] = text_copy(&arena, *texts[i]);
	copy.dns = list_copy(&arena, config->dns);
	copy.dns_options = list_copy(&arena, config->dns_options);
	copy.dns_search = list_copy(&arena, config->dns_search);
	copy.cdi_spec_dirs = list_copy(&arena, config->cdi_spec_dirs);
	copy.registry_mirrors = list_copy(&arena, config->registry_mirrors);
	copy.insecure_registries = list_copy(&arena, config->insecure_registries);
	copy.registry_certs = list_copy(&arena, config->registry_certs);
	copy.labels = list_copy(&arena, config->labels);
	copy.log_options = map_copy(&arena, config->log_options);
	arena_done(&engine->config_arena);
	engine->config_arena = arena;
	engine->config = copy;
}

/* What only a start can change stays as it is. */
void engine_reload(struct engine *engine, const struct engine_config *config)
{
	struct engine_config next = *config;
	const struct engine_config *now = &engine->config;
	next.data_root = now->data_root;
	next.exec_root = now->exec_root;
	next.cgroup_parent = now->cgroup_parent;
	next.bridge = now->bridge;
	next.bip = now->bip;
	next.nft_table = now->nft_table;
	next.pools = now->pools;
	next.pool_count = now->pool_count;
	config_copy(engine, &next);
	event_publish(&engine->bus, "daemon", "reload", engine->id, &(struct json_map){0}, NULL);
}

/* --- open --- */

static int run_dir_open(struct engine *engine, struct err *err)
{
	const char *path = engine->config.exec_root;
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int found = -1, containers = -1;
	int rc = path_make_dirs(root, path + 1, PATH_IN_ROOT, 0700, &found, err);
	if (rc < 0)
		return err_wrap(err, "exec-root %s", path);
	engine->run = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (engine->run < 0)
		return err_sys(err, "exec-root %s", path);
	return path_make_dirs(engine->run, "containers", PATH_NO_LINKS, 0700, &containers, err);
}

/* The engine's identity, for info: made once. */
static int id_read(struct engine *engine, struct err *err)
{
	auto_buf text = BUF_INIT(128);
	struct err missing;
	char id[65];
	if (file_read(engine->data, "engine-id", &text, &missing) == 0 && text.len == 64) {
		engine->id = x_strdup(text.data);
		return 0;
	}
	random_id(id);
	engine->id = x_strdup(id);
	return file_replace(engine->data, "engine-id", id, 64, 0600, err);
}

static int journal_open(struct engine *engine, struct err *err)
{
	auto_buf boot = BUF_INIT(128);
	int rc = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot, err);
	if (rc < 0)
		return rc;
	engine->boot = x_strndup(boot.data, strcspn(boot.data, "\n"));
	return event_journal_open(engine->data, engine->boot, 0, &engine->bus.journal, err);
}

static int record_open(struct engine *engine, struct err *err)
{
	auto_free char *path = x_printf("%s/tug.db", engine->config.data_root);
	int rc = database_open(path, &engine->database, err);
	if (rc == 0)
		rc = container_migrate(engine->database, err);
	if (rc == 0)
		rc = build_migrate(engine->database, err);
	if (rc == 0)
		rc = trash_staging(engine->data, err);
	if (rc == 0)
		rc = image_store_open(engine->database, engine->data, &engine->images, err);
	if (rc == 0)
		rc = volume_open(engine->database, engine->data, err);
	if (rc == 0)
		rc = disk_usage_migrate(engine->database, err);
	return rc < 0 ? rc : container_load_all(engine, err);
}

/* Compiled filters are kept beside the record; without the directory they are compiled every time. */
static void seccomp_cache_open(struct engine *engine)
{
	struct err ignored;
	auto_fd int found = -1;
	if (path_make_dirs(engine->data, "seccomp", PATH_NO_LINKS, 0700, &found, &ignored) == 0)
		engine->seccomp_cache = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Once for all containers: what they reach as /proc/PID/exe of their monitor is no file of the host's (CVE-2019-5736).
 */
static int monitor_seal(struct engine *engine, struct err *err)
{
	auto_free char *path = NULL;
	int rc = process_sibling("tug-monitor", &path, err);
	if (rc < 0)
		return rc;
	auto_fd int file = open(path, O_RDONLY | O_CLOEXEC);
	return file < 0 ? err_sys(err, "open %s", path) : init_seal(file, "tug-monitor", &engine->monitor, err);
}

/* Without the profile containers are confined by all the rest; a host that counts on it is told. */
static void apparmor_start(struct engine *engine)
{
	struct err err;
	engine->apparmor = apparmor_is_enabled();
	engine->apparmor_default = engine->apparmor && apparmor_default_load(&err) == 0;
	if (engine->apparmor && !engine->apparmor_default)
		log_error(LOG_LEVEL_WARN, &err, "containers have no profile of AppArmor's", NULL);
}

static int engine_start_up(struct engine *engine, struct err *err)
{
	struct statfs cgroups;
	struct err missing;
	engine->cgroup_v2 = statfs("/sys/fs/cgroup", &cgroups) == 0 && cgroups.f_type == CGROUP2_MAGIC;
	int rc = data_open(engine->config.data_root, &engine->data, err);
	if (rc == 0)
		rc = run_dir_open(engine, err);
	if (rc == 0)
		rc = id_read(engine, err);
	if (rc == 0)
		rc = process_sibling("tugd", &engine->tugd, err);
	if (rc == 0)
		rc = monitor_seal(engine, err);
	if (rc == 0 && process_sibling("tug-reaper", &engine->reaper, &missing) < 0)
		engine->reaper = NULL; /* --init says so */
	if (rc == 0)
		rc = journal_open(engine, err);
	if (rc == 0)
		rc = record_open(engine, err);
	if (rc == 0)
		seccomp_cache_open(engine);
	if (rc == 0)
		apparmor_start(engine);
	if (rc == 0)
		rc = networks_start(engine, err);
	if (rc == 0)
		rc = names_open(engine, err);
	return rc < 0 ? rc : restore_all(engine, err);
}

int engine_open(struct loop *loop, const struct engine_config *config, struct engine **out_engine, struct err *err)
{
	struct engine *engine = x_alloc(sizeof *engine);
	engine->loop = loop;
	engine->data = engine->run = engine->seccomp_cache = engine->monitor = -1;
	config_copy(engine, config);
	int rc = engine_start_up(engine, err);
	if (rc < 0) {
		engine_close(engine);
		return rc;
	}
	image_use_collect(engine);
	job_trash(engine);
	*out_engine = engine;
	return 0;
}

void engine_close(struct engine *engine)
{
	if (!engine)
		return;
	builds_end(engine);
	build_sessions_end(engine);
	jobs_end(engine);
	pulls_forget(engine);
	loop_task_remove(&engine->queue_task);
	tasks_end(engine);
	strv_free(engine->volumes_left);
	while (engine->containers) {
		struct container *container = engine->containers;
		if (container->run)
			run_free(container->run);
		attach_drop_early(container);
		exec_forget(container);
		container_free(container);
	}
	names_close(engine);
	networks_stop(engine);
	run_forget_children(engine);
	image_store_close(engine->images);
	database_close(engine->database);
	if (engine->data >= 0)
		close(engine->data);
	if (engine->run >= 0)
		close(engine->run);
	if (engine->seccomp_cache >= 0)
		close(engine->seccomp_cache);
	arena_done(&engine->seccomp_arena);
	event_bus_done(&engine->bus);
	arena_done(&engine->config_arena);
	free(engine->id);
	free(engine->boot);
	free(engine->tugd);
	cleanup_fd(&engine->monitor);
	free(engine->reaper);
	free(engine);
}

/* --- purge --- */

static int cgroups_purge(const char *parent, struct err *err)
{
	for (const char *const *name = cgroup_hierarchies(cgroup_mode()); *name; name++) {
		auto_free char *path = x_printf(CGROUP_ROOT "/%s%s", *name, parent);
		if (rmdir(path) < 0 && errno != ENOENT && errno != EROFS)
			return err_sys(err, "remove %s", path);
	}
	return 0;
}

int engine_purge(const struct engine_config *config, struct err *err)
{
	int rc = networks_purge(config->nft_table, err);
	return rc < 0 ? rc : cgroups_purge(config->cgroup_parent, err);
}
