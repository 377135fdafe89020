/*
 * A progress stream of the engine, one JSON object per line, shown as Docker shows it: on a terminal one line for each
 * layer, redrawn, with a bar, speed and time left; elsewhere a line for each change of state.
 */
#pragma once

#include "cli/command.h"
#include "docker/image.h"

struct progress_view {
	struct arena *arena;
	FILE *out;
	bool quiet; /* only errors */
	/* For what is in the stream beside that; NULL: left out. */
	void (*aux)(struct progress_view *view, const struct json *aux);
	void *cookie;

	/* progress.c's */
	bool terminal;
	unsigned width;
	struct progress_row *rows;
	size_t count, room;
	struct buf line;
};

/* Reads the stream to its end; the first error in it is the error. */
int progress_show(struct progress_view *view, struct client_stream *stream, struct err *err) must_check;
