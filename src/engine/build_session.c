/* Secrets and agents' sockets of builds: in memory, for one build or a minute. */
#include "base/base64.h"
#include "base/random.h"
#include "base/text.h"
#include "engine/build_state.h"

#include <string.h>

enum { SECRET_MAX = 500 << 10, SESSIONS_MAX = 256, PAIRS_MAX = 256 };
#define SESSION_NS (60 * 1000000000LL)

static int secret_decode(struct arena *arena, const char *text, struct build_secret *secret, struct err *err)
{
	auto_buf bytes = BUF_INIT(SECRET_MAX);
	int rc = base64_decode(&bytes, text, err);
	if (rc == 0)
		rc = buf_check(&bytes, "a secret", err);
	if (rc < 0)
		return err_wrap(err, "secret %s", secret->id);
	secret->hex = arena_alloc(arena, 2 * bytes.len + 1);
	hex_encode(buf_str(&bytes), bytes.len, secret->hex);
	bool zero = bytes.len > 0 && memchr(bytes.data, 0, bytes.len);
	secret->text = zero ? NULL : arena_strndup(arena, buf_str(&bytes), bytes.len);
	if (bytes.data)
		explicit_bzero(bytes.data, bytes.len);
	return 0;
}

static int session_fill(struct build_session *session, const struct json *values, const struct json *sockets,
			struct err *err)
{
	size_t count = values ? values->count : 0, socket_count = sockets ? sockets->count : 0;
	if ((values && values->kind != JSON_OBJECT) || (sockets && sockets->kind != JSON_OBJECT) || count > PAIRS_MAX ||
	    socket_count > PAIRS_MAX)
		return err_set(err, EINVAL, "secrets: not an object of at most %d texts", PAIRS_MAX);
	session->secrets = arena_array(&session->arena, struct build_secret, count + 1);
	session->sockets = arena_array(&session->arena, struct build_socket, socket_count + 1);
	for (size_t i = 0; i < count; i++) {
		struct build_secret *secret = &session->secrets[session->secret_count++];
		if (values->items[i]->kind != JSON_STRING)
			return err_set(err, EINVAL, "secrets: %s: not a text", values->keys[i]);
		secret->id = arena_strdup(&session->arena, values->keys[i]);
		int rc = secret_decode(&session->arena, values->items[i]->text, secret, err);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < socket_count; i++) {
		if (sockets->items[i]->kind != JSON_STRING || sockets->items[i]->text[0] != '/')
			return err_set(err, EINVAL, "ssh: %s: not an absolute path", sockets->keys[i]);
		session->sockets[session->socket_count++] =
		    (struct build_socket){arena_strdup(&session->arena, sockets->keys[i]),
					  arena_strdup(&session->arena, sockets->items[i]->text)};
	}
	return 0;
}

static void session_unlink(struct build_session *session)
{
	struct build_session **link = &session->engine->build_sessions;
	while (*link && *link != session)
		link = &(*link)->next;
	if (*link)
		*link = session->next;
}

void build_session_free(struct build_session *session)
{
	if (!session)
		return;
	session_unlink(session);
	loop_timer_stop(&session->timer);
	for (size_t i = 0; i < session->secret_count; i++) {
		if (session->secrets[i].hex)
			explicit_bzero(session->secrets[i].hex, strlen(session->secrets[i].hex));
		if (session->secrets[i].text)
			explicit_bzero(session->secrets[i].text, strlen(session->secrets[i].text));
	}
	arena_done(&session->arena);
	free(session);
}

static void session_late(struct loop_timer *timer)
{
	build_session_free(container_of(timer, struct build_session, timer));
}

int engine_build_session(struct engine *engine, const struct json *values, const struct json *sockets,
			 char out_token[65], struct err *err)
{
	size_t count = 0;
	for (const struct build_session *at = engine->build_sessions; at; at = at->next)
		count++;
	if (count >= SESSIONS_MAX)
		return err_set(err, EBUSY, "more than %d sessions of builds are open", SESSIONS_MAX);
	struct build_session *session = x_alloc(sizeof *session);
	session->engine = engine;
	random_id(session->token);
	session->next = engine->build_sessions;
	engine->build_sessions = session;
	int rc = session_fill(session, values, sockets, err);
	if (rc < 0) {
		build_session_free(session);
		return rc;
	}
	loop_timer_start(engine->loop, &session->timer, SESSION_NS, session_late);
	memcpy(out_token, session->token, sizeof session->token);
	return 0;
}

struct build_session *build_session_take(struct engine *engine, const char *token)
{
	for (struct build_session *at = engine->build_sessions; at; at = at->next) {
		if (!text_equal(at->token, token))
			continue;
		loop_timer_stop(&at->timer);
		session_unlink(at);
		return at;
	}
	return NULL;
}

void build_sessions_end(struct engine *engine)
{
	while (engine->build_sessions)
		build_session_free(engine->build_sessions);
}
