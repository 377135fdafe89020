/* tugd job registry: what is only asked of a registry, and small documents that are put there. */
#include "base/base64.h"
#include "base/text.h"
#include "docker/filters.h"
#include "docker/registry.h"
#include "image/report.h"
#include "registry/challenge.h"
#include "registry/session.h"
#include "registry/upload.h"

#include <string.h>

enum { ANSWER_MAX = 7 << 20, LIST_MAX = 100000, MANIFESTS_MAX = 256, PAGES_MAX = 1000 };

struct query_job {
	struct registry_session session;
	const struct endpoint *endpoint;
	struct buf answer;
};

static char *keep(struct query_job *job, const char *text)
{
	return arena_strdup(&job->session.arena, text);
}

/* One request at the first endpoint that answers; what it answers is the caller's to judge. */
static int ask(struct query_job *job, const char *path, const char *scope, struct call *call, struct err *err)
{
	struct registry_session *session = &job->session;
	int rc = err_set(err, EINVAL, "no registry to ask");
	for (size_t i = 0; i < session->endpoints.count; i++) {
		const struct endpoint *endpoint = &session->endpoints.items[i];
		if (i > 0)
			call_end(call);
		*call = (struct call){.endpoint = endpoint,
				      .method = "GET",
				      .url = arena_printf(&session->arena, "%s%s", endpoint->base.text, path),
				      .scope = scope,
				      .answer_max = MANIFEST_MAX};
		rc = call_do(&session->registry, call, err);
		job->endpoint = endpoint;
		if (endpoint_settled(call, rc) || !endpoint->plain_next)
			break;
	}
	return rc;
}

/* --- login --- */

static int verb_auth(struct query_job *job, struct err *err)
{
	struct call call = {0};
	struct auth_response response = {.status = (char *)"Login Succeeded", .identity_token = (char *)""};
	job->session.registry.offline = true;
	int rc = ask(job, "/v2/", NULL, &call, err);
	if (rc == 0)
		rc = call_check(&call, err);
	call_end(&call);
	if (rc < 0)
		return strstr(err->msg, "\"http") ? rc : err_wrap(err, "Get \"%s/v2/\"", job->endpoint->base.text);
	if (job->session.registry.refresh_token)
		response.identity_token = job->session.registry.refresh_token;
	json_encode(&job->answer, &table_auth_response, &response);
	return 0;
}

/* --- manifests --- */

static const char *reference_wanted(const struct registry_session *session)
{
	const struct reference *reference = &session->reference;
	return *reference->digest ? reference->digest : *reference->tag ? reference->tag : REFERENCE_DEFAULT_TAG;
}

static struct distribution_descriptor descriptor_of(struct query_job *job, const struct fetched *fetched)
{
	return (struct distribution_descriptor){fetched->manifest.media_type, keep(job, fetched->digest.text),
						(int64_t)fetched->call.transfer.answer.len};
}

/* An image says in its configuration what it runs on. */
static int platform_find(struct query_job *job, const struct fetched *fetched, struct oci_platform *out_platform,
			 struct err *err)
{
	auto_buf text = BUF_INIT(MANIFEST_MAX);
	struct oci_image config = {0};
	int rc = session_blob(&job->session, fetched->endpoint, &fetched->manifest.image.config, &text, err);
	if (rc == 0)
		rc = json_load(&job->session.arena, &table_oci_image, text.data, text.len, "image configuration", 0,
			       &config, err);
	if (rc < 0)
		return rc;
	*out_platform = (struct oci_platform){.architecture = config.architecture,
					      .os = config.os,
					      .os_version = config.os_version,
					      .os_features = config.os_features,
					      .variant = config.variant};
	return 0;
}

