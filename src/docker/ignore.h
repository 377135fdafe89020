/*
 * .dockerignore: which files of a build context are left out. Client and engine read it alike.
 *
 * One pattern a line (docker/glob.h, with **), relative to the context; "#" in the first column starts a comment; a
 * pattern that matches a directory covers all below it; "!" takes back; the last line that matches decides. Pure.
 */
#pragma once

#include "base/arena.h"
#include "docker/glob.h"

enum { IGNORE_SIZE_MAX = 1 << 20, IGNORE_LINES_MAX = 16384 };

struct ignore_line {
	const struct glob *glob;
	char *text; /* clean: "a/b" */
	bool again; /* "!": taken back */
};
struct ignore {
	struct ignore_line *lines;
	size_t count;
	bool again; /* some line takes back */
};

/* -EINVAL names the line. Everything lives in the arena. */
int ignore_parse(struct arena *arena, const char *text, size_t size, struct ignore *out_ignore,
		 struct err *err) must_check;

/* path: clean, relative to the context, "a/b". */
bool ignore_excludes(const struct ignore *ignore, const char *path);

/* Whether something below an excluded directory may still be wanted. */
bool ignore_may_hold(const struct ignore *ignore, const char *directory);

/* Go's filepath.Clean for slashes: "./a//b/../c/" is "a/c", "" is ".". In the arena. */
char *path_clean(struct arena *arena, const char *path);
