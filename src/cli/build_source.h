/*
 * Where a build's context comes from: a folder, standard input, a git repository.
 */
#pragma once

#include "cli/build_context.h"
#include "cli/command.h"

struct build_source {
	struct build_context *context; /* NULL: standard input is sent as it is, a tar with its Dockerfile */
	int64_t contexts;	       /* their number; 0: the tar is the context */
	const char *dockerfile;	       /* the name for messages, or the path in the tar */
	int input;		       /* of the tar: what was read ahead and the rest, or -1 */
	struct buf ahead;
	char *temporary; /* a clone, removed at the end */
	char **bases;	 /* images that stages start from, as far as the Dockerfile says it plainly; or NULL */
};

struct build_source_request {
	const char *path;      /* PATH, URL or "-" */
	const char *file;      /* -f */
	char *const *named;    /* NAME=VALUE of --build-context */
	struct buf *out_named; /* gets the JSON of the engine's parameter buildcontexts */
};

int build_source_open(struct cli *cli, const struct build_source_request *request, struct build_source *out_source,
		      struct err *err) must_check;
void build_source_done(struct build_source *source);
