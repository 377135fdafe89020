#include "engine/volumes.h"

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/filters.h"
#include "docker/prune.h"
#include "engine/creation.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "engine/prune.h"
#include "engine/query_filters.h"
#include "storage/volume.h"

#include <string.h>
#include <sys/mount.h>

char *volumes_mountpoint(const struct engine *engine, struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/volumes/%s/_data", engine->config.data_root, name);
}

void volumes_event(struct engine *engine, const char *name, const char *action, const struct json_map *more)
{
	auto_arena arena = {0};
	size_t count = more ? more->count : 0;
	struct json_pair *pairs = arena_array(&arena, struct json_pair, count + 1);
	pairs[0] = (struct json_pair){(char *)"driver", (char *)VOLUME_DRIVER};
	for (size_t i = 0; more && i < count; i++)
		pairs[i + 1] = more->items[i];
	event_publish(&engine->bus, "volume", action, name, &(struct json_map){pairs, count + 1}, NULL);
}

/* --- who uses it --- */

static bool document_has(const struct container_document *document, const char *name)
{
	for (size_t i = 0; i < document->mounts.count; i++) {
		const struct container_mount *mount = &document->mounts.items[i];
		if (text_equal(mount->type, "volume") && text_equal(mount->name, name))
			return true;
	}
	return false;
}

size_t volumes_users(const struct engine *engine, const char *name, struct buf *ids)
{
	size_t count = 0;
	for (const struct container *at = engine->containers; at; at = at->next) {
		if (at->state == STATE_REMOVED || !document_has(&at->document, name))
			continue;
		if (ids)
			buf_printf(ids, "%s%s", count ? ", " : "", at->id);
		count++;
	}
	for (const struct creation *at = engine->creations; at; at = at->next) {
		if (!document_has(&at->container->document, name))
			continue;
		if (ids)
			buf_printf(ids, "%s%s", count ? ", " : "", at->container->id);
		count++;
	}
	return count;
}

bool volumes_running(const struct engine *engine, const char *name, const struct container *except)
{
	for (const struct container *at = engine->containers; at; at = at->next) {
		if (at != except && (state_is_running(at->state) || at->state == STATE_STARTING) &&
		    document_has(&at->document, name))
			return true;
	}
	return false;
}

/* --- create --- */

static int request_check(const struct volume_create *request, struct err *err)
{
	const char *name = request->name;
	int rc = volume_driver_check(request->driver, err);
	if (rc < 0)
		return err_wrap(err, "create %s", name);
	rc = volume_name_check(name, err);
	if (rc < 0)
		return rc;
	rc = volume_options_check(&request->options, err);
	return rc < 0 ? err_wrap(err, "create %s", name) : 0;
}

static int volume_new(struct engine *engine, const struct volume_create *request, bool pending, struct err *err)
{
	const struct volume volume = {.name = request->name,
				      .options = request->options,
				      .labels = request->labels,
				      .created_ns = time_wall_ns(),
				      .pending = pending};
	int rc = volume_make(engine->database, engine->data, &volume, err);
	if (rc == 0)
		volumes_event(engine, request->name, "create", NULL);
	return rc;
}

/* What a full disk kept from being taken back. */
static void left_retry(struct engine *engine)
{
	auto_strv char **names = engine->volumes_left;
	struct err ignored;
	engine->volumes_left = NULL;
	volumes_undo(engine, names);
	if (engine->volumes_unswept && volume_sweep(engine->database, engine->data, &ignored) == 0) {
		engine->volumes_unswept = false;
		job_trash(engine);
	}
}

int volumes_ensure(struct engine *engine, const struct volume_create *request, bool *out_made, struct err *err)
{
	left_retry(engine);
	auto_arena arena = {0};
	struct volume volume;
	int rc = request_check(request, err);
	if (rc < 0)
		return rc;
	rc = volume_find(engine->database, &arena, request->name, &volume, err);
	*out_made = rc == -ENOENT;
	return rc == -ENOENT ? volume_new(engine, request, true, err) : rc;
}

static void info_fill(const struct engine *engine, struct arena *arena, const struct volume *volume,
		      struct volume_info *out_info)
{
	char text[TIME_TEXT];
	time_rfc3339_short(volume->created_ns / 1000000000 * 1000000000, text);
	*out_info = (struct volume_info){
	    .created_at = arena_strdup(arena, text),
	    .driver = (char *)VOLUME_DRIVER,
	    .labels = volume->labels,
	    .mountpoint = volumes_mountpoint(engine, arena, volume->name),
	    .name = volume->name,
	    .options = volume->options,
	    .scope = (char *)"local",
	};
}