static int verb_inspect(struct query_job *job, struct err *err)
{
	struct fetched top;
	struct distribution_inspect inspect = {0};
	int rc = session_manifest(&job->session, reference_wanted(&job->session), &top, err);
	if (rc == 0) {
		size_t count = top.manifest.kind == MANIFEST_INDEX ? top.manifest.index.manifests.count : 1;
		inspect.descriptor = descriptor_of(job, &top);
		inspect.platforms.items = arena_array(&job->session.arena, struct oci_platform, count + 1);
		if (top.manifest.kind == MANIFEST_IMAGE) {
			inspect.platforms.count = 1;
			rc = platform_find(job, &top, &inspect.platforms.items[0], err);
		}
		for (size_t i = 0; top.manifest.kind == MANIFEST_INDEX && i < count; i++) {
			const struct oci_platform *platform = top.manifest.index.manifests.items[i].platform;
			if (platform)
				inspect.platforms.items[inspect.platforms.count++] = *platform;
		}
	}
	if (rc == 0)
		json_encode(&job->answer, &table_distribution_inspect, &inspect);
	fetched_done(&top);
	return rc;
}

static int entry_fill(struct query_job *job, const struct fetched *fetched, struct registry_manifest *out_entry,
		      struct err *err)
{
	const struct reference *reference = &job->session.reference;
	auto_buf raw = BUF_INIT(2 * MANIFEST_MAX);
	const struct buf *text = &fetched->call.transfer.answer;
	base64_encode(&raw, buf_str(text), text->len, false);
	*out_entry =
	    (struct registry_manifest){.reference = arena_printf(&job->session.arena, "%s/%s@%s", reference->domain,
								 reference->path, fetched->digest.text),
				       .descriptor = descriptor_of(job, fetched),
				       .raw = keep(job, buf_str(&raw))};
	if (fetched->manifest.kind == MANIFEST_INDEX)
		return 0;
	out_entry->platform = arena_new(&job->session.arena, struct oci_platform);
	return platform_find(job, fetched, out_entry->platform, err);
}

static int verb_manifest(struct query_job *job, struct err *err)
{
	struct fetched top;
	struct registry_manifest entry = {0};
	int rc = session_manifest(&job->session, reference_wanted(&job->session), &top, err);
	if (rc == 0)
		rc = entry_fill(job, &top, &entry, err);
	const struct oci_index *index = rc == 0 && top.manifest.kind == MANIFEST_INDEX ? &top.manifest.index : NULL;
	if (index && index->manifests.count > MANIFESTS_MAX)
		rc = err_set(err, E2BIG, "a list of more than %d manifests", MANIFESTS_MAX);
	if (index)
		entry.manifests.items = arena_array(&job->session.arena, struct registry_manifest, MANIFESTS_MAX);
	for (size_t i = 0; rc == 0 && index && i < index->manifests.count; i++) {
		const struct oci_descriptor *item = &index->manifests.items[i];
		struct registry_manifest *below = &entry.manifests.items[entry.manifests.count++];
		struct fetched own;
		struct err passed;
		rc = session_manifest(&job->session, item->digest, &own, err);
		/* What is no image of a container (an attestation) has no configuration that says a platform. */
		if (rc == 0 && entry_fill(job, &own, below, &passed) < 0)
			below->platform = NULL;
		if (item->platform)
			below->platform = item->platform;
		fetched_done(&own);
	}
	if (rc == 0)
		json_encode(&job->answer, &table_registry_manifest, &entry);
	fetched_done(&top);
	return rc;
}

/* --- lists --- */

/* Adds the strings of the member of one page. */
static int page_take(struct query_job *job, const struct call *call, const char *member, size_t *count, struct err *err)
{
	const struct json *page, *list;
	const struct buf *text = &call->transfer.answer;
	int rc = json_parse(&job->session.arena, buf_str(text), text->len, member, &page, err);
	if (rc < 0)
		return rc;
	list = json_get(page, member);
	for (size_t i = 0; list && list->kind == JSON_ARRAY && i < list->count; i++) {
		if (list->items[i]->kind != JSON_STRING || *count == LIST_MAX)
			return err_set(err, EPROTO, "%s: not a list of at most %d strings", member, LIST_MAX);
		buf_text(&job->answer, (*count)++ ? "," : "");
		json_encode_string(&job->answer, list->items[i]->text);
	}
	return 0;
}

