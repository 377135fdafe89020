#include "registry/session.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "security/confine.h"

#include <fcntl.h>
#include <netdb.h>
#include <string.h>

enum { REQUEST_MAX = 64 << 20, FILE_MAX = 512 << 10 };

JSON_TYPE(push_layer, F_STR(struct push_layer, diff_id, "diff_id", 0), F_STR(struct push_layer, digest, "digest", 0),
	  F_STR(struct push_layer, media_type, "media_type", 0), F_U64(struct push_layer, size, "size", 0),
	  F_STRV(struct push_layer, repositories, "repositories", 0));
JSON_TYPE(push_manifest, F_STR(struct push_manifest, digest, "digest", 0),
	  F_STR(struct push_manifest, media_type, "media_type", 0));
JSON_TYPE(push_image, F_STR(struct push_image, tag, "tag", 0), F_STR(struct push_image, id, "id", 0),
	  F_LIST(struct push_image, manifests, "manifests", 0, push_manifest),
	  F_LIST(struct push_image, layers, "layers", 0, push_layer));
JSON_TYPE(registry_entry, F_STR(struct registry_entry, reference, "reference", 0));
JSON_TYPE(registry_request, F_OBJECT(struct registry_request, settings, "settings", 0, registry_settings),
	  F_OBJECT(struct registry_request, auth, "auth", 0, auth_config),
	  F_STR(struct registry_request, reference, "reference", 0),
	  F_STR(struct registry_request, platform, "platform", 0), F_BOOL(struct registry_request, all, "all", 0),
	  F_LIST(struct registry_request, images, "images", JSON_OMIT, push_image),
	  F_STR(struct registry_request, verb, "verb", 0), F_STR(struct registry_request, text, "text", 0),
	  F_STR(struct registry_request, media_type, "media_type", 0),
	  F_LIST(struct registry_request, entries, "entries", JSON_OMIT, registry_entry),
	  F_I64(struct registry_request, limit, "limit", 0), F_BOOL(struct registry_request, insecure, "insecure", 0));

int session_open(struct registry_session *session, struct err *err)
{
	auto_buf text = BUF_INIT(REQUEST_MAX);
	struct registry_request *request = &session->request;
	int rc = file_read_fd(REGISTRY_REQUEST, "the request", &text, err);
	if (rc == 0)
		rc = json_load(&session->arena, &table_registry_request, buf_str(&text), text.len, "the request", 0,
			       request, err);
	if (rc == 0 && !text_empty(request->reference))
		rc = reference_parse(request->reference, &session->reference, err);
	if (rc < 0)
		return rc;
	const struct http_settings settings = {.user_agent = request->settings.user_agent,
					       .http_proxy = request->settings.http_proxy,
					       .https_proxy = request->settings.https_proxy,
					       .no_proxy = request->settings.no_proxy,
					       .stall_s = request->settings.stall_s};
	rc = http_open(&settings, &session->http, err);
	if (rc == 0)
		registry_init(&session->registry, session->http, &request->settings, &request->auth);
	return rc;
}

/* What the C library's resolver reads, at the places where it looks. */
static int names_read(struct buf *resolv, struct buf *hosts, struct err *err)
{
	struct err missing;
	if (file_read(AT_FDCWD, "/etc/resolv.conf", resolv, &missing) < 0 && missing.code != ENOENT)
		return err_set(err, missing.code, "%s", missing.msg);
	if (file_read(AT_FDCWD, "/etc/hosts", hosts, &missing) < 0 && missing.code != ENOENT)
		return err_set(err, missing.code, "%s", missing.msg);
	return 0;
}

