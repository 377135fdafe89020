/* Images as the API shows them. */
#include "base/text.h"
#include "base/time.h"
#include "docker/reference.h"
#include "docker/filters.h"
#include "engine/creation.h"
#include "docker/prune.h"
#include "engine/engine_state.h"
#include "image/store_blobs.h"
#include "engine/image_use.h"
#include "image/store_query.h"
#include "engine/job.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* Full references as people write them. */
static char **tags_familiar(struct arena *arena, char *const *tags)
{
	size_t count = 0;
	char **list = arena_array(arena, char *, strv_count(tags) + 1);
	for (; tags && *tags; tags++) {
		struct reference reference;
		struct err ignored;
		char text[REFERENCE_TEXT_MAX];
		if (reference_parse(*tags, &reference, &ignored) < 0)
			continue; /* the store writes only what it has parsed */
		reference_familiar(&reference, text);
		list[count++] = arena_strdup(arena, text);
	}
	return list;
}

/* "alpine@sha256:..." */
static int digests_familiar(struct engine *engine, struct arena *arena, const struct digest *id, char ***out_list,
			    struct err *err)
{
	char **full;
	int rc = image_digests(engine->images, arena, id, &full, err);
	if (rc == 0)
		*out_list = tags_familiar(arena, full);
	return rc;
}

static char *time_text(struct arena *arena, int64_t ns)
{
	char text[TIME_TEXT];
	time_rfc3339_short(ns, text);
	return arena_strdup(arena, text);
}

/* --- list --- */

struct image_filters {
	struct engine *engine;
	struct arena *arena;
	struct filters filters;
	bool dangling, dangling_asked;
	int64_t before_ns, since_ns, until_ns;
	bool shared;
};

static void image_event(struct engine *engine, const char *action, const char *id, const char *name)
{
	struct json_pair pair = {(char *)"name", (char *)name};
	event_publish(&engine->bus, "image", action, id, &(struct json_map){&pair, 1}, NULL);
}

static int border_find(struct image_filters *state, const char *value, int64_t *out_ns, struct err *err)
{
	struct image image;
	int rc = image_find(state->engine->images, state->arena, value, &image, err);
	if (rc == 0)
		*out_ns = image.created_ns;
	return rc;
}

static int filters_read(struct image_filters *state, const struct engine_query *query, struct err *err)
{
	static const char *const known[] = {"dangling", "label", "before", "since", "until", "reference", "label!"};
	int rc = 0;
	state->filters.items = arena_array(state->arena, struct filter, query->filter_count + 1);
	for (size_t i = 0; i < query->filter_count && rc == 0; i++) {
		const char *key = query->filters[i].key, *value = query->filters[i].value;
		bool found = false;
		for (size_t k = 0; k < array_size(known) && !found; k++)
			found = text_equal(key, known[k]);
		if (!found)
			return err_set(err, EINVAL, "invalid filter '%s'", key);
		if (text_equal(key, "before"))
			rc = border_find(state, value, &state->before_ns, err);
		else if (text_equal(key, "since"))
			rc = border_find(state, value, &state->since_ns, err);
		/* one value per item: references and labels are looked at one by one */
		struct filter *filter = &state->filters.items[state->filters.count++];
		filter->key = key;
		filter->values = arena_array(state->arena, char *, 2);
		filter->values[0] = arena_strdup(state->arena, value);
	}
	if (rc == 0)
		rc = prune_until(&state->filters, time_wall_ns(), &state->until_ns, err);
	if (rc == 0 && filters_values(&state->filters, "dangling")) {
		state->dangling_asked = true;
		rc = filters_bool(&state->filters, "dangling", &state->dangling, err);
	}
	return rc;
}

/* "alpine", "alpine:3*", "registry/team/x" */
static bool reference_fits(const char *pattern, const char *tag)
{
	const char *slash = strrchr(tag, '/'), *colon = strrchr(slash ? slash : tag, ':');
	auto_free char *name = x_strndup(tag, colon ? (size_t)(colon - tag) : strlen(tag));
	return fnmatch(pattern, tag, FNM_PATHNAME) == 0 || fnmatch(pattern, name, FNM_PATHNAME) == 0;
}

/* Leaves only the tags that a reference filter fits; false when none is left. */
static bool references_fit(const struct image_filters *state, char **tags)
{
	bool asked = false;
	size_t count = 0;
	for (size_t i = 0; tags[i]; i++) {
		bool fits = false;
		for (size_t k = 0; k < state->filters.count; k++) {
			if (!text_equal(state->filters.items[k].key, "reference"))
				continue;
			asked = true;
			fits = fits || reference_fits(state->filters.items[k].values[0], tags[i]);
		}
		if (fits || !asked)
			tags[count++] = tags[i];
	}
	tags[count] = NULL;
	for (size_t k = 0; k < state->filters.count; k++)
		asked = asked || text_equal(state->filters.items[k].key, "reference");
	return !asked || count > 0;
}