/* All pages; a link leads to the same host or is not followed. */
static int pages_read(struct query_job *job, const char *path, const char *scope, const char *member, struct err *err)
{
	size_t count = 0;
	buf_char(&job->answer, '[');
	for (size_t page = 0; path; page++) {
		struct call call = {0};
		struct http_url next;
		int rc = page < PAGES_MAX ? ask(job, path, scope, &call, err)
					  : err_set(err, E2BIG, "more than %d pages", PAGES_MAX);
		if (rc == 0)
			rc = call_check(&call, err);
		if (rc == 0)
			rc = page_take(job, &call, member, &count, err);
		const char *link = rc == 0 ? http_answer_field(&call.transfer, "Link") : NULL;
		const char *target = link ? link_next(&job->session.arena, link) : NULL;
		path = NULL;
		if (target &&
		    http_url_resolve(job->session.http, &job->session.arena, call.target.text, target, &next, err) ==
			0 &&
		    http_url_same_host(&next, &call.target))
			path = strchr(strstr(next.text, "://") + 3, '/');
		call_end(&call);
		if (rc < 0)
			return rc;
	}
	buf_char(&job->answer, ']');
	return 0;
}

static int verb_tags(struct query_job *job, struct err *err)
{
	const char *path = arena_printf(&job->session.arena, "/v2/%s/tags/list", job->session.reference.path);
	return pages_read(job, path, job->session.scope, "tags", err);
}

static int verb_catalog(struct query_job *job, struct err *err)
{
	return pages_read(job, "/v2/_catalog?n=1000", "registry:catalog:*", "repositories", err);
}

/* --- referrers --- */

static int digest_find(struct query_job *job, struct digest *out_digest, struct err *err)
{
	struct fetched top;
	const struct reference *reference = &job->session.reference;
	if (*reference->digest)
		return digest_parse(reference->digest, out_digest, err);
	int rc = session_manifest(&job->session, reference_wanted(&job->session), &top, err);
	if (rc == 0)
		*out_digest = top.digest;
	fetched_done(&top);
	return rc;
}

/* Those of one kind, where the registry has not looked itself. */
static int referrers_filter(struct query_job *job, const struct call *call, const char *type, struct err *err)
{
	const struct json *index, *list;
	const struct buf *text = &call->transfer.answer;
	const char *applied = http_answer_field(&call->transfer, "OCI-Filters-Applied");
	size_t count = 0;
	int rc = json_parse(&job->session.arena, buf_str(text), text->len, "referrers", &index, err);
	if (rc < 0)
		return rc;
	list = json_get(index, "manifests");
	if (!list || list->kind != JSON_ARRAY)
		return err_set(err, EPROTO, "referrers: not an index");
	bool all = text_empty(type) || (applied && strstr(applied, "artifactType"));
	buf_text(&job->answer, "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_INDEX "\",\"manifests\":[");
	for (size_t i = 0; i < list->count; i++) {
		const struct json *own = json_get(list->items[i], "artifactType");
		if (!all && !(own && own->kind == JSON_STRING && text_equal(own->text, type)))
			continue;
		buf_text(&job->answer, count++ ? "," : "");
		json_encode_value(&job->answer, list->items[i]);
	}
	buf_text(&job->answer, "]}");
	return 0;
}