static int confine(struct err *err)
{
	static const char services[] = "hosts: files dns\n";
	auto_buf resolv = BUF_INIT(FILE_MAX), hosts = BUF_INIT(FILE_MAX);
	int rc = names_read(&resolv, &hosts, err);
	if (rc < 0)
		return rc;
	const struct confine_file files[] = {{"/etc/resolv.conf", buf_str(&resolv), resolv.len},
					     {"/etc/hosts", buf_str(&hosts), hosts.len},
					     {"/etc/nsswitch.conf", services, sizeof services - 1}};
	const struct confine_spec spec = {.dirs = {{.fd = REGISTRY_STAGING, .writable = true},
						   {.fd = REGISTRY_LAYERS},
						   {.fd = REGISTRY_DOWNLOADS, .writable = true},
						   {.fd = REGISTRY_BLOBS}},
					  .dir_count = 4,
					  .network = true,
					  .files = files,
					  .file_count = array_size(files)};
	return confine_enter(&spec, err);
}

int session_confine(struct registry_session *session, bool push, struct err *err)
{
	struct registry_request *request = &session->request;
	struct arena *arena = &session->arena;
	if (request->insecure) {
		size_t count = strv_count(request->settings.insecure);
		char **more = arena_array(arena, char *, count + 2);
		for (size_t i = 0; i < count; i++)
			more[i] = request->settings.insecure[i];
		more[count] = session->reference.domain;
		request->settings.insecure = more;
	}
	int rc = 0;
	if (*session->reference.domain)
		rc = endpoints_find(session->http, arena, &request->settings, session->reference.domain, push,
				    &session->endpoints, err);
	session->scope = arena_printf(arena, "repository:%s:%s", session->reference.path, push ? "pull,push" : "pull");
	/* A registry that is not named in the credentials is the one that is asked. */
	if (rc == 0 && session->registry.auth && !session->registry.auth_registry)
		session->registry.auth_registry = session->reference.domain;
	return rc < 0 ? rc : confine(err);
}

void session_close(struct registry_session *session)
{
	registry_done(&session->registry);
	http_close(session->http);
	arena_done(&session->arena);
}

/* --- documents --- */

static void get_start(struct registry_session *session, const struct endpoint *endpoint, const char *method,
		      const char *rest, const char *accept, struct call *call)
{
	/* The name at a mirror stands below its path, and the token is for that name. */
	const char *scope = *endpoint->prefix ? arena_printf(&session->arena, "repository:%s%s:pull", endpoint->prefix,
							     session->reference.path)
					      : session->scope;
	*call = (struct call){.endpoint = endpoint,
			      .method = method,
			      .url = call_url(&session->arena, endpoint, session->reference.path, rest),
			      .scope = scope,
			      .answer_max = MANIFEST_MAX,
			      .attempts = endpoint->mirror ? 1 : 0};
	if (accept)
		call->fields[0] = arena_printf(&session->arena, "Accept: %s", accept);
}

bool endpoint_settled(const struct call *call, int rc)
{
	return call->spoken || rc == -EHOSTUNREACH;
}

int session_get(struct registry_session *session, const char *method, const char *rest, const char *accept,
		struct call *call, const struct endpoint **out_endpoint, struct err *err)
{
	int rc = err_set(err, EINVAL, "no registry to ask");
	for (size_t i = 0; i < session->endpoints.count; i++) {
		const struct endpoint *endpoint = &session->endpoints.items[i];
		if (i > 0)
			call_end(call);
		get_start(session, endpoint, method, rest, accept, call);
		rc = call_do(&session->registry, call, err);
		*out_endpoint = endpoint;
		if (rc == 0 && (call->transfer.status < 300 || !endpoint->mirror))
			return 0;
		if (!endpoint->mirror && (!endpoint->plain_next || endpoint_settled(call, rc)))
			return rc;
		i += endpoint->plain_next && endpoint_settled(call, rc);
	}
	return rc;
}