int engine_volume_create(struct engine *engine, struct arena *arena, const struct volume_create *request,
			 struct volume_info *out_volume, struct err *err)
{
	struct volume_create whole = *request;
	struct volume volume;
	char id[65];
	if (text_empty(request->name)) {
		random_id(id);
		struct json_pair *pairs = arena_array(arena, struct json_pair, request->labels.count + 1);
		for (size_t i = 0; i < request->labels.count; i++)
			pairs[i + 1] = request->labels.items[i];
		pairs[0] = (struct json_pair){(char *)VOLUME_ANONYMOUS, (char *)""};
		whole.labels = (struct json_map){pairs, request->labels.count + 1};
		whole.name = id;
	}
	left_retry(engine);
	int rc = request_check(&whole, err);
	if (rc < 0)
		return rc;
	/* Docker: what is there already is the answer. */
	rc = volume_find(engine->database, arena, whole.name, &volume, err);
	if (rc == -ENOENT)
		rc = volume_new(engine, &whole, false, err);
	else if (rc == 0 && volume.pending)
		rc = volume_keep(engine->database, whole.name, err);
	if (rc == 0)
		rc = volume_find(engine->database, arena, whole.name, &volume, err);
	if (rc == 0)
		info_fill(engine, arena, &volume, out_volume);
	return rc;
}

int engine_volume_inspect(struct engine *engine, struct arena *arena, const char *name, struct volume_info *out_volume,
			  struct err *err)
{
	struct volume volume;
	left_retry(engine);
	int rc = volume_find(engine->database, arena, name, &volume, err);
	if (rc == 0)
		info_fill(engine, arena, &volume, out_volume);
	return rc;
}

/* --- list --- */

struct selection {
	struct filters filters;
	bool dangling, dangling_asked;
};

static int selection_read(struct arena *arena, const struct engine_query *query, struct selection *out_selection,
			  struct err *err)
{
	static const char *const known[] = {"name", "driver", "label", "dangling", NULL};
	struct selection selection = {0};
	query_filters(arena, query, &selection.filters);
	int rc = query_filters_check(&selection.filters, known, err);
	if (rc == 0)
		rc = filters_bool(&selection.filters, "dangling", &selection.dangling, err);
	selection.dangling_asked = filters_values(&selection.filters, "dangling") != NULL;
	if (rc == 0)
		*out_selection = selection;
	return rc;
}

static bool selected(const struct engine *engine, const struct selection *selection, const struct volume *volume)
{
	const struct filters *filters = &selection->filters;
	if (selection->dangling_asked && selection->dangling != (volumes_users(engine, volume->name, NULL) == 0))
		return false;
	return filters_fit_pattern(filters, "name", volume->name) && filters_fit(filters, "driver", VOLUME_DRIVER) &&
	       filters_fit_labels(filters, "label", &volume->labels);
}

int engine_volume_list(struct engine *engine, struct arena *arena, const struct engine_query *query,
		       struct volume_list_answer *out_list, struct err *err)
{
	struct selection selection;
	struct volume_list list;
	left_retry(engine);
	int rc = selection_read(arena, query, &selection, err);
	if (rc == 0)
		rc = volume_all(engine->database, arena, &list, err);
	if (rc < 0)
		return rc;
	struct volume_list_answer answer = {0};
	answer.volumes.items = arena_array(arena, struct volume_info, list.count + 1);
	for (size_t i = 0; i < list.count; i++) {
		if (selected(engine, &selection, &list.items[i]))
			info_fill(engine, arena, &list.items[i], &answer.volumes.items[answer.volumes.count++]);
	}
	*out_list = answer;
	return 0;
}

/* --- remove --- */

/* Nobody uses it. What its options had mounted goes with it. */
static int volume_drop(struct engine *engine, const char *name, struct err *err)
{
	auto_arena arena = {0};
	(void)umount2(volumes_mountpoint(engine, &arena, name), MNT_DETACH | UMOUNT_NOFOLLOW);
	int rc = volume_remove(engine->database, engine->data, name, err);
	if (rc < 0)
		return rc;
	engine->volumes_unswept = engine->volumes_unswept || rc > 0;
	volumes_event(engine, name, "destroy", NULL);
	return 0;
}

