/*
 * The Engine API: an HTTP/1.1 server of our own on the engine's loop, with one table of routes (routes.c).
 *
 * It decides nothing: a route reads its parameters, asks the engine, and writes the answer. Everything runs in tugd, in
 * one thread; nothing here blocks. What a client can make it hold is bounded: the number of connections, the size of
 * a request's head and of a JSON body, the bytes that wait for a slow reader.
 */
#pragma once

#include "base/error.h"
#include "base/loop.h"

struct api;
struct engine;

struct api_listener {
	int fd;	  /* listening, non-blocking, close-on-exec; stays the caller's */
	bool tcp; /* nobody authenticates there: said once in the log */
};

struct api_config {
	const struct api_listener *listeners;
	size_t listener_count;
	uint32_t connections_max; /* 0: 4096; more wait in the listener's queue */
};

int api_open(struct loop *loop, struct engine *engine, const struct api_config *config, struct api **out_api,
	     struct err *err) must_check;

/* Closes all connections; pending calls of the engine are cancelled. Connections that were handed over live on. */
void api_close(struct api *api);