int session_pull_error(const struct registry_session *session, const char *tag, const struct call *call,
		       struct err *err)
{
	auto_arena arena = {0};
	char name[REFERENCE_TEXT_MAX];
	const char *code = call_error_code(&arena, call);
	struct reference reference = session->reference;
	int rc = call_check(call, err);
	bool unauthorized = rc == -ENOKEY && call->rc < 0;
	if (rc == 0 || (call->rc < 0 && !unauthorized))
		return rc;
	/* Without credentials for a registry that wants them, its own words say what is missing. */
	if (strstr(err->msg, "no basic auth credentials"))
		return rc;
	if (rc == -ENOKEY || rc == -EACCES || text_equal(code, "NAME_UNKNOWN") || text_equal(code, "DENIED")) {
		reference_familiar_name(&reference, name);
		struct err inner = *err;
		return err_set(
		    err, ENOENT,
		    "pull access denied for %.300s, repository does not exist or may require 'docker login': %.500s",
		    name, inner.msg);
	}
	if (rc != -ENOENT)
		return rc;
	*reference.digest = *reference.tag = 0;
	bool digest = text_after(tag, "sha256:");
	snprintf(digest ? reference.digest : reference.tag, digest ? sizeof reference.digest : sizeof reference.tag,
		 "%s", tag);
	reference_familiar(&reference, name);
	bool known = text_equal(code, "MANIFEST_UNKNOWN");
	struct err inner = *err;
	return err_set(err, ENOENT, "manifest for %.500s not found: %.300s", name,
		       known ? inner.msg : "manifest unknown: manifest unknown");
}

int session_manifest(struct registry_session *session, const char *reference, struct fetched *out_fetched,
		     struct err *err)
{
	auto_free char *rest = x_printf("manifests/%s", reference);
	struct fetched *fetched = out_fetched;
	struct call *call = &fetched->call;
	struct digest asked;
	struct err ignored;
	*fetched = (struct fetched){0};
	int rc = session_get(session, "GET", rest, MANIFEST_ACCEPT, call, &fetched->endpoint, err);
	if (rc < 0 || call->transfer.status >= 300) {
		int failed = session_pull_error(session, reference, call, err);
		return failed < 0 ? failed : rc < 0 ? rc : err_set(err, EPROTO, "no manifest of %s", reference);
	}
	const struct buf *text = &call->transfer.answer;
	digest_of(buf_str(text), text->len, &fetched->digest);
	const char *said = http_answer_field(&call->transfer, "Docker-Content-Digest");
	if (digest_parse(reference, &asked, &ignored) == 0 && !text_equal(asked.text, fetched->digest.text))
		return err_set(err, EBADMSG, "manifest verification failed for digest %s: %s sent %s", asked.text,
			       fetched->endpoint->base.host, fetched->digest.text);
	if (said && text_after(said, "sha256:") && !text_equal(said, fetched->digest.text))
		return err_set(err, EBADMSG, "manifest verification failed: %s announced %.80s and sent %s",
			       fetched->endpoint->base.host, said, fetched->digest.text);
	return manifest_parse(&session->arena, buf_str(text), text->len,
			      http_answer_field(&call->transfer, "Content-Type"), &fetched->manifest, err);
}

void fetched_done(struct fetched *fetched)
{
	call_end(&fetched->call);
}

int session_blob(struct registry_session *session, const struct endpoint *endpoint,
		 const struct oci_descriptor *descriptor, struct buf *out, struct err *err)
{
	auto_free char *rest = x_printf("blobs/%s", descriptor->digest);
	struct digest real;
	struct call call;
	get_start(session, endpoint, "GET", rest, NULL, &call);
	call.fields[0] = "Accept-Encoding: identity";
	int rc = call_do(&session->registry, &call, err);
	if (rc == 0)
		rc = call_check(&call, err);
	const struct buf *text = &call.transfer.answer;
	if (rc == 0 && text->len != descriptor->size)
		rc = err_set(err, EBADMSG, "%s: the registry has %zu bytes of it, the manifest says %llu",
			     descriptor->digest, text->len, (unsigned long long)descriptor->size);
	if (rc == 0) {
		digest_of(buf_str(text), text->len, &real);
		if (!text_equal(real.text, descriptor->digest))
			rc = err_set(err, EBADMSG, "image config verification failed for digest %s: %s sent %s",
				     descriptor->digest, endpoint->base.host, real.text);
	}
	if (rc == 0)
		buf_append(out, buf_str(text), text->len);
	call_end(&call);
	return rc < 0 ? rc : buf_check(out, descriptor->digest, err);
}