int engine_volume_remove(struct engine *engine, const char *name, bool force, struct err *err)
{
	auto_arena arena = {0};
	auto_buf ids = BUF_INIT(900);
	struct volume volume;
	left_retry(engine);
	int rc = volume_find(engine->database, &arena, name, &volume, err);
	if (rc == -ENOENT && force)
		return 0;
	if (rc < 0)
		return rc;
	if (volumes_users(engine, name, &ids) > 0)
		return err_set(err, EBUSY, "remove %s: volume is in use - [%s]", name, buf_str(&ids));
	rc = volume_drop(engine, name, err);
	if (rc == 0)
		job_trash(engine);
	return rc;
}

void volumes_undo(struct engine *engine, char *const *names)
{
	bool any = false;
	for (; names && *names; names++) {
		auto_arena arena = {0};
		struct volume volume;
		struct err err;
		/* Another creation may have come to use it meanwhile. */
		if (volume_find(engine->database, &arena, *names, &volume, &err) < 0 || !volume.pending ||
		    volumes_users(engine, *names, NULL) > 0)
			continue;
		any = true;
		if (volume_drop(engine, *names, &err) < 0) {
			log_error(LOG_LEVEL_WARN, &err, "cannot take a volume back", "volume", *names, NULL);
			strv_push(&engine->volumes_left, x_strdup(*names));
		}
	}
	if (any)
		job_trash(engine);
}

char **volumes_anonymous(const struct container *container)
{
	char **names = NULL;
	for (size_t i = 0; i < container->document.mounts.count; i++) {
		const struct container_mount *mount = &container->document.mounts.items[i];
		if (text_equal(mount->type, "volume") && mount->anonymous)
			strv_push(&names, x_strdup(mount->name));
	}
	return names;
}

int volumes_doom(const struct container *container, struct err *err)
{
	auto_strv char **names = volumes_anonymous(container);
	int rc = 0;
	for (char **name = names; rc == 0 && name && *name; name++) {
		if (volumes_users(container->engine, *name, NULL) == 1)
			rc = volume_doom(container->engine->database, *name, err);
	}
	return rc;
}

/* --- prune --- */

static bool prunable(const struct engine *engine, const struct filters *filters, bool all, const struct volume *volume)
{
	return !volume->pending && (all || json_map_get(&volume->labels, VOLUME_ANONYMOUS) != NULL) &&
	       volumes_users(engine, volume->name, NULL) == 0 && prune_fits_labels(filters, &volume->labels);
}

/* Somebody may have begun to use it while it was measured. */
static int volume_prune(struct engine *engine, const char *name, struct err *err)
{
	return volumes_users(engine, name, NULL) > 0 ? 1 : volume_drop(engine, name, err);
}

static int volumes_choose(struct pruning *pruning, const struct engine_query *query, bool all, struct err *err)
{
	static const char *const known[] = {"label", "label!", "all", NULL};
	struct filters filters;
	struct volume_list list;
	size_t count = 0;
	query_filters(&pruning->arena, query, &filters);
	int rc = query_filters_check(&filters, known, err);
	if (rc == 0)
		rc = filters_bool(&filters, "all", &all, err);
	if (rc == 0)
		rc = volume_all(pruning->engine->database, &pruning->arena, &list, err);
	if (rc < 0)
		return rc;
	pruning->items = arena_array(&pruning->arena, char *, list.count + 1);
	pruning->paths = arena_array(&pruning->arena, char *, list.count + 1);
	for (size_t i = 0; i < list.count; i++) {
		if (!prunable(pruning->engine, &filters, all, &list.items[i]))
			continue;
		pruning->paths[count] = arena_printf(&pruning->arena, "volumes/%s", list.items[i].name);
		pruning->items[count++] = list.items[i].name;
	}
	return 0;
}

void engine_volume_prune(struct engine *engine, const struct engine_query *query, bool all_names,
			 struct engine_prune *prune)
{
	struct pruning *pruning = pruning_new(engine, "volume", volume_prune);
	struct err err;
	if (volumes_choose(pruning, query, all_names, &err) < 0) {
		pruning_free(pruning);
		prune->call.done(&prune->call, &err);
		return;
	}
	pruning_run(pruning, prune);
}