static int verb_referrers(struct query_job *job, struct err *err)
{
	struct registry_session *session = &job->session;
	const char *type = session->request.text;
	struct digest digest;
	struct call call = {0};
	int rc = digest_find(job, &digest, err);
	if (rc < 0)
		return rc;
	const char *path = arena_printf(&session->arena, "/v2/%s/referrers/%s", session->reference.path, digest.text);
	if (!text_empty(type))
		path = http_url_add(&session->arena, path, "artifactType", type);
	rc = ask(job, path, session->scope, &call, err);
	if (rc == 0 && (call.transfer.status == 404 || call.transfer.status == 400 || call.transfer.status == 405)) {
		/* A registry without the interface: the tag that stands for it. */
		call_end(&call);
		path = arena_printf(&session->arena, "/v2/%s/manifests/sha256-%s", session->reference.path,
				    digest_hex(&digest));
		rc = ask(job, path, session->scope, &call, err);
		if (rc == 0 && call.transfer.status == 404) {
			buf_text(&job->answer,
				 "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_INDEX "\",\"manifests\":[]}");
			call_end(&call);
			return 0;
		}
	}
	if (rc == 0)
		rc = call_check(&call, err);
	if (rc == 0)
		rc = referrers_filter(job, &call, type, err);
	call_end(&call);
	return rc;
}

/* --- search --- */

struct search_answer {
	JSON_LIST(struct search_result) results;
};
JSON_DECLARE(search_answer);
JSON_TYPE(search_answer, F_LIST(struct search_answer, results, "results", 0, search_result));

static bool search_fits(const struct filters *filters, const struct search_result *result)
{
	char *const *stars = filters_values(filters, "stars");
	for (; stars && *stars; stars++) {
		int64_t least;
		struct err ignored;
		if (number_parse(*stars, 0, INT64_MAX, "stars", &least, &ignored) == 0 && result->star_count < least)
			return false;
	}
	return filters_fit(filters, "is-official", result->is_official ? "true" : "false") &&
	       filters_fit(filters, "is-automated", result->is_automated ? "true" : "false");
}

static void search_print(struct query_job *job, const struct filters *filters, const struct search_answer *found,
			 int64_t limit)
{
	int64_t count = 0;
	buf_char(&job->answer, '[');
	for (size_t i = 0; i < found->results.count && count < limit; i++) {
		struct search_result shown = found->results.items[i];
		if (!search_fits(filters, &shown))
			continue;
		shown.name = shown.name ? shown.name : (char *)"";
		shown.description = shown.description ? shown.description : (char *)"";
		buf_text(&job->answer, count++ ? "," : "");
		json_encode(&job->answer, &table_search_result, &shown);
	}
	buf_char(&job->answer, ']');
}

/* A registry that only lists its names: those with the term in them. */
static int catalog_search(struct query_job *job, const char *term, struct search_answer *out_found, struct err *err)
{
	const struct json *list;
	int rc = verb_catalog(job, err);
	if (rc == 0)
		rc = json_parse(&job->session.arena, job->answer.data, job->answer.len, "catalog", &list, err);
	if (rc < 0)
		return rc;
	out_found->results.items = arena_array(&job->session.arena, struct search_result, list->count + 1);
	for (size_t i = 0; i < list->count; i++)
		if (strstr(list->items[i]->text, term))
			out_found->results.items[out_found->results.count++] =
			    (struct search_result){.name = keep(job, list->items[i]->text)};
	buf_reset(&job->answer);
	return 0;
}

static int verb_search(struct query_job *job, struct err *err)
{
	static const char *const known[] = {"stars", "is-official", "is-automated", NULL};
	struct registry_session *session = &job->session;
	const char *term = session->request.media_type;
	struct search_answer found = {0};
	struct filters filters = {0};
	struct call call = {0};
	int rc = text_empty(session->request.text)
		     ? 0
		     : filters_parse(&session->arena, session->request.text, known, &filters, err);
	if (rc < 0)
		return rc;
	const char *path = http_url_add(&session->arena, "/v1/search", "q", term);
	path = arena_printf(&session->arena, "%s&n=%lld", path, (long long)session->request.limit);
	rc = ask(job, path, NULL, &call, err);
	if (rc == 0 && call.transfer.status == 404) {
		rc = catalog_search(job, term, &found, err);
	} else {
		if (rc == 0)
			rc = call_check(&call, err);
		if (rc == 0)
			rc = json_load(&session->arena, &table_search_answer, buf_str(&call.transfer.answer),
				       call.transfer.answer.len, "search", 0, &found, err);
	}
	call_end(&call);
	if (rc == 0)
		search_print(job, &filters, &found, session->request.limit);
	return rc;
}