static bool labels_fit(const struct image_filters *state, const struct json_map *labels)
{
	for (size_t i = 0; i < state->filters.count; i++) {
		const struct filters one = {&state->filters.items[i], 1};
		bool label = text_equal(state->filters.items[i].key, "label"),
		     no_label = text_equal(state->filters.items[i].key, "label!");
		if ((label || no_label) && !prune_fits_labels(&one, labels))
			return false;
	}
	return true;
}

static int summary_fill(struct image_filters *state, const struct image *image, struct image_summary *summary,
			bool *out_fits, struct err *err)
{
	struct json_map labels;
	int rc = image_labels(state->engine->images, state->arena, &image->id, &labels, err);
	if (rc < 0)
		return rc;
	*summary = (struct image_summary){
	    .containers = image_use_count(state->engine, image->id.text),
	    .created = image->created_ns / 1000000000,
	    .id = arena_strdup(state->arena, image->id.text),
	    .labels = labels,
	    .parent_id = (char *)"",
	    .repo_tags = tags_familiar(state->arena, image->tags),
	    .shared_size = -1,
	    .size = (int64_t)image->size,
	};
	rc = digests_familiar(state->engine, state->arena, &image->id, &summary->repo_digests, err);
	if (rc < 0)
		return rc;
	bool dangling = (!image->tags || !image->tags[0]) && !summary->repo_digests[0];
	*out_fits = (!state->dangling_asked || state->dangling == dangling) &&
		    (!state->before_ns || image->created_ns < state->before_ns) &&
		    (!state->since_ns || image->created_ns > state->since_ns) && image->created_ns < state->until_ns &&
		    labels_fit(state, &summary->labels) && references_fit(state, summary->repo_tags);
	uint64_t shared;
	if (!state->shared || !*out_fits)
		return 0;
	rc = image_shared_size(state->engine->images, &image->id, &shared, err);
	if (rc == 0)
		summary->shared_size = (int64_t)shared;
	return rc;
}

int engine_images(struct engine *engine, struct arena *arena, const struct engine_query *query,
		  struct engine_image_list *out_list, struct err *err)
{
	struct image_filters state = {.engine = engine, .arena = arena, .shared = query->size};
	struct image_list list;
	int rc = filters_read(&state, query, err);
	if (rc == 0)
		rc = image_list(engine->images, arena, &list, err);
	if (rc < 0)
		return rc;
	struct image_summary *items = arena_array(arena, struct image_summary, list.count + 1);
	size_t count = 0;
	for (size_t i = 0; i < list.count; i++) {
		bool fits;
		rc = summary_fill(&state, &list.items[i], &items[count], &fits, err);
		if (rc < 0)
			return rc;
		count += fits;
	}
	*out_list = (struct engine_image_list){items, count};
	return 0;
}

/* --- inspect, history --- */

static struct health_config *health_copy(struct arena *arena, const struct oci_healthcheck *health)
{
	if (!health)
		return NULL;
	struct health_config *copy = arena_new(arena, struct health_config);
	*copy = (struct health_config){
	    .test = health->test,
	    .interval_ns = health->interval,
	    .timeout_ns = health->timeout,
	    .start_period_ns = health->start_period,
	    .start_interval_ns = health->start_interval,
	    .retries = health->retries,
	};
	return copy;
}

static struct set_member *members_copy(struct arena *arena, const struct oci_set_member *members, size_t count)
{
	struct set_member *copy = arena_array(arena, struct set_member, count + 1);
	for (size_t i = 0; i < count; i++)
		copy[i].key = members[i].key;
	return copy;
}

static struct image_run_config *run_config(struct arena *arena, const struct oci_image_run *run)
{
	struct image_run_config *config = arena_new(arena, struct image_run_config);
	if (!run)
		return config;
	*config = (struct image_run_config){
	    .user = run->user,
	    .env = run->env,
	    .entrypoint = run->entrypoint,
	    .cmd = run->cmd,
	    .working_dir = run->working_dir,
	    .labels = run->labels,
	    .stop_signal = run->stop_signal,
	    .args_escaped = run->args_escaped,
	    .healthcheck = health_copy(arena, run->healthcheck),
	    .on_build = run->on_build,
	    .shell = run->shell,
	};
	config->exposed_ports.items = members_copy(arena, run->exposed_ports.items, run->exposed_ports.count);
	config->exposed_ports.count = run->exposed_ports.count;
	config->volumes.items = members_copy(arena, run->volumes.items, run->volumes.count);
	config->volumes.count = run->volumes.count;
	return config;
}

static struct json_map driver_data(const struct engine *engine, struct arena *arena, char *const *lower)
{
	struct json_pair *pairs = arena_array(arena, struct json_pair, 3);
	size_t count = 0;
	auto_buf below = BUF_INIT(1 << 20);
	for (char *const *layer = lower && *lower ? lower + 1 : NULL; layer && *layer; layer++)
		buf_printf(&below, "%s%s/%s", below.len ? ":" : "", engine->config.data_root, *layer);
	if (below.len > 0)
		pairs[count++] = (struct json_pair){(char *)"LowerDir", arena_strdup(arena, below.data)};
	if (lower && *lower)
		pairs[count++] = (struct json_pair){(char *)"UpperDir",
						    arena_printf(arena, "%s/%s", engine->config.data_root, *lower)};
	return (struct json_map){pairs, count};
}

