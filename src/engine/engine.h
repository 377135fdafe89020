/*
 * The engine: containers, images and networks put together. One process (tugd), one thread, one loop.
 *
 * Calls that only look or write the record answer at once. Calls that must wait for a monitor, an exit or a job take a
 * struct engine_call, embedded in the caller's request: its done() is called exactly once, later from the loop or
 * before the call returns; engine_call_cancel forgets the caller, the work itself goes on.
 *
 * Containers are named by name, ID or a unique prefix of an ID. Errors carry an errno value that the API turns into
 * Docker's status (docker/error.h): ENOENT no such object, EINVAL bad parameter, EBUSY and EEXIST conflict, EALREADY
 * "not modified", EOPNOTSUPP not there yet, anything else a fault of the engine.
 * Results live in the arena that is given. What is acknowledged is durable.
 */
#pragma once

#include "base/loop.h"
#include "docker/container.h"
#include "docker/event.h"
#include "docker/exec.h"
#include "docker/image.h"
#include "docker/system.h"

struct engine;

struct engine_config {
	const char *data_root, *exec_root, *cgroup_parent;
	const char *bridge, *bip, *nft_table, *publish_ip;
	const struct engine_pool {
		const char *base;
		int64_t size;
	} * pools;
	size_t pool_count;
	int64_t mtu, network_pool;
	bool ip_forward, ip_masq;
	char *const *dns, *const *dns_options, *const *dns_search;
	char *const *cdi_spec_dirs;
	int64_t shm_size, stop_timeout_s;
	bool no_new_privileges, debug;
	const char *log_driver;
	const struct json_map *log_options;
	char *const *labels;
	/* Registries (registry/endpoint.h says what the first three mean). */
	char *const *registry_mirrors, *const *insecure_registries, *const *registry_certs;
	const char *http_proxy, *https_proxy, *no_proxy;
	int64_t downloads, uploads, download_attempts, registry_timeout_s;
};

/* Takes up the record in data_root, reconciles the world to it, and goes on watching containers that still run. */
int engine_open(struct loop *loop, const struct engine_config *config, struct engine **out_engine,
		struct err *err) must_check;
void engine_close(struct engine *engine); /* containers run on; takes NULL */

/* The values that can change while the engine runs; strings are copied. */
void engine_reload(struct engine *engine, const struct engine_config *config);

/* Removes what engines of this configuration left on the host: bridge, nft table, cgroups, sockets. Nothing may run. */
int engine_purge(const struct engine_config *config, struct err *err) must_check;

struct engine_call {
	void (*done)(struct engine_call *call, const struct err *err); /* err: NULL after success */
	int64_t exit_code;					       /* of engine_wait */
	const char *exit_error; /* of engine_wait: why the container could not start, or NULL; valid in done() */
	struct engine_call *next, **link; /* the engine's */
	int condition;
};
void engine_call_cancel(struct engine_call *call); /* also when it is done */

/* --- containers --- */

/*
 * name may be NULL: one is made up. 1: what the image has at the place of a new volume is being copied; call.done()
 * follows, with out_created filled, unless the call is cancelled before. 0: done.
 */
int engine_create(struct engine *engine, struct arena *arena, const char *name, const struct container_create *request,
		  struct container_created *out_created, struct engine_call *call, struct err *err) must_check;

struct engine_query {
	bool all, size;
	int64_t limit; /* 0: no limit */
	const struct engine_filter {
		const char *key, *value;
	} * filters; /* values of one key: any of them; keys: all of them. -EINVAL for an unknown key or value */
	size_t filter_count;
};
struct engine_list {
	struct container_summary *items;
	size_t count;
};
int engine_list(struct engine *engine, struct arena *arena, const struct engine_query *query,
		struct engine_list *out_list, struct err *err) must_check;
int engine_inspect(struct engine *engine, struct arena *arena, const char *name, bool size,
		   struct container_inspect *out_inspect, struct err *err) must_check;
int engine_top(struct engine *engine, struct arena *arena, const char *name, const char *ps_args,
	       struct container_top *out_top, struct err *err) must_check;

/* -EALREADY when it runs. The monitor's failure is the error: 127 and 126 are recognised by Docker's words in it. */
void engine_start(struct engine *engine, const char *name, struct engine_call *call);
/* signal and timeout_s: NULL and -2: the container's; timeout -1: for ever. -EALREADY when it does not run. */
void engine_stop(struct engine *engine, const char *name, const char *signal, int64_t timeout_s,
		 struct engine_call *call);
void engine_restart(struct engine *engine, const char *name, const char *signal, int64_t timeout_s,
		    struct engine_call *call);
/* signal: NULL or "": KILL. Names with or without SIG, or numbers. */
int engine_kill(struct engine *engine, const char *name, const char *signal, struct err *err) must_check;
/* -EBUSY when it does not run or is paused already; unpause of one that is not: a fault, as Docker has it. */
void engine_pause(struct engine *engine, const char *name, struct engine_call *call);
void engine_unpause(struct engine *engine, const char *name, struct engine_call *call);
int engine_rename(struct engine *engine, const char *name, const char *new_name, struct err *err) must_check;
void engine_remove(struct engine *engine, const char *name, bool force, bool volumes, struct engine_call *call);
int engine_resize(struct engine *engine, const char *name, uint16_t height, uint16_t width, struct err *err) must_check;

enum engine_condition { ENGINE_NOT_RUNNING, ENGINE_NEXT_EXIT, ENGINE_REMOVED };
/* -ENOENT at once when there is no such container; otherwise done() is called with exit_code. */
void engine_wait(struct engine *engine, const char *name, enum engine_condition condition, struct engine_call *call);

