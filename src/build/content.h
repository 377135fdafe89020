/*
 * The digest of what a COPY would copy: names, kinds, modes, contents, links' targets, extended attributes; not owners
 * and times, which do not decide the result or are set anew. Each file is read once, however often it is asked for.
 */
#pragma once

#include "base/map.h"
#include "build/select.h"

struct content {
	/* The digest of a file's bytes, where somebody has seen them; NULL: it is read. */
	const char *(*known)(void *cookie, const struct stat *file);
	void *cookie;
	struct map files; /* name below the root: its digest */
	int64_t newest;	  /* seconds: the newest file that was looked at */
};
void content_done(struct content *content);

/* root: the context. out_digest: hex, in the arena. */
int content_digest(struct content *content, struct arena *arena, int root, char *const *sources, char *const *excludes,
		   bool parents, char **out_digest, struct err *err) must_check;
