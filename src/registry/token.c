#include "registry/token.h"

#include "base/base64.h"
#include "base/text.h"
#include "registry/challenge.h"

#include <string.h>
#include <strings.h>

enum { TOKEN_MAX = 64 << 10, ANSWER_MAX = 1 << 20 };

struct token {
	struct token *next;
	const struct endpoint *endpoint;
	char *scope;
	char *value; /* of Authorization */
};

struct token_answer {
	char *token, *access_token, *refresh_token;
	const struct json *expires_in; /* the conversation is short: a refused one is fetched again */
};
JSON_DECLARE(token_answer);
JSON_TYPE(token_answer, F_STR(struct token_answer, token, "token", 0),
	  F_STR(struct token_answer, access_token, "access_token", 0),
	  F_STR(struct token_answer, refresh_token, "refresh_token", 0),
	  F_RAW(struct token_answer, expires_in, "expires_in", 0));

static struct token *find(const struct registry *registry, const struct endpoint *endpoint, const char *scope)
{
	for (struct token *at = registry->tokens; at; at = at->next)
		if (at->endpoint == endpoint && text_equal(at->scope, scope ? scope : ""))
			return at;
	return NULL;
}

const char *token_find(struct registry *registry, const struct endpoint *endpoint, const char *scope)
{
	const struct token *token = find(registry, endpoint, scope);
	return token ? token->value : NULL;
}

