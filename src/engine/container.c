#include "engine/container.h"

#include "base/log.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/health.h"
#include "engine/membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

JSON_TYPE(container_port, F_STR(struct container_port, container, "Container", 0),
	  F_STR(struct container_port, host_ip, "HostIp", 0), F_U32(struct container_port, host_port, "HostPort", 0));

JSON_TYPE(container_place, F_STR(struct container_place, network, "Network", 0),
	  F_STR(struct container_place, id, "ID", 0), F_STR(struct container_place, four, "IPv4", JSON_OMIT),
	  F_STR(struct container_place, six, "IPv6", JSON_OMIT),
	  F_STR(struct container_place, gateway_four, "GatewayIPv4", JSON_OMIT),
	  F_STR(struct container_place, gateway_six, "GatewayIPv6", JSON_OMIT),
	  F_STR(struct container_place, mac, "Mac", 0), F_STR(struct container_place, device, "Device", 0),
	  F_U32(struct container_place, port, "Port", 0),
	  F_I64(struct container_place, priority, "Priority", JSON_OMIT));

JSON_TYPE(container_address, F_LIST(struct container_address, places, "Places", JSON_OMIT, container_place),
	  F_LIST(struct container_address, ports, "Ports", JSON_OMIT, container_port));

JSON_TYPE(container_life, F_I64(struct container_life, restart_count, "RestartCount", JSON_OMIT),
	  F_I64(struct container_life, backoff_ns, "Backoff", JSON_OMIT),
	  F_BOOL(struct container_life, stopped_by_user, "StoppedByUser", JSON_OMIT),
	  F_I64(struct container_life, oom_kills, "OOMKills", JSON_OMIT),
	  F_I64(struct container_life, log_dropped, "LogDropped", JSON_OMIT),
	  F_STR(struct container_life, boot, "Boot", JSON_OMIT),
	  F_POINTER(struct container_life, death, "Death", JSON_OMIT, container_death),
	  F_POINTER(struct container_life, health, "Health", JSON_OMIT, health_state));

JSON_TYPE(container_document, F_STR(struct container_document, image, "Image", 0),
	  F_STR(struct container_document, image_id, "ImageID", 0), F_STRV(struct container_document, argv, "Argv", 0),
	  F_OBJECT(struct container_document, config, "Config", 0, container_config),
	  F_OBJECT(struct container_document, host, "HostConfig", 0, host_config),
	  F_LIST(struct container_document, mounts, "Mounts", 0, container_mount),
	  F_BOOL(struct container_document, mounts_decided, "MountsDecided", 0),

	  F_BOOL(struct container_document, step, "BuildStep", JSON_OMIT),
	  F_OBJECT_MAP(struct container_document, networks, "Networks", 0, endpoint_settings),
	  F_BOOL(struct container_document, networks_decided, "NetworksDecided", 0));

enum { DOCUMENT_MAX = 8 << 20 };

static const char *const migrations[] = {
    "CREATE TABLE container (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, image_id TEXT NOT NULL,"
    " created INTEGER NOT NULL, document TEXT NOT NULL, state INTEGER NOT NULL, started INTEGER NOT NULL,"
    " finished INTEGER NOT NULL, exit_code INTEGER NOT NULL, pid INTEGER NOT NULL, oom_killed INTEGER NOT NULL,"
    " error TEXT, address TEXT NOT NULL) STRICT",
    "ALTER TABLE container ADD COLUMN life TEXT NOT NULL DEFAULT '{}'",
};

int container_migrate(struct database *database, struct err *err)
{
	return database_migrate(database, "container", migrations, array_size(migrations), err);
}

/* --- reading --- */

static int row_read(struct container *container, struct query *query, struct err *err)
{
	const char *document = query_text(query, 3), *address = query_text(query, 11), *life = query_text(query, 12);
	snprintf(container->id, sizeof container->id, "%s", query_text(query, 0));
	container->name = x_strdup(query_text(query, 1));
	container->created_ns = query_i64(query, 2);
	container->state = (enum state)query_i64(query, 4);
	container->started_ns = query_i64(query, 5);
	container->finished_ns = query_i64(query, 6);
	container->exit_code = (int)query_i64(query, 7);
	container->pid = (int)query_i64(query, 8);
	container->oom_killed = query_i64(query, 9) != 0;
	container->error = query_text(query, 10) ? x_strdup(query_text(query, 10)) : NULL;
	if ((unsigned)container->state >= STATE_COUNT)
		return err_set(err, EUCLEAN, "the record of container %s has an unknown state", container->id);
	int rc = json_load(&container->arena, &table_container_document, document, strlen(document), "document", 0,
			   &container->document, err);
	if (rc == 0 && !container->document.mounts_decided)
		rc = mounts_upgrade(&container->arena, &container->document, err);
	if (rc == 0 && !container->document.networks_decided)
		membership_upgrade(container);
	if (rc == 0)
		rc = json_load(&container->address_arena, &table_container_address, address, strlen(address), "address",
			       0, &container->address, err);
	if (rc == 0)
		rc = json_load(&container->life_arena, &table_container_life, life, strlen(life), "life", 0,
			       &container->life, err);
	return rc < 0 ? err_wrap(err, "the record of container %s", container->id) : 0;
}

