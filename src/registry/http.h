/*
 * HTTP transfers to registries: several at once, in one thread, by libcurl. Runs in a job, confined; what it needs from
 * the file system (certificates) was read before.
 *
 * One transfer is one request and one answer: no redirect is followed, nothing is sent again, no credential is kept
 * here (client.h does all that). Names are resolved here and pinned for the connection, so that what was checked is
 * what is connected to (I-13). TLS 1.2 is the least; verification is only off where the host's own settings say so.
 * A transfer that gets no byte for the stall time fails with -ETIMEDOUT.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"

#include <stdint.h>

struct http;

struct http_settings {
	const char *user_agent;
	const char *http_proxy, *https_proxy, *no_proxy; /* NULL or "": none */
	int64_t stall_s;
};

/* How to speak TLS with one host. */
struct http_tls {
	bool verify;
	const char *ca;		/* PEM, besides the system's; NULL: none */
	const char *cert, *key; /* PEM of a client certificate; NULL: none */
};

int http_open(const struct http_settings *settings, struct http **out_http, struct err *err) must_check;
void http_close(struct http *http); /* takes NULL */

/* An absolute URL, taken apart: scheme "http" or "https", no user part. In the arena. -EINVAL. */
struct http_url {
	const char *text, *scheme, *host, *port; /* host without brackets; port is always there */
};
int http_url_parse(struct http *http, struct arena *arena, const char *text, struct http_url *out_url,
		   struct err *err) must_check;
/* The same for a text that may be relative to base. */
int http_url_resolve(struct http *http, struct arena *arena, const char *base, const char *text,
		     struct http_url *out_url, struct err *err) must_check;
bool http_url_same_host(const struct http_url *a, const struct http_url *b); /* scheme, host and port */
/* The same URL with name=value added to its query; value is escaped. */
char *http_url_add(struct arena *arena, const char *url, const char *name, const char *value);
void http_escape(struct buf *out, const char *text);

/*
 * Resolves the host, once; numbers are taken as they are. local: addresses of this host and link-local ones are
 * allowed; otherwise a host that has one is refused with -EACCES. A host that is reached through a proxy is not looked
 * up.
 */
int http_resolve(struct http *http, const struct http_url *url, bool local, struct err *err) must_check;
/* Whether all addresses of the host are of this machine (127/8, ::1). */
bool http_is_loopback(const char *host);

struct http_field {
	char *name, *value;
};

struct http_transfer {
	/* the request; all memory is the caller's until the end */
	const char *method;
	const struct http_url *url; /* resolved before */
	const struct http_tls *tls;
	char *const *fields; /* "Name: value" */
	const void *body;    /* a small body; NULL: none, or body_fd */
	int body_fd;	     /* with body_size > 0 and no body: read from body_offset on */
	uint64_t body_offset, body_size;
	bool slow_answer; /* the other side may think for a while after the last byte: four times the stall time */

	/* Takes the body of an answer that is a success; NULL: it is gathered in `answer`. */
	int (*data)(struct http_transfer *transfer, const void *data, size_t size, struct err *err);
	/* Called before the first byte of such a body: may refuse it. NULL: not. */
	int (*head)(struct http_transfer *transfer, struct err *err);
	void *cookie;

	/* the answer */
	bool done;
	int rc;		/* 0: there is an answer, whatever its status; -errno otherwise, with err */
	struct err err; /* says which host and why */
	unsigned status;
	struct arena arena; /* of the fields */
	struct http_field answer_fields[64];
	size_t field_count;
	struct buf answer; /* set its maximum before */
	uint64_t sent;	   /* bytes of the body */

	/* http.c's */
	struct http *http;
	void *easy, *list, *hosts;
	bool refused, headed;
	char message[256];
	struct http_transfer *next;
};

int http_start(struct http *http, struct http_transfer *transfer, struct err *err) must_check;
void http_transfer_done(struct http_transfer *transfer); /* also ends one that runs; the struct can be used again */
const char *http_answer_field(const struct http_transfer *transfer, const char *name); /* NULL */

/* Waits for events, at most so long, also on these descriptors; moves all transfers on. */
int http_step(struct http *http, const int *fds, size_t fd_count, int timeout_ms, struct err *err) must_check;
/* Until this transfer is done; others go on meanwhile. */
int http_wait(struct http *http, struct http_transfer *transfer, struct err *err) must_check;
