/*
 * A conversation with one registry about one repository: requests with what the protocol wants around them. Runs in a
 * job; several calls at once, moved on by registry_step.
 *
 * - Authorization by what the registry asks for (Basic, Bearer with a token of the scope, identity and registry
 *   tokens). Tokens are kept for the conversation; a refused one is fetched anew once.
 * - Credentials go to the host that they are for and to the realm that this host names (by https, unless the host is
 *   an insecure one), and nowhere else: not along a redirect, not to a mirror (I-11).
 * - Redirects are followed, ten at most, never from https to http, never to an address of this host from a registry
 *   elsewhere.
 * - What may pass with time (408, 429, 5xx, cut connections, stalls) is tried again, as often as the settings say, with
 *   growing pauses or what Retry-After asks for.
 */
#pragma once

#include "docker/auth.h"
#include "registry/endpoint.h"

struct registry {
	struct http *http;
	struct arena arena;
	const struct registry_settings *settings;
	const struct auth_config *auth; /* NULL: none */
	const char *auth_registry;	/* "docker.io": whom they are for */
	struct token *tokens;
	struct call *calls;
	char *refresh_token; /* what a realm gave when offline_token was asked for; or NULL */
	bool offline;	     /* ask for one */
	/* Told before a pause. NULL: nobody is. */
	void (*retrying)(struct call *call, int64_t seconds);
};

void registry_init(struct registry *registry, struct http *http, const struct registry_settings *settings,
		   const struct auth_config *auth);
void registry_done(struct registry *registry); /* http stays the caller's */

enum call_state { CALL_NEW, CALL_RUNNING, CALL_WAITING, CALL_DONE };
enum { CALL_FIELDS_MAX = 6 };

struct call {
	/* the request; memory is the caller's until call_end */
	const struct endpoint *endpoint;
	const char *method;
	const char *url;		     /* absolute; mostly from call_url */
	const char *scope;		     /* "repository:a/b:pull"; several are separated by blanks */
	const char *fields[CALL_FIELDS_MAX]; /* "Name: value" */
	const void *body;
	int body_fd;
	uint64_t body_offset, body_size;
	bool slow_answer, no_redirect;
	int64_t attempts; /* 0: as the settings say */
	size_t answer_max;
	int (*data)(struct call *call, const void *data, size_t size, struct err *err);
	int (*head)(struct call *call, struct err *err);
	void (*before)(struct call *call); /* each attempt: may change fields, body and offset */
	bool *moved; /* set by the caller when there was progress: the count of attempts starts anew */
	void *cookie;

	/* the answer: `transfer` has status, fields and text */
	enum call_state state;
	int rc; /* 0: an answer, also one that is an error (call_check) */
	struct err err;
	struct http_transfer transfer;

	/* client.c's */
	struct registry *registry;
	struct call *next;
	struct http_url target;
	struct arena arena; /* of this call's URLs and fields */
	char *list[CALL_FIELDS_MAX + 3];
	int64_t attempt, due_ns;
	unsigned redirects, challenges;
	bool with_token;
	bool spoken; /* by the registry itself, at this endpoint, whatever it said: nothing is sent in the clear after
			it */
};

/* "https://host/v2/" and the name at this endpoint and the rest: "manifests/latest". name NULL: rest alone. */
char *call_url(struct arena *arena, const struct endpoint *endpoint, const char *name, const char *rest);

void call_start(struct registry *registry, struct call *call);
void call_end(struct call *call); /* ends it and frees what it has */
/* One turn: waits at most so long, also on these descriptors. */
int registry_step(struct registry *registry, const int *fds, size_t fd_count, int timeout_ms,
		  struct err *err) must_check;
/* Starts it and waits for its end; others go on. The result is the call's. */
int call_do(struct registry *registry, struct call *call, struct err *err) must_check;

/*
 * The error of an answer that is none of 2xx (and of a call that failed): "manifest unknown: manifest unknown",
 * "unauthorized: authentication required", with -ENOENT, -ENOKEY (401), -EACCES (403, denied), -EBUSY (429), -EPROTO.
 * 0 for a success.
 */
int call_check(const struct call *call, struct err *err) must_check;
bool call_answered(const struct call *call, unsigned status);
/* The code of the first error in the answer: "MANIFEST_UNKNOWN", or "". In the arena. */
const char *call_error_code(struct arena *arena, const struct call *call);