int container_load_all(struct engine *engine, struct err *err)
{
	auto_query struct query *query = NULL;
	int more =
	    database_query(engine->database,
			   "SELECT id, name, created, document, state, started, finished, exit_code, pid, oom_killed,"
			   " error, address, life FROM container ORDER BY created",
			   NULL, &query, err);
	while (more == 0 && (more = query_next(query, err)) > 0) {
		struct container *container = x_alloc(sizeof *container);
		container->engine = engine;
		container->next = engine->containers;
		engine->containers = container;
		more = row_read(container, query, err);
	}
	return more;
}

/* --- writing --- */

int container_insert(struct container *container, struct err *err)
{
	auto_buf document = BUF_INIT(DOCUMENT_MAX);
	json_encode(&document, &table_container_document, &container->document);
	int rc = buf_check(&document, "the container's configuration", err);
	if (rc == 0)
		rc = database_run(container->engine->database,
				  "INSERT INTO container VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, NULL, '{}', '{}')",
				  BIND(bind_text(container->id), bind_text(container->name),
				       bind_text(container->document.image_id), bind_i64(container->created_ns),
				       bind_text(buf_str(&document)), bind_i64(container->state)),
				  err);
	if (rc < 0)
		return rc;
	container->next = container->engine->containers;
	container->engine->containers = container;
	return 0;
}

int container_save(struct container *container, struct err *err)
{
	auto_arena arena = {0};
	auto_buf address = BUF_INIT(DOCUMENT_MAX), life = BUF_INIT(DOCUMENT_MAX);
	json_encode(&address, &table_container_address, &container->address);
	struct container_life now = container->life;
	if (container->health)
		now.health = health_view(container, &arena);
	json_encode(&life, &table_container_life, &now);
	return database_run(
	    container->engine->database,
	    "UPDATE container SET state = ?, started = ?, finished = ?, exit_code = ?, pid = ?, oom_killed = ?,"
	    " error = ?, address = ?, life = ? WHERE id = ?",
	    BIND(bind_i64(container->state), bind_i64(container->started_ns), bind_i64(container->finished_ns),
		 bind_i64(container->exit_code), bind_i64(container->pid), bind_i64(container->oom_killed),
		 bind_text(container->error), bind_text(buf_str(&address)), bind_text(buf_str(&life)),
		 bind_text(container->id)),
	    err);
}

/* Its texts may be the document's: they become its own. */
static int address_own(struct container *container, struct err *err)
{
	auto_buf text = BUF_INIT(DOCUMENT_MAX);
	struct arena arena = {0};
	struct container_address copy = {0};
	json_encode(&text, &table_container_address, &container->address);
	int rc = buf_check(&text, "the container's address", err);
	if (rc == 0)
		rc = json_load(&arena, &table_container_address, text.data, text.len, "address", 0, &copy, err);
	if (rc < 0) {
		arena_done(&arena);
		return rc;
	}
	arena_done(&container->address_arena);
	container->address_arena = arena;
	container->address = copy;
	return 0;
}

int container_save_document(struct container *container, const struct container_document *document, struct err *err)
{
	auto_buf text = BUF_INIT(DOCUMENT_MAX);
	struct arena arena = {0};
	struct container_document copy = {0};
	json_encode(&text, &table_container_document, document);
	int rc = buf_check(&text, "the container's configuration", err);
	if (rc == 0)
		rc = address_own(container, err);
	if (rc == 0)
		rc = json_load(&arena, &table_container_document, text.data, text.len, "configuration", 0, &copy, err);
	if (rc == 0)
		rc = database_run(container->engine->database, "UPDATE container SET document = ? WHERE id = ?",
				  BIND(bind_text(buf_str(&text)), bind_text(container->id)), err);
	if (rc < 0) {
		arena_done(&arena);
		return rc;
	}
	arena_done(&container->arena);
	container->arena = arena;
	container->document = copy;
	return 0;
}

