/*
 * How a build shows: plain lines, a terminal's live view, the raw events, or nothing but the image's ID.
 */
#pragma once

#include "base/arena.h"
#include "docker/build.h"

enum build_progress_mode { PROGRESS_PLAIN, PROGRESS_TTY, PROGRESS_RAW, PROGRESS_QUIET };

struct build_progress;

/* "auto", "plain", "tty", "rawjson", "quiet", "none". -EINVAL. */
int build_progress_mode(const char *text, enum build_progress_mode *out_mode, struct err *err) must_check;

struct build_progress *build_progress_new(enum build_progress_mode mode);
void build_progress_free(struct build_progress *progress); /* takes NULL */

void build_progress_event(struct build_progress *progress, const struct build_event *event);
/* The clock goes on while nothing happens. */
void build_progress_tick(struct build_progress *progress);
/* The view is complete; after a failure with the excerpt of the Dockerfile. */
void build_progress_end(struct build_progress *progress, bool failed);
