/* create: the image's configuration and the defaults are put into the request, and the result into the record. */
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/engine_state.h"
#include "engine/create.h"
#include "engine/create_check.h"
#include "engine/membership.h"
#include "engine/name.h"
#include "engine/resource_check.h"
#include "engine/volumes.h"

#include <stdlib.h>
#include <string.h>

/* --- what the image adds --- */

static size_t env_name_size(const char *text)
{
	return strcspn(text, "=");
}

static bool env_has(char *const *env, const char *item)
{
	size_t size = env_name_size(item);
	for (; env && *env; env++) {
		if (env_name_size(*env) == size && strncmp(*env, item, size) == 0)
			return true;
	}
	return false;
}

/* What the user said, then what only the image says. */
static char **env_merge(struct arena *arena, char *const *own, char *const *image)
{
	char **env = arena_array(arena, char *, strv_count(own) + strv_count(image) + 1);
	size_t count = 0;
	for (char *const *item = own; item && *item; item++)
		env[count++] = *item;
	for (char *const *item = image; item && *item; item++) {
		if (!env_has(own, *item))
			env[count++] = *item;
	}
	return env;
}

static void labels_merge(struct arena *arena, struct json_map *own, const struct json_map *image)
{
	struct json_pair *pairs = arena_array(arena, struct json_pair, own->count + image->count + 1);
	if (own->count > 0)
		memcpy(pairs, own->items, own->count * sizeof *pairs);
	size_t count = own->count;
	for (size_t i = 0; i < image->count; i++) {
		if (!json_map_get(own, image->items[i].key))
			pairs[count++] = image->items[i];
	}
	*own = (struct json_map){pairs, count};
}

static void ports_merge(struct arena *arena, struct container_config *config, const struct oci_image_run *image)
{
	struct set_member *members =
	    arena_array(arena, struct set_member, config->exposed_ports.count + image->exposed_ports.count + 1);
	size_t count = 0;
	for (; count < config->exposed_ports.count; count++)
		members[count] = config->exposed_ports.items[count];
	for (size_t i = 0; i < image->exposed_ports.count; i++) {
		const char *key = image->exposed_ports.items[i].key;
		char *whole = strchr(key, '/') ? arena_strdup(arena, key) : arena_printf(arena, "%s/tcp", key);
		bool there = false;
		for (size_t k = 0; k < count && !there; k++)
			there = text_equal(members[k].key, whole);
		if (!there)
			members[count++].key = whole;
	}
	config->exposed_ports.items = members;
	config->exposed_ports.count = count;
}

static void volumes_merge(struct arena *arena, struct container_config *config, const struct oci_image_run *image)
{
	struct set_member *members =
	    arena_array(arena, struct set_member, config->volumes.count + image->volumes.count + 1);
	size_t count = 0;
	for (; count < config->volumes.count; count++)
		members[count] = config->volumes.items[count];
	for (size_t i = 0; i < image->volumes.count; i++) {
		bool there = false;
		for (size_t k = 0; k < count && !there; k++)
			there = text_equal(members[k].key, image->volumes.items[i].key);
		if (!there)
			members[count++].key = image->volumes.items[i].key;
	}
	config->volumes.items = members;
	config->volumes.count = count;
}

/* What the user leaves open is the image's. */
static void health_merge(struct arena *arena, struct container_config *config, const struct oci_healthcheck *image)
{
	struct health_config *own = config->healthcheck;
	if (!image)
		return;
	if (!own)
		own = config->healthcheck = arena_new(arena, struct health_config);
	if (!own->test || !own->test[0])
		own->test = image->test;
	if (!own->interval_ns)
		own->interval_ns = image->interval;
	if (!own->timeout_ns)
		own->timeout_ns = image->timeout;
	if (!own->start_period_ns)
		own->start_period_ns = image->start_period;
	if (!own->start_interval_ns)
		own->start_interval_ns = image->start_interval;
	if (!own->retries)
		own->retries = image->retries;
}

static void image_merge(struct arena *arena, struct container_config *config, const struct oci_image_run *image)
{
	if (text_empty(config->user))
		config->user = image->user;
	if (text_empty(config->working_dir))
		config->working_dir = image->working_dir;
	if (text_empty(config->stop_signal))
		config->stop_signal = image->stop_signal;
	/* An entry point of one's own does not go with the image's command. */
	if (!config->entrypoint || !config->entrypoint[0]) {
		if (!config->cmd || !config->cmd[0])
			config->cmd = image->cmd;
		config->entrypoint = image->entrypoint;
	}
	if (!config->shell)
		config->shell = image->shell;
	health_merge(arena, config, image->healthcheck);
	config->env = env_merge(arena, config->env, image->env);
	labels_merge(arena, &config->labels, &image->labels);
	ports_merge(arena, config, image);
	volumes_merge(arena, config, image);
}

/* Entry point and command; "Entrypoint": [""] stands for none. */
static int argv_build(struct arena *arena, const struct container_config *config, char ***out_argv, struct err *err)
{
	char *const *entrypoint = config->entrypoint;
	if (entrypoint && entrypoint[0] && !*entrypoint[0] && !entrypoint[1])
		entrypoint = NULL;
	size_t count = 0;
	char **argv = arena_array(arena, char *, strv_count(entrypoint) + strv_count(config->cmd) + 1);
	for (; entrypoint && *entrypoint; entrypoint++)
		argv[count++] = *entrypoint;
	for (char *const *item = config->cmd; item && *item; item++)
		argv[count++] = *item;
	if (count == 0 || !*argv[0])
		return err_set(err, EINVAL, "no command specified");
	*out_argv = argv;
	return 0;
}

/* --- the defaults --- */

