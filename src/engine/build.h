/*
 * Builds: a context flows in, events flow out, an image remains. Part of the engine's interface (engine.h).
 */
#pragma once

#include "docker/build.h"
#include "engine/engine.h"

struct engine_build_named {
	const char *name, *value; /* a number of a further context, "docker-image://REF", "target:STAGE" */
};

struct engine_build_options {
	const char *dockerfile, *target, *platform, *network, *session;
	const char *auths; /* credentials: {"HOST": auth_config} as JSON, or NULL */
	char *const *tags; /* references */
	const struct json_map *labels;
	const struct json *args; /* {"NAME": "value" or null} */
	const struct json *named;
	char *const *no_cache_stages;
	const struct host_config *limits; /* memory, cpus, shm size, ulimits, hosts of its steps */
	int64_t
	    contexts; /* > 0: the body holds so many contexts in folders "0", "1", ...; 0: it is the context itself */
	bool no_cache, pull, check, keep_failed;
	bool serial; /* one step at a time: a classic client shows no more */
};

struct engine_build_sink {
	void (*event)(struct engine_build_sink *sink, const struct build_event *event);
	/* NULL: the image is made, or the check went well. The build is gone. */
	void (*ended)(struct engine_build_sink *sink, const struct err *err);
	void (*writable)(struct engine_build_sink *sink);
	bool (*full)(struct engine_build_sink *sink); /* its client is slow: output rests until engine_build_resume */
};

struct engine_build;
int engine_build_begin(struct engine *engine, const struct engine_build_options *options,
		       struct engine_build_sink *sink, struct engine_build **out_build, struct err *err) must_check;
size_t engine_build_write(struct engine_build *build, const void *data, size_t size);
void engine_build_finish_input(struct engine_build *build);
void engine_build_resume(struct engine_build *build);
void engine_build_cancel(struct engine_build *build); /* no call of the sink afterwards */

/*
 * Secrets of a build, kept in memory only: the token is good for one build, or for a minute. values: {"id": "base64"}.
 * sockets: {"id": "/path of an agent's socket"}.
 */
int engine_build_session(struct engine *engine, const struct json *values, const struct json *sockets,
			 char out_token[65], struct err *err) must_check;

struct engine_build_cache {
	struct build_cache_record *items;
	size_t count;
	int64_t size;
};
int engine_build_cache(struct engine *engine, struct arena *arena, struct engine_build_cache *out_cache,
		       struct err *err) must_check;

struct engine_build_prune {
	bool all;
	int64_t keep_bytes; /* reserved-space, keep-storage */
	int64_t max_bytes;  /* max-used-space; 0: no limit */
	int64_t free_bytes; /* min-free-space */
	int64_t unused_ns;  /* until: not used for so long */
	char *const *ids, *const *types;
};
int engine_build_prune(struct engine *engine, struct arena *arena, const struct engine_build_prune *prune,
		       struct build_pruned *out_pruned, struct err *err) must_check;
