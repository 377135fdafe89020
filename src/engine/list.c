/* The list of containers and its filters. */
#include "base/text.h"
#include "docker/filters.h"
#include "engine/engine_state.h"
#include "engine/health.h"
#include "engine/networks.h"
#include "engine/query_filters.h"
#include "engine/size.h"
#include "engine/view.h"

#include <string.h>

/* What the filters are about, once for the whole list. */
struct filter_state {
	struct engine *engine;
	struct arena *arena;
	struct filters filters;
	int64_t before_ns, since_ns; /* 0: not asked */
	bool status;		     /* a filter on states shows stopped ones too */
};

static int status_check(const struct filters *filters, struct err *err)
{
	static const char *const words[] = {"created", "restarting", "running", "removing", "paused", "exited", "dead"};
	char *const *values = filters_values(filters, "status");
	for (; values && *values; values++) {
		bool found = false;
		for (size_t i = 0; i < array_size(words) && !found; i++)
			found = text_equal(*values, words[i]);
		if (!found)
			return err_set(err, EINVAL, "invalid filter 'status=%s'", *values);
	}
	values = filters_values(filters, "exited");
	for (; values && *values; values++) {
		int64_t code;
		int rc = number_parse(*values, 0, 255, "exited", &code, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* "before" and "since" name a container. */
static int border_find(struct filter_state *state, const char *key, int64_t *out_ns, struct err *err)
{
	char *const *values = filters_values(&state->filters, key);
	struct container *container;
	if (!values)
		return 0;
	int rc = container_find(state->engine, values[0], &container, err);
	if (rc == 0)
		*out_ns = container->created_ns;
	return rc;
}

static int filters_start(struct filter_state *state, const struct engine_query *query, struct err *err)
{
	static const char *const known[] = {"ancestor", "before",    "exited", "expose", "health",  "id",
					    "is-task",	"isolation", "label",  "name",	 "network", "publish",
					    "since",	"status",    "volume", NULL};
	query_filters(state->arena, query, &state->filters);
	int rc = query_filters_check(&state->filters, known, err);
	if (rc == 0)
		rc = status_check(&state->filters, err);
	if (rc == 0)
		rc = border_find(state, "before", &state->before_ns, err);
	if (rc == 0)
		rc = border_find(state, "since", &state->since_ns, err);
	state->status = filters_values(&state->filters, "status") || filters_values(&state->filters, "exited");
	return rc;
}

/* An image fits by name or ID of itself or of one that its layers begin with. */
static bool ancestor_fits(struct filter_state *state, const struct container *container)
{
	char *const *values = filters_values(&state->filters, "ancestor");
	struct digest id;
	struct image own, wanted;
	struct err ignored;
	if (!values)
		return true;
	if (digest_parse(container->document.image_id, &id, &ignored) < 0 ||
	    image_find_id(state->engine->images, state->arena, &id, &own, &ignored) < 0)
		return false;
	for (; *values; values++) {
		if (text_equal(*values, container->document.image))
			return true;
		if (image_find(state->engine->images, state->arena, *values, &wanted, &ignored) < 0)
			continue;
		size_t count = strv_count(wanted.layers);
		bool prefix = count > 0 && count <= strv_count(own.layers);
		for (size_t i = 0; prefix && i < count; i++)
			prefix = text_equal(wanted.layers[i], own.layers[i]);
		if (prefix || text_equal(wanted.id.text, own.id.text))
			return true;
	}
	return false;
}

/* "80", "80/tcp" against a port of the container. */
static bool port_value_fits(const char *wanted, const char *port)
{
	return text_equal(wanted, port) || (!strchr(wanted, '/') && strlen(wanted) + 4 == strlen(port) &&
					    text_after(port, wanted) && text_ends(port, "/tcp"));
}

/* By a network's name or ID. */
static bool network_fits(const struct filters *filters, const struct container *container)
{
	const struct container_document *document = &container->document;
	bool fits = !filters_values(filters, "network");
	for (size_t i = 0; i < document->networks.count && !fits; i++) {
		const char *id = document->networks.items[i].key;
		fits = filters_fit_prefix(filters, "network", id) ||
		       filters_fit(filters, "network", networks_name(container->engine, id));
	}
	return fits;
}

static bool ports_fit(const struct filter_state *state, const struct container *container)
{
	char *const *published = filters_values(&state->filters, "publish"), *const *exposed = filters_values(
										 &state->filters, "expose");
	bool fits = !published;
	for (; published && *published && !fits; published++) {
		for (size_t i = 0; i < container->address.ports.count && !fits; i++)
			fits = port_value_fits(*published, container->address.ports.items[i].container);
	}
	bool shows = !exposed;
	for (; exposed && *exposed && !shows; exposed++) {
		for (size_t i = 0; i < container->document.config.exposed_ports.count && !shows; i++)
			shows = port_value_fits(*exposed, container->document.config.exposed_ports.items[i].key);
	}
	return fits && shows;
}

static bool volume_fits(const struct filter_state *state, const struct container *container, struct arena *arena)
{
	size_t count;
	if (!filters_values(&state->filters, "volume"))
		return true;
	const struct mount_point *mounts = mounts_view(container, arena, &count);
	for (size_t i = 0; i < count; i++) {
		if (filters_fit(&state->filters, "volume", mounts[i].name ? mounts[i].name : mounts[i].source) ||
		    filters_fit(&state->filters, "volume", mounts[i].destination))
			return true;
	}
	return false;
}

static bool name_fits(const struct filters *filters, const struct container *container)
{
	auto_free char *slashed = x_printf("/%s", container->name);
	return filters_fit_pattern(filters, "name", container->name) || filters_fit_pattern(filters, "name", slashed);
}

static bool container_fits(struct filter_state *state, const struct container *container, bool all)
{
	const struct filters *filters = &state->filters;
	char code[16];
	snprintf(code, sizeof code, "%d", container->exit_code);
	const char *status = container_status(container);
	if (!all && !state->status && !state_is_running(container->state) && !text_equal(status, "restarting"))
		return false;
	if (state->before_ns && container->created_ns >= state->before_ns)
		return false;
	if (state->since_ns && container->created_ns <= state->since_ns)
		return false;
	if (filters_values(filters, "exited") &&
	    (!text_equal(status, "exited") || !filters_fit(filters, "exited", code)))
		return false;
	return filters_fit_prefix(filters, "id", container->id) && name_fits(filters, container) &&
	       filters_fit(filters, "status", status) &&
	       filters_fit(filters, "health", health_status_name(health_status(container))) &&
	       filters_fit(filters, "is-task", "false") && filters_fit(filters, "isolation", "default") &&
	       network_fits(filters, container) &&
	       filters_fit_labels(filters, "label", &container->document.config.labels) &&
	       ports_fit(state, container) && volume_fits(state, container, state->arena) &&
	       ancestor_fits(state, container);
}

/* The image's name as the user gave it, or the ID when that name means another image now. */
static char *image_shown(const struct container *container, struct arena *arena)
{
	struct image image;
	struct err ignored;
	if (image_find(container->engine->images, arena, container->document.image, &image, &ignored) == 0 &&
	    text_equal(image.id.text, container->document.image_id))
		return container->document.image;
	return container->document.image_id;
}

static int summary_fill(struct container *container, struct arena *arena, bool size, struct container_summary *summary,
			struct err *err)
{
	char **names = arena_array(arena, char *, 2);
	names[0] = arena_printf(arena, "/%s", container->name);
	*summary = (struct container_summary){
	    .id = container->id,
	    .names = names,
	    .image = image_shown(container, arena),
	    .image_id = container->document.image_id,
	    .command = (char *)view_command(container->document.argv, arena),
	    .created = container->created_ns / 1000000000,
	    .labels = container->document.config.labels,
	    .state = (char *)container_status(container),
	    .status = (char *)view_status(container, arena),
	    .host = {.network_mode = container->document.host.network_mode,
		     .annotations = container->document.host.annotations},
	};
	if (container->life.death && !container->run) {
		summary->reason = container->life.death->reason;
		summary->reason_kind = container->life.death->kind;
	}
	summary->network_settings.networks.items =
	    view_networks(container, arena, &summary->network_settings.networks.count, NULL);
	summary->ports.items = view_ports(container, arena, &summary->ports.count);
	summary->mounts.items = mounts_view(container, arena, &summary->mounts.count);
	return size ? size_of(container, arena, &summary->size_rw, &summary->size_root_fs, err) : 0;
}

int engine_list(struct engine *engine, struct arena *arena, const struct engine_query *query,
		struct engine_list *out_list, struct err *err)
{
	struct filter_state state = {.engine = engine, .arena = arena};
	size_t room = 0, count = 0;
	int rc = filters_start(&state, query, err);
	if (rc < 0)
		return rc;
	for (const struct container *at = engine->containers; at; at = at->next)
		room++;
	struct container_summary *items = arena_array(arena, struct container_summary, room + 1);
	for (struct container *at = engine->containers; at; at = at->next) {
		if (at->state == STATE_REMOVED || !container_fits(&state, at, query->all || query->limit > 0))
			continue;
		rc = summary_fill(at, arena, query->size, &items[count++], err);
		if (rc < 0)
			return rc;
		if (query->limit > 0 && count == (size_t)query->limit)
			break;
	}
	*out_list = (struct engine_list){items, count};
	return 0;
}