int engine_image_inspect(struct engine *engine, struct arena *arena, const char *name,
			 struct image_inspect *out_inspect, struct err *err)
{
	struct image image;
	struct oci_image config = {0};
	char **lower;
	int rc = image_find(engine->images, arena, name, &image, err);
	if (rc == 0)
		rc = image_config(engine->images, arena, &image.id, &config, err);
	char **digests = NULL;
	if (rc == 0)
		rc = image_lower_dirs(engine->images, arena, &image.id, &lower, err);
	if (rc == 0)
		rc = digests_familiar(engine, arena, &image.id, &digests, err);
	if (rc < 0)
		return rc;
	*out_inspect = (struct image_inspect){
	    .id = arena_strdup(arena, image.id.text),
	    .repo_tags = tags_familiar(arena, image.tags),
	    .repo_digests = digests,
	    .parent = (char *)"",
	    .comment = config.comment ? config.comment : (char *)"",
	    .created = config.created,
	    .docker_version = config.docker_version ? config.docker_version : (char *)"",
	    .author = config.author ? config.author : (char *)"",
	    .config = run_config(arena, config.config),
	    .architecture = config.architecture,
	    .variant = config.variant,
	    .os = config.os,
	    .os_version = config.os_version,
	    .size = (int64_t)image.size,
	    .graph_driver = {.name = (char *)"overlay2", .data = driver_data(engine, arena, lower)},
	    .root_fs = {.type = (char *)"layers", .layers = image.layers},
	    .metadata = {.last_tag_time = image.stored_ns ? time_text(arena, image.stored_ns) : NULL},
	};
	return 0;
}

int engine_image_history(struct engine *engine, struct arena *arena, const char *name,
			 struct engine_history *out_history, struct err *err)
{
	struct image image;
	struct oci_image config = {0};
	int rc = image_find(engine->images, arena, name, &image, err);
	if (rc == 0)
		rc = image_config(engine->images, arena, &image.id, &config, err);
	if (rc < 0)
		return rc;
	size_t count = config.history.count;
	struct image_history_item *items = arena_array(arena, struct image_history_item, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct oci_history *entry = &config.history.items[count - 1 - i];
		int64_t created = 0;
		if (!text_empty(entry->created) && time_parse_rfc3339(entry->created, &created) < 0)
			created = 0;
		items[i] = (struct image_history_item){
		    .comment = entry->comment ? entry->comment : (char *)"",
		    .created = created / 1000000000,
		    .created_by = entry->created_by ? entry->created_by : (char *)"",
		    .id = i == 0 ? arena_strdup(arena, image.id.text) : (char *)"<missing>",
		    .tags = i == 0 && image.tags && image.tags[0] ? tags_familiar(arena, image.tags) : NULL,
		};
	}
	/* The steps that made a layer, from the first on, belong to the layers from the base on. */
	uint64_t *sizes;
	size_t layers, layer = 0;
	rc = image_layer_sizes(engine->images, arena, &image.id, &sizes, &layers, err);
	if (rc < 0)
		return rc;
	for (size_t i = count; i-- > 0;) {
		if (!config.history.items[count - 1 - i].empty_layer && layer < layers)
			items[i].size = (int64_t)sizes[layer++];
	}
	*out_history = (struct engine_history){items, count};
	return 0;
}

/* --- tag, remove --- */

int engine_image_tag(struct engine *engine, const char *name, const char *repository, const char *tag, struct err *err)
{
	auto_arena arena = {0};
	struct image image;
	int rc = image_tag(engine->images, name, repository, tag, err);
	if (rc == 0)
		rc = image_find(engine->images, &arena, name, &image, err);
	if (rc < 0)
		return rc;
	image_event(engine, "tag", image.id.text,
		    arena_printf(&arena, "%s:%s", repository, text_empty(tag) ? "latest" : tag));
	return 0;
}

int engine_image_remove(struct engine *engine, struct arena *arena, const char *name, bool force,
			struct engine_deleted_list *out_deleted, struct err *err)
{
	struct image_removed_list removed = {0};
	const struct image_users users = {image_use_find, engine};
	struct image image;
	int rc = image_find(engine->images, arena, name, &image, err);
	if (rc == 0)
		rc = image_remove(engine->images, arena, name, force, &users, &removed, err);
	if (rc < 0)
		return rc;
	struct image_deleted *items = arena_array(arena, struct image_deleted, removed.count + 1);
	for (size_t i = 0; i < removed.count; i++) {
		items[i] = (struct image_deleted){removed.items[i].untagged, removed.items[i].deleted};
		image_event(engine, items[i].deleted ? "delete" : "untag", image.id.text,
			    items[i].deleted ? items[i].deleted : items[i].untagged);
	}
	job_trash(engine);
	*out_deleted = (struct engine_deleted_list){items, removed.count};
	return 0;
}