int container_save_name(struct container *container, const char *name, struct err *err)
{
	int rc = database_run(container->engine->database, "UPDATE container SET name = ? WHERE id = ?",
			      BIND(bind_text(name), bind_text(container->id)), err);
	if (rc < 0)
		return rc;
	free(container->name);
	container->name = x_strdup(name);
	return 0;
}

int container_delete(struct container *container, struct err *err)
{
	return database_run(container->engine->database, "DELETE FROM container WHERE id = ?",
			    BIND(bind_text(container->id)), err);
}

void container_free(struct container *container)
{
	struct container **link = &container->engine->containers;
	while (*link && *link != container)
		link = &(*link)->next;
	if (*link)
		*link = container->next;
	arena_done(&container->arena);
	arena_done(&container->address_arena);
	arena_done(&container->life_arena);
	arena_done(&container->death_arena);
	loop_timer_stop(&container->restart_timer);
	health_free(container);
	free(container->name);
	free(container->error);
	strv_free(container->left);
	free(container);
}

/* --- finding --- */

struct container *container_by_name(struct engine *engine, const char *name)
{
	for (struct container *at = engine->containers; at; at = at->next) {
		if (text_equal(at->name, name))
			return at;
	}
	return NULL;
}

int container_find(struct engine *engine, const char *name, struct container **out_container, struct err *err)
{
	struct container *found = NULL;
	const char *bare = name[0] == '/' ? name + 1 : name;
	for (struct container *at = engine->containers; at; at = at->next) {
		if (text_equal(at->id, name)) {
			*out_container = at;
			return 0;
		}
	}
	if (*bare && (found = container_by_name(engine, bare))) {
		*out_container = found;
		return 0;
	}
	for (struct container *at = engine->containers; at && *name; at = at->next) {
		if (!text_after(at->id, name))
			continue;
		if (found)
			return err_set(err, EINVAL, "multiple IDs found with provided prefix: %s", name);
		found = at;
	}
	if (!found)
		return err_set(err, ENOENT, "No such container: %s", name);
	*out_container = found;
	return 0;
}

/* --- changing --- */

char *container_cgroup(const struct container *container)
{
	const char *own = container->document.host.cgroup_parent;
	const char *parent = text_empty(own) ? container->engine->config.cgroup_parent : own;
	size_t size = strlen(parent);
	while (size > 0 && parent[size - 1] == '/')
		size--;
	return x_printf("%s%.*s/%s", *parent == '/' || size == 0 ? "" : "/", (int)size, parent, container->id);
}

const char *container_status(const struct container *container)
{
	if (container->state == STATE_STARTING && container->again)
		return state_docker(STATE_RESTARTING, true);
	return state_docker(container->state, container->started_ns != 0);
}

/* A move that the table does not have would be our fault: it is told, and the fact still counts. */
void container_became(struct container *container, enum state to)
{
	struct err err;
	enum state from = container->state;
	if (!state_may(from, to))
		log_warn("a container went where it may not go", "container", container->id, "from", state_name(from),
			 "to", state_name(to));
	container->state = to;
	if (container_save(container, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err, "cannot record what became of a container", "container", container->id,
			  NULL);
}

int container_turn(struct container *container, enum state to, struct err *err)
{
	enum state from = container->state;
	if (!state_may(from, to))
		return err_set(err, EBUSY, "container %s is %s: it cannot become %s", container->id, state_name(from),
			       state_name(to));
	container->state = to;
	return 0;
}

int container_change(struct container *container, enum state to, struct err *err)
{
	enum state from = container->state;
	int rc = container_turn(container, to, err);
	if (rc < 0)
		return rc;
	rc = container_save(container, err);
	if (rc < 0)
		container->state = from;
	return rc;
}

void container_event(struct container *container, const char *action, ...)
{
	enum { PAIRS_MAX = 8 };
	auto_arena arena = {0};
	const struct json_map *labels = &container->document.config.labels;
	struct json_pair *pairs = arena_array(&arena, struct json_pair, labels->count + 2 + PAIRS_MAX);
	size_t count = 0;
	for (; count < labels->count; count++)
		pairs[count] = labels->items[count];
	pairs[count++] = (struct json_pair){arena_strdup(&arena, "image"), container->document.image};
	pairs[count++] = (struct json_pair){arena_strdup(&arena, "name"), container->name};
	va_list args;
	va_start(args, action);
	const char *key;
	for (size_t i = 0; i < PAIRS_MAX && (key = va_arg(args, const char *)); i++)
		pairs[count++] =
		    (struct json_pair){arena_strdup(&arena, key), arena_strdup(&arena, va_arg(args, const char *))};
	va_end(args);
	event_publish(&container->engine->bus, "container", action, container->id, &(struct json_map){pairs, count},
		      container->document.image);
}