static void text_default(char **text, const char *value)
{
	if (text_empty(*text))
		*text = (char *)value;
}

static void log_defaults(const struct engine *engine, struct log_config *log)
{
	bool ours = text_empty(log->type);
	text_default(&log->type, text_empty(engine->config.log_driver) ? "json-file" : engine->config.log_driver);
	if (ours && log->config.count == 0 && engine->config.log_options)
		log->config = *engine->config.log_options;
}

void create_host_defaults(const struct engine *engine, struct host_config *host)
{
	enum { SHM_DEFAULT = 64 << 20 };
	if (text_empty(host->network_mode) || text_equal(host->network_mode, "default"))
		host->network_mode = (char *)"bridge";
	text_default(&host->ipc_mode, "private");
	text_default(&host->cgroupns_mode, engine->cgroup_v2 && !host->privileged ? "private" : "host");
	text_default(&host->restart_policy.name, "no");
	text_default(&host->runtime, "tug");
	log_defaults(engine, &host->log);
	if (host->shm_size == 0)
		host->shm_size = engine->config.shm_size > 0 ? engine->config.shm_size : SHM_DEFAULT;
	if (host->memory > 0 && host->memory_swap == 0)
		host->memory_swap = 2 * host->memory;
	if (host->pids_limit && *host->pids_limit <= 0)
		host->pids_limit = NULL;
}

/* Also one that is being created. */
static const struct container *name_holder(struct engine *engine, const char *name)
{
	for (const struct creation *at = engine->creations; at; at = at->next) {
		if (text_equal(at->container->name, name))
			return at->container;
	}
	return container_by_name(engine, name);
}

/* A name of the user's own, or one that is made up and free. */
static int name_choose(struct engine *engine, const char *wanted, char **out_name, struct err *err)
{
	enum { ATTEMPTS = 100 };
	char name[NAME_TEXT];
	if (wanted) {
		const char *bare = wanted + (wanted[0] == '/');
		int rc = name_check(bare, err);
		if (rc < 0)
			return rc;
		const struct container *other = name_holder(engine, bare);
		if (other)
			return err_set(err, EEXIST,
				       "Conflict. The container name \"/%s\" is already in use by container \"%s\". "
				       "You have to remove "
				       "(or rename) that container to be able to reuse that name.",
				       bare, other->id);
		*out_name = x_strdup(bare);
		return 0;
	}
	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		name_make_up(attempt, name);
		if (!name_holder(engine, name)) {
			*out_name = x_strdup(name);
			return 0;
		}
	}
	return err_set(err, EAGAIN, "no free name for the container was found: give one");
}

/* The container's own copy of the request: by way of JSON, as the record will keep it. */
static int document_copy(struct container *container, const struct container_create *request, struct err *err)
{
	enum { REQUEST_MAX = 8 << 20 };
	auto_buf text = BUF_INIT(REQUEST_MAX);
	struct container_document document = {.config = request->config, .host = request->host};
	json_encode(&text, &table_container_document, &document);
	int rc = buf_check(&text, "the container's configuration", err);
	return rc < 0 ? rc
		      : json_load(&container->arena, &table_container_document, text.data, text.len, "configuration", 0,
				  &container->document, err);
}

static int document_fill(struct container *container, struct err *err)
{
	struct engine *engine = container->engine;
	struct container_document *document = &container->document;
	struct image image;
	struct oci_image config = {0};
	if (text_empty(document->config.image))
		return err_set(err, EINVAL, "no image specified");
	document->image = document->config.image;
	int rc = image_find(engine->images, &container->arena, document->image, &image, err);
	if (rc == 0)
		rc = image_config(engine->images, &container->arena, &image.id, &config, err);
	if (rc < 0)
		return rc;
	document->image_id = arena_strdup(&container->arena, image.id.text);
	if (config.config)
		image_merge(&container->arena, &document->config, config.config);
	create_host_defaults(engine, &document->host);
	if (text_empty(document->config.hostname))
		document->config.hostname = arena_strndup(&container->arena, container->id, ID_SHORT);
	return argv_build(&container->arena, &document->config, &document->argv, err);
}

static int container_make(struct container *container, const char *name, const struct container_create *request,
			  char ***made, char ***warnings, struct err *err)
{
	struct engine *engine = container->engine;
	random_id(container->id);
	container->created_ns = time_wall_ns();
	int rc = name_choose(engine, name, &container->name, err);
	if (rc == 0)
		rc = document_copy(container, request, err);
	if (rc == 0)
		rc = document_fill(container, err);
	if (rc == 0)
		rc = create_check(engine, &container->document, err);
	if (rc == 0)
		resource_adapt(&container->document.host, engine->cgroup_v2, warnings);
	if (rc == 0)
		rc = membership_resolve(container, &request->networking, err);
	return rc < 0 ? rc : mounts_resolve(engine, &container->arena, &container->document, made, err);
}

int engine_create(struct engine *engine, struct arena *arena, const char *name, const struct container_create *request,
		  struct container_created *out_created, struct engine_call *call, struct err *err)
{
	struct container *container = x_alloc(sizeof *container);
	char **made = NULL, **warnings = NULL;
	container->engine = engine;
	int rc = container_make(container, name, request, &made, &warnings, err);
	if (rc < 0) {
		volumes_undo(engine, made);
		strv_free(made);
		strv_free(warnings);
		container_free(container);
		return rc;
	}
	struct creation *creation = x_alloc(sizeof *creation);
	*creation = (struct creation){.engine = engine,
				      .container = container,
				      .made = made,
				      .warnings = warnings,
				      .out_created = out_created,
				      .out_arena = arena};
	return creation_begin(creation, call, err);
}