/* Nothing that would end the header field. */
static bool is_clean(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static int keep(struct registry *registry, const struct call *call, const char *kind, const char *value,
		struct err *err)
{
	struct token *token = find(registry, call->endpoint, call->scope);
	if (text_empty(value) || strlen(value) > TOKEN_MAX || !is_clean(value))
		return err_set(err, EPROTO, "the token for %s is malformed", call->endpoint->base.host);
	if (!token) {
		token = arena_new(&registry->arena, struct token);
		token->endpoint = call->endpoint;
		token->scope = arena_strdup(&registry->arena, call->scope ? call->scope : "");
		token->next = registry->tokens;
		registry->tokens = token;
	}
	token->value = arena_printf(&registry->arena, "%s %s", kind, value);
	return 0;
}

/* The credentials, when they are for this host. */
static const struct auth_config *credentials(const struct registry *registry, const struct endpoint *endpoint)
{
	if (!registry->auth)
		return NULL;
	if (endpoint->mirror) {
		auto_arena arena = {0};
		const char *host = auth_host(&arena, endpoint->base.text);
		return registry->auth_registry && text_equal(registry->auth_registry, host) ? registry->auth : NULL;
	}
	if (registry->auth_registry && !text_equal(registry->auth_registry, endpoint->registry))
		return NULL;
	return registry->auth;
}

static char *basic_value(struct arena *arena, const struct auth_config *auth)
{
	auto_free char *pair = x_printf("%s:%s", auth->username, auth->password ? auth->password : "");
	auto_buf text = BUF_INIT(1 << 20);
	base64_encode(&text, pair, strlen(pair), false);
	return arena_strdup(arena, buf_str(&text));
}

/* --- the realm --- */

struct realm {
	struct registry *registry;
	const struct endpoint *endpoint;
	const struct auth_config *auth; /* NULL: anonymous */
	const struct challenge *challenge;
	const char *scope;
	struct arena arena;
	struct http_url url;
	struct http_tls tls;
};

static int realm_check(struct realm *realm, struct err *err)
{
	const struct endpoint *endpoint = realm->endpoint;
	const char *text = realm->challenge->realm;
	int rc = http_url_parse(realm->registry->http, &realm->arena, text ? text : "", &realm->url, err);
	if (rc < 0)
		return err_wrap(err, "%s names a bad realm for tokens", endpoint->base.host);
	bool lenient = endpoint->insecure || text_equal(endpoint->base.scheme, "http");
	if (text_equal(realm->url.scheme, "http") && !lenient)
		return err_set(err, EACCES, "refused: %s wants tokens to be fetched by plain http from %s",
			       endpoint->base.host, realm->url.host);
	rc = http_resolve(realm->registry->http, &realm->url, endpoint->local, err);
	if (rc < 0)
		return err_wrap(err, "realm of %s: dial tcp", endpoint->base.host);
	bool own = http_url_same_host(&realm->url, &endpoint->base);
	realm->tls = endpoint->tls;
	if (!own)
		realm->tls.cert = realm->tls.key = NULL;
	return 0;
}

static void form_add(struct buf *form, const char *name, const char *value)
{
	if (text_empty(value))
		return;
	buf_printf(form, "%s%s=", form->len ? "&" : "", name);
	http_escape(form, value);
}

static void scopes_add(struct buf *form, const char *scopes)
{
	auto_strv char **list = strv_split(scopes ? scopes : "", ' ');
	for (char **scope = list; *scope; scope++)
		form_add(form, "scope", *scope);
}

/* GET with the credentials, if there are any; POST with an identity token. */
static int realm_ask(struct realm *realm, struct http_transfer *transfer, struct err *err)
{
	auto_buf form = BUF_INIT(256 << 10);
	const struct auth_config *auth = realm->auth;
	bool refresh = auth && !text_empty(auth->identity_token);
	char *fields[3] = {0};
	size_t count = 0;
	struct http_url url = realm->url;
	form_add(&form, "service", realm->challenge->service);
	if (refresh) {
		buf_printf(&form, "%sgrant_type=refresh_token&client_id=docker", form.len ? "&" : "");
		form_add(&form, "refresh_token", auth->identity_token);
		auto_free char *scope = x_strdup(realm->scope ? realm->scope : "");
		form_add(&form, "scope", scope);
		fields[count++] = (char *)"Content-Type: application/x-www-form-urlencoded";
	} else {
		scopes_add(&form, realm->scope);
		if (auth)
			form_add(&form, "account", auth->username);
		if (auth && realm->registry->offline)
			buf_printf(&form, "%soffline_token=true&client_id=docker", form.len ? "&" : "");
		url.text =
		    arena_printf(&realm->arena, "%s%s%s", url.text, strchr(url.text, '?') ? "&" : "?", buf_str(&form));
		if (auth)
			fields[count++] =
			    arena_printf(&realm->arena, "Authorization: Basic %s", basic_value(&realm->arena, auth));
	}
	*transfer = (struct http_transfer){.method = refresh ? "POST" : "GET",
					   .url = &url,
					   .tls = &realm->tls,
					   .fields = fields,
					   .body = refresh ? form.data : NULL,
					   .body_size = refresh ? form.len : 0,
					   .answer = BUF_INIT(ANSWER_MAX)};
	int rc = http_start(realm->registry->http, transfer, err);
	if (rc == 0)
		rc = http_wait(realm->registry->http, transfer, err);
	transfer->fields = NULL;
	transfer->url = NULL;
	if (rc == 0 && transfer->rc < 0)
		*err = transfer->err;
	return rc < 0 ? rc : transfer->rc;
}

static int answer_read(struct realm *realm, const struct http_transfer *transfer, const char **out_token,
		       struct err *err)
{
	struct token_answer answer = {0};
	struct call refused = {.state = CALL_DONE, .method = "GET", .target = realm->url, .transfer = *transfer};
	unsigned status = transfer->status;
	if (status == 401 || status == 403 || status == 400) {
		/* The realm's own words where it has some. */
		struct err said;
		if (call_check(&refused, &said) < 0 && strchr(said.msg, ':') && !strstr(said.msg, "unexpected status"))
			return err_set(err, ENOKEY, "%s", said.msg);
		return err_set(err, ENOKEY, "unauthorized: incorrect username or password");
	}
	if (status < 200 || status >= 300)
		return err_set(err, status == 404 ? EPROTO : EIO, "Get \"%s\": unexpected status %u", realm->url.text,
			       status);
	int rc = json_load(&realm->arena, &table_token_answer, buf_str(&transfer->answer), transfer->answer.len,
			   "token", 0, &answer, err);
	if (rc < 0)
		return err_wrap(err, "the answer of %s", realm->url.host);
	*out_token = text_empty(answer.token) ? answer.access_token : answer.token;
	if (text_empty(*out_token))
		return err_set(err, EPROTO, "authorization server %s did not include a token in the response",
			       realm->url.host);
	if (!text_empty(answer.refresh_token))
		realm->registry->refresh_token = arena_strdup(&realm->registry->arena, answer.refresh_token);
	return 0;
}

static int bearer_fetch(struct registry *registry, struct call *call, const struct challenge *challenge,
			struct err *err)
{
	struct realm realm = {.registry = registry,
			      .endpoint = call->endpoint,
			      .auth = credentials(registry, call->endpoint),
			      .challenge = challenge,
			      .scope = text_empty(call->scope) ? challenge->scope : call->scope};
	struct http_transfer transfer = {0};
	const char *token = NULL;
	int rc = realm_check(&realm, err);
	for (int attempt = 0; rc == 0; attempt++) {
		rc = realm_ask(&realm, &transfer, err);
		bool again =
		    (rc == -ECONNRESET || rc == -ETIMEDOUT || (rc == 0 && transfer.status >= 500)) && attempt < 2;
		if (!again)
			break;
		http_transfer_done(&transfer);
		rc = 0;
	}
	if (rc == 0)
		rc = answer_read(&realm, &transfer, &token, err);
	if (rc == 0)
		rc = keep(registry, call, "Bearer", token, err);
	http_transfer_done(&transfer);
	arena_done(&realm.arena);
	return rc;
}

/* --- the challenge --- */

static int refused(const struct call *call, struct err *err)
{
	struct err said;
	return call_check(call, &said) < 0 ? err_set(err, ENOKEY, "%s", said.msg)
					   : err_set(err, ENOKEY, "unauthorized: authentication required");
}

static int basic_use(struct registry *registry, struct call *call, struct err *err)
{
	const struct auth_config *auth = credentials(registry, call->endpoint);
	if (call->with_token)
		return refused(call, err);
	if (!auth || text_empty(auth->username))
		return err_set(err, ENOKEY, "%s \"%s\": no basic auth credentials", call->method, call->target.text);
	auto_arena arena = {0};
	return keep(registry, call, "Basic", basic_value(&arena, auth), err);
}

int token_fetch(struct registry *registry, struct call *call, struct err *err)
{
	struct challenge list[CHALLENGES_MAX];
	size_t count = 0;
	auto_arena arena = {0};
	for (size_t i = 0; i < call->transfer.field_count; i++) {
		const struct http_field *field = &call->transfer.answer_fields[i];
		if (strcasecmp(field->name, "WWW-Authenticate") != 0)
			continue;
		int rc = challenge_parse(&arena, field->value, list, &count, err);
		if (rc < 0)
			return err_wrap(err, "%s", call->target.host);
	}
	if (count == 0)
		return refused(call, err);
	const struct challenge *chosen = &list[0];
	for (size_t i = 0; i < count; i++)
		chosen = list[i].kind == CHALLENGE_BEARER ? &list[i] : chosen;
	if (chosen->kind == CHALLENGE_BASIC)
		return basic_use(registry, call, err);
	const struct auth_config *auth = credentials(registry, call->endpoint);
	if (auth && !text_empty(auth->registry_token))
		return call->with_token ? refused(call, err)
					: keep(registry, call, "Bearer", auth->registry_token, err);
	return bearer_fetch(registry, call, chosen, err);
}
