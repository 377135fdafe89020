/* Questions to registries. */
#include "base/text.h"
#include "docker/filters.h"
#include "docker/reference.h"
#include "engine/registry_job.h"

#include <string.h>

static const char *const verbs[] = {
    [REGISTRY_AUTH] = "auth",	  [REGISTRY_INSPECT] = "inspect", [REGISTRY_MANIFEST] = "manifest",
    [REGISTRY_TAGS] = "tags",	  [REGISTRY_CATALOG] = "catalog", [REGISTRY_REFERRERS] = "referrers",
    [REGISTRY_SEARCH] = "search", [REGISTRY_PUT] = "put",	  [REGISTRY_DELETE] = "delete",
};

/* The host of a question that is about no repository, as a reference that has it. */
static char *host_reference(struct arena *arena, const char *host)
{
	return arena_printf(arena, "%s/v2", host);
}

static int search_check(struct arena *arena, const char *text, struct err *err)
{
	static const char *const known[] = {"stars", "is-official", "is-automated", NULL};
	struct filters filters;
	return text_empty(text) ? 0 : filters_parse(arena, text, known, &filters, err);
}

static int reference_make(struct arena *arena, const struct engine_registry_query *query, char **out_reference,
			  struct err *err)
{
	struct reference reference;
	char full[REFERENCE_TEXT_MAX];
	switch (query->verb) {
	case REGISTRY_AUTH: {
		const char *server = text_empty(query->auth->server_address) ? AUTH_HUB : query->auth->server_address;
		*out_reference = host_reference(arena, auth_host(arena, server));
		break;
	}
	case REGISTRY_CATALOG:
		*out_reference = host_reference(arena, query->name);
		break;
	case REGISTRY_SEARCH: {
		/* "host:5000/term" searches there. */
		const char *slash = strchr(query->name, '/');
		auto_free char *host = x_strndup(query->name, slash ? (size_t)(slash - query->name) : 0);
		bool named = slash && (strpbrk(host, ".:") || text_equal(host, "localhost"));
		*out_reference = host_reference(arena, named ? host : "docker.io");
		int rc = search_check(arena, query->text, err);
		if (rc < 0)
			return rc;
		break;
	}
	default: {
		int rc = reference_parse(query->name, &reference, err);
		if (rc < 0)
			return rc;
		reference_set_default_tag(&reference);
		reference_full(&reference, full);
		*out_reference = arena_strdup(arena, full);
		return 0;
	}
	}
	return reference_parse(*out_reference, &reference, err);
}

int engine_registry_ask(struct engine *engine, const struct engine_registry_query *query, struct engine_job_sink *sink,
			struct engine_job **out_job, struct err *err)
{
	auto_arena arena = {0};
	struct registry_request request;
	registry_request_init(engine, &arena, query->auth, &request);
	int rc = reference_make(&arena, query, &request.reference, err);
	if (rc < 0)
		return rc;
	request.verb = (char *)(uintptr_t)verbs[query->verb];
	request.text = (char *)(uintptr_t)(query->text ? query->text : "");
	request.limit = query->limit;
	request.insecure = query->insecure;
	if (query->verb == REGISTRY_SEARCH) {
		const char *slash = strchr(query->name, '/');
		bool hub = text_after(request.reference, "docker.io/") != NULL;
		request.media_type = (char *)(uintptr_t)(!hub && slash ? slash + 1 : query->name);
		if (text_empty(request.media_type))
			return err_set(err, EINVAL, "no term to search for");
	}
	if (query->verb == REGISTRY_PUT && query->list) {
		size_t count = strv_count(query->list->references);
		request.text = query->list->raw;
		request.media_type = query->list->media_type;
		request.entries.items = arena_array(&arena, struct registry_entry, count + 1);
		for (; request.entries.count < count; request.entries.count++)
			request.entries.items[request.entries.count].reference =
			    query->list->references[request.entries.count];
	}
	return registry_job_begin(engine, "registry", &request, NULL, sink, out_job, err);
}
