/*
 * criu as a process of ours (`criu swrk`), spoken to over a socket pair: one request, notices while it works, an
 * answer. It is looked for in PATH, as runc does. Runs in tug-runtime.
 */
#pragma once

#include "runtime_cli/criu_message.h"

#include <sys/types.h>

enum { CRIU_VERSION_MIN = 31500, CRIU_INHERIT_FIRST = 4, CRIU_INHERIT_MAX = 8 };

struct criu {
	pid_t pid;
	int socket;
};

struct criu_start {
	const int *stdio;   /* three; NULL: /dev/null */
	const int *inherit; /* these become CRIU_INHERIT_FIRST and on of criu's */
	size_t inherit_count;
};

/* A notice: fd comes with it or is -1, and is closed afterwards. What fails here ends criu's work. */
typedef int (*criu_notice)(void *context, const struct criu_answer *answer, int fd, struct err *err);

/* -ENOENT names the package. */
int criu_start(const struct criu_start *start, struct criu *out_criu, struct err *err) must_check;
/* Sends the request and waits for its answer. */
int criu_ask(struct criu *criu, const struct criu_request *request, criu_notice notice, void *context,
	     struct criu_answer *out_answer, struct err *err) must_check;
/* Closes the socket and waits for its end. */
int criu_end(struct criu *criu, bool must_succeed, struct err *err) must_check;

/* Whether it is there, new enough, and can what is asked for here. */
int criu_check(bool mem_track, bool lazy_pages, struct err *err) must_check;