/* --- put and delete --- */

static int document_put(struct query_job *job, const char *reference, const char *type, const void *data, size_t size,
			struct err *err)
{
	struct registry_session *session = &job->session;
	auto_free char *rest = x_printf("manifests/%s", reference);
	struct call call = {.endpoint = job->endpoint,
			    .method = "PUT",
			    .url = call_url(&session->arena, job->endpoint, session->reference.path, rest),
			    .scope = session->scope,
			    .body = data,
			    .body_size = size,
			    .slow_answer = true};
	call.fields[0] = arena_printf(&session->arena, "Content-Type: %s", type);
	int rc = call_do(&session->registry, &call, err);
	if (rc == 0)
		rc = call_check(&call, err);
	call_end(&call);
	return rc;
}

/* A blob of another repository of this registry; there is nothing to send it from. */
static int blob_mount(struct query_job *job, const char *from, const char *digest, struct err *err)
{
	struct registry_session *session = &job->session;
	char *mounts[] = {(char *)(uintptr_t)from, NULL};
	struct upload upload = {.registry = &session->registry,
				.endpoint = job->endpoint,
				.name = session->reference.path,
				.scope = session->scope,
				.fd = -1,
				.mounts = mounts};
	int rc = digest_parse(digest, &upload.digest, err);
	while (rc == 0 && upload.state != UPLOAD_DONE && upload.state != UPLOAD_SEND) {
		upload_step(&upload);
		if (upload.state != UPLOAD_DONE && upload.state != UPLOAD_SEND)
			rc = registry_step(&session->registry, NULL, 0, 200, err);
	}
	if (rc == 0 && upload.rc < 0) {
		*err = upload.err;
		rc = upload.rc;
	}
	if (rc == 0 && (upload.state == UPLOAD_SEND || upload.how == UPLOAD_SENT))
		rc = err_set(err, EIO, "%s cannot be mounted from %s", digest, from);
	upload_done(&upload);
	return rc;
}

static int entry_bring(struct query_job *job, const char *text, struct err *err)
{
	struct registry_session *session = &job->session;
	const struct reference target = session->reference;
	struct reference source;
	struct fetched fetched;
	int rc = reference_parse(text, &source, err);
	if (rc < 0)
		return rc;
	if (!text_equal(source.domain, target.domain))
		return err_set(err, EINVAL,
			       "cannot use source images from a different registry than the target image: %s != %s",
			       source.domain, target.domain);
	session->reference = source;
	rc = session_manifest(session, *source.digest ? source.digest : source.tag, &fetched, err);
	session->reference = target;
	job->endpoint = rc == 0 ? fetched.endpoint : job->endpoint;
	if (rc == 0 && !text_equal(source.path, target.path)) {
		const struct oci_manifest *image = &fetched.manifest.image;
		if (fetched.manifest.kind == MANIFEST_IMAGE)
			rc = blob_mount(job, source.path, image->config.digest, err);
		for (size_t i = 0; rc == 0 && i < image->layers.count; i++)
			rc = blob_mount(job, source.path, image->layers.items[i].digest, err);
		if (rc == 0)
			rc = document_put(job, fetched.digest.text, fetched.manifest.media_type,
					  fetched.call.transfer.answer.data, fetched.call.transfer.answer.len, err);
	}
	fetched_done(&fetched);
	return rc < 0 ? err_wrap(err, "%s", text) : 0;
}