/* --- streams --- */

struct engine_attach {
	bool in, out, err;	 /* standard input, output, error */
	const char *detach_keys; /* NULL: Docker's ctrl-p,ctrl-q */
};
/* Whether one may attach, and whether the stream is raw (a terminal) or framed. Before the answer's head is written. */
int engine_attach_check(struct engine *engine, const char *name, const struct engine_attach *attach, bool *out_raw,
			struct err *err) must_check;
/*
 * Takes over the client's connection, behind the answer's head, and what was already read from it. A container that was
 * not started yet keeps it until then. The descriptor is closed in every case.
 */
void engine_attach(struct engine *engine, const char *name, const struct engine_attach *attach, int client,
		   const void *preface, size_t preface_size);

struct engine_logs {
	bool out, err, follow, timestamps, details;
	int64_t since_ns, until_ns; /* wall clock; 0: not set */
	int64_t tail;		    /* lines; -1: all */
};
/* Log output as it goes to the client: framed, or raw for a container with a terminal. */
struct engine_log_sink {
	/* The sink may call engine_logs_pause from here. */
	void (*data)(struct engine_log_sink *sink, const void *data, size_t size);
	void (*ended)(struct engine_log_sink *sink, const struct err *err); /* err: NULL at the end */
};
struct engine_log_stream;
int engine_logs_open(struct engine *engine, const char *name, const struct engine_logs *options,
		     struct engine_log_sink *sink, struct engine_log_stream **out_stream, bool *out_raw,
		     struct err *err) must_check; /* nothing is delivered before engine_logs_resume */
void engine_logs_pause(struct engine_log_stream *stream);
void engine_logs_resume(struct engine_log_stream *stream);
void engine_logs_close(struct engine_log_stream *stream); /* no call of the sink afterwards; takes NULL */

/* --- exec --- */

int engine_exec_create(struct engine *engine, struct arena *arena, const char *container,
		       const struct exec_config *config, struct id_response *out_id, struct err *err) must_check;
/* Before the answer's head is written: -ENOENT, or -EBUSY when it ran already or the container does not run. */
int engine_exec_check(struct engine *engine, const char *id, const struct exec_start *start, bool *out_raw,
		      struct err *err) must_check;
/* As engine_attach; what goes wrong is written to the client. client -1: detached, and call tells how it went. */
void engine_exec_start(struct engine *engine, const char *id, const struct exec_start *start, int client,
		       const void *preface, size_t preface_size, struct engine_call *call);
int engine_exec_inspect(struct engine *engine, struct arena *arena, const char *id, struct exec_inspect *out_inspect,
			struct err *err) must_check;
int engine_exec_resize(struct engine *engine, const char *id, uint16_t height, uint16_t width,
		       struct err *err) must_check;

/* --- images --- */

struct engine_image_list {
	struct image_summary *items;
	size_t count;
};
struct engine_deleted_list {
	struct image_deleted *items;
	size_t count;
};
struct engine_history {
	struct image_history_item *items;
	size_t count;
};
int engine_images(struct engine *engine, struct arena *arena, const struct engine_query *query,
		  struct engine_image_list *out_list, struct err *err) must_check;
int engine_image_inspect(struct engine *engine, struct arena *arena, const char *name,
			 struct image_inspect *out_inspect, struct err *err) must_check;
int engine_image_history(struct engine *engine, struct arena *arena, const char *name,
			 struct engine_history *out_history, struct err *err) must_check;
int engine_image_tag(struct engine *engine, const char *name, const char *repository, const char *tag,
		     struct err *err) must_check;
int engine_image_remove(struct engine *engine, struct arena *arena, const char *name, bool force,
			struct engine_deleted_list *out_deleted, struct err *err) must_check;

/* A job that reads an archive from the client: import or load. */
struct engine_import {
	const char *repository, *tag, *message, *platform; /* "" or NULL: none */
	char *const *changes;
};
struct engine_job_sink {
	void (*progress)(struct engine_job_sink *sink, const struct progress *line);
	void (*ended)(struct engine_job_sink *sink,
		      const struct err *err);		/* err: NULL after success; the job is gone */
	void (*writable)(struct engine_job_sink *sink); /* after engine_job_write took less than all */
	/* Of jobs that give something back: what is known before the first byte, and the bytes. NULL: not wanted. */
	void (*answer)(struct engine_job_sink *sink, const struct json *answer);
	void (*data)(struct engine_job_sink *sink, const void *data, size_t size);
};
struct engine_job;
int engine_import(struct engine *engine, const struct engine_import *import, struct engine_job_sink *sink,
		  struct engine_job **out_job, struct err *err) must_check;
int engine_load(struct engine *engine, struct engine_job_sink *sink, struct engine_job **out_job,
		struct err *err) must_check;
/* Takes what the job can take now: 0 to size bytes. */
size_t engine_job_write(struct engine_job *job, const void *data, size_t size);
void engine_job_finish(struct engine_job *job); /* the archive ended here */
/* No data until engine_job_resume, except what is being told. */
void engine_job_pause(struct engine_job *job);
void engine_job_resume(struct engine_job *job);
void engine_job_cancel(struct engine_job *job); /* the client is gone: ends it; no call of the sink afterwards */

/* --- the rest --- */

int engine_version(struct engine *engine, struct arena *arena, struct version_info *out_version,
		   struct err *err) must_check;
int engine_info(struct engine *engine, struct arena *arena, struct system_info *out_info, struct err *err) must_check;