static int verb_put(struct query_job *job, struct err *err)
{
	const struct registry_request *request = &job->session.request;
	auto_buf text = BUF_INIT(MANIFEST_MAX);
	struct manifest manifest;
	struct digest digest;
	struct call call = {0};
	int rc = base64_decode(&text, request->text, err);
	if (rc == 0)
		rc = manifest_parse(&job->session.arena, buf_str(&text), text.len, request->media_type, &manifest, err);
	if (rc == 0)
		rc = ask(job, "/v2/", job->session.scope, &call, err);
	call_end(&call);
	for (size_t i = 0; rc == 0 && i < request->entries.count; i++)
		rc = entry_bring(job, request->entries.items[i].reference, err);
	if (rc == 0)
		rc = document_put(job, reference_wanted(&job->session), manifest.media_type, text.data, text.len, err);
	if (rc < 0)
		return rc;
	digest_of(text.data, text.len, &digest);
	buf_printf(&job->answer, "{\"Digest\":\"%s\"}", digest.text);
	return 0;
}

static int verb_delete(struct query_job *job, struct err *err)
{
	struct registry_session *session = &job->session;
	struct digest digest;
	int rc = digest_find(job, &digest, err);
	struct call ping = {0};
	if (rc == 0)
		rc = ask(job, "/v2/", session->scope, &ping, err);
	call_end(&ping);
	if (rc < 0)
		return rc;
	auto_free char *rest = x_printf("manifests/%s", digest.text);
	struct call call = {
	    .endpoint = job->endpoint,
	    .method = "DELETE",
	    .url = call_url(&session->arena, job->endpoint, session->reference.path, rest),
	    .scope = arena_printf(&session->arena, "repository:%s:pull,push,delete", session->reference.path)};
	rc = call_do(&session->registry, &call, err);
	if (rc == 0)
		rc = call_check(&call, err);
	call_end(&call);
	buf_text(&job->answer, "{}");
	return rc;
}

/* --- all of them --- */

static const struct {
	const char *verb;
	int (*run)(struct query_job *job, struct err *err);
	bool writes;
} verbs[] = {
    {"auth", verb_auth, true},	   {"inspect", verb_inspect, false}, {"manifest", verb_manifest, false},
    {"tags", verb_tags, false},	   {"catalog", verb_catalog, true},  {"referrers", verb_referrers, false},
    {"search", verb_search, true}, {"put", verb_put, true},	     {"delete", verb_delete, true},
};

/* Docker Hub is searched at another host than the one that has its images. */
static void search_host(struct query_job *job)
{
	struct registry_session *session = &job->session;
	struct endpoint *own = &session->endpoints.items[session->endpoints.count - 1];
	if (text_equal(session->reference.domain, REFERENCE_DEFAULT_DOMAIN)) {
		own->base.text = "https://index.docker.io";
		own->base.host = "index.docker.io";
	}
}

static int query_run(struct query_job *job, struct err *err)
{
	int rc = session_open(&job->session, err);
	for (size_t i = 0; rc == 0 && i < array_size(verbs); i++) {
		if (!text_equal(verbs[i].verb, job->session.request.verb))
			continue;
		rc = session_confine(&job->session, verbs[i].writes, err);
		if (rc == 0 && verbs[i].run == verb_search)
			search_host(job);
		if (rc == 0)
			rc = verbs[i].run(job, err);
		return rc < 0 ? rc : buf_check(&job->answer, "the answer", err);
	}
	return rc < 0 ? rc : err_set(err, EINVAL, "job registry: unknown verb \"%s\"", job->session.request.verb);
}

int registry_job_query_main(int argc, char **argv)
{
	struct query_job *job = x_alloc(sizeof *job);
	struct err err;
	(void)argc;
	(void)argv;
	job->answer = (struct buf)BUF_INIT(ANSWER_MAX);
	int rc = query_run(job, &err);
	if (rc == 0)
		report_answer(buf_str(&job->answer));
	int status = rc < 0 ? report_error(&err) : 0;
	buf_done(&job->answer);
	session_close(&job->session);
	free(job);
	return status;
}
