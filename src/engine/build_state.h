/*
 * A build as the engine holds it. Inside the engine, of the files build*.c.
 */
#pragma once

#include "engine/build.h"
#include "engine/build_job.h"
#include "engine/container.h"
#include "engine/engine_state.h"
#include "engine/job.h"

enum { BUILD_PARALLEL = 4, BUILD_KEY = 65 };

struct build_secret {
	char *id, *hex;
	char *text; /* for the environment; NULL: it has a zero byte */
};
struct build_socket {
	char *id, *path;
};
struct build_session {
	struct engine *engine;
	struct build_session *next;
	char token[65];
	struct arena arena;
	struct build_secret *secrets;
	size_t secret_count;
	struct build_socket *sockets;
	size_t socket_count;
	struct loop_timer timer;
};

/* A directory below staging/ that lives as long as a step. */
struct build_dir {
	char name[STAGING_NAME];
	struct build_dir *next;
};

/* A cache mount in use. */
struct build_lease {
	char *name; /* its directory */
	bool shared;
	struct build_lease *next;
};

struct build_result {
	char layer[DIGEST_TEXT]; /* "": no layer */
	int64_t epoch;
	int64_t size;
};

/* A step that is being done. */
struct build_work {
	struct engine_build *build;
	struct build_stage_run *stage;
	const struct build_step *step;
	int64_t id;
	struct arena arena;
	char key[BUILD_KEY];
	struct build_result result;
	bool counted; /* among those that are done at once */
	struct engine_job_sink sink;
	struct engine_job *job;
	struct build_dir *dirs;
	struct build_lease *leases;
	/* of ADD from elsewhere */
	int fetched_fd; /* -1: nothing */
	struct build_fetch_answer fetched;
	/* a command */
	size_t prepared; /* mounts */
	bool extracted;	 /* the copy for the mount that is being prepared is made */
	struct oci_mount *mounts;
	size_t mount_count;
	char **env;
	char **stubs;
	struct container_step container_step;
	char container[ID_TEXT]; /* "": none */
	struct engine_call start, wait;
	bool waits, exited, output_over;
	int exit_code;
	int output_fd;
	struct loop_io output;
	uint8_t head[8];
	size_t head_size;
	uint32_t frame_left;
	struct err error;
};

struct build_stage_run {
	const struct build_stage *stage;
	char **layers; /* diff ids, base first */
	size_t layer_count;
	int64_t epoch;
	size_t next;
	bool done;
	struct build_work *work;
	struct build_result *results; /* of its steps */
	int64_t first_id;
};

struct engine_build {
	struct engine *engine;
	struct engine_build *next;
	struct engine_build_sink *sink;
	struct arena arena, plan_arena;
	struct build_plan_request request;
	struct host_config limits;
	char **tags;
	struct build_session *session;
	bool serial, check, keep_failed, pull;
	int64_t began_ns;
	struct engine_job_sink plan_sink;
	struct engine_job *plan_job;
	int reply_fd;
	struct build_pull *pull_now; /* for the plan's job, which waits */
	int64_t pulls;
	char *auths;
	bool plan_seen;
	struct build_plan plan;
	char staging[STAGING_NAME];
	int staging_fd;
	int contexts[64];
	size_t context_count;
	int spool;		/* the contexts' tar, instead of their directories; -1: none */
	char *unpacked[64];	/* contexts of the spool that a command looks at: absolute names, or NULL */
	struct build_dir *dirs; /* where they lie */
	struct build_stage_run *stages;
	size_t working;
	int64_t classic;
	struct loop_task task;
	bool over;
	struct err failure;
	int64_t failed_step, failed_line, failed_last_line, failed_code;
};

/* --- build.c --- */

void builds_end(struct engine *engine); /* without telling anybody: for engine_close */

void build_tell(struct engine_build *build, const struct build_event *event);
void build_advance_later(struct engine_build *build);
void build_fail(struct engine_build *build, const struct err *err);

/* --- build_base.c --- */

/* Replies to the plan's job, at once or after a pull. */
void build_base_answer(struct engine_build *build, const struct build_base_question *question);
void build_pull_free(struct build_pull *pull); /* takes NULL */

/* --- build_step.c --- */

/* True: it is done at once, from the cache or because there is nothing to do. */
bool build_step_begin(struct build_stage_run *stage, struct engine_build *build);
/* For a step that looks at a context: the descriptor that its job gets, and the request's part of it. */
int build_context_take(struct engine_build *build, struct arena *arena, int64_t number,
		       struct build_step_request *request, int *out_fd, struct err *err) must_check;
void build_work_free(struct build_work *work); /* ends what it has begun */
void build_work_failed(struct build_work *work, const struct err *err, int64_t code);
void build_work_done(struct build_work *work);
char **build_root_layers(struct engine_build *build, const struct build_root *root); /* diff ids, base first */
int build_lower(struct engine_build *build, struct arena *arena, char *const *layers, char ***out_paths,
		struct err *err) must_check; /* absolute */
int build_seal_request(struct arena *arena, const struct build_step_request *request, int *out_fd,
		       struct err *err) must_check;
/* A job build-step; what it makes is the work's. */
int build_job_begin(struct build_work *work, const struct build_step_request *request, int from,
		    struct err *err) must_check;

/* --- build_fetch.c --- */

bool build_is_remote(const struct build_step *step);
/* Fetches; work_fetched follows, or the failure. */
int build_fetch_begin(struct build_work *work, struct err *err) must_check;
void build_work_fetched(struct build_work *work);

/* --- build_command.c, build_mounts.c --- */

void build_command_begin(struct build_work *work);
void build_command_over(struct build_work *work); /* looks whether it has ended */
void build_command_free(struct build_work *work);
void build_command_resume(struct build_work *work);
/* Takes up one mount after the other: 1: all are there; 0: a job goes on, build_command_begin is called again. */
int build_mounts_prepare(struct build_work *work, struct err *err) must_check;
void build_dir_keep(struct build_work *work, const char *name); /* below staging/ */
void build_leases_free(struct build_work *work);
void build_dirs_free(struct engine *engine, struct build_dir **dirs);

/* --- build_cache.c --- */

int build_migrate(struct database *database, struct err *err) must_check;
bool build_cache_find(struct engine *engine, const char *key, struct build_result *out_result);
int build_cache_put(struct engine *engine, const char *key, const struct build_result *result,
		    const struct build_step *step, int staging, const struct image_job_layer *layer,
		    struct err *err) must_check;
/* The directory of a cache mount, below DATA/build: made when it is new. */
int build_cache_mount(struct engine *engine, const char *id, const struct build_mount *mount, char **out_name,
		      bool *out_new, struct err *err) must_check;
void build_cache_measured(struct engine *engine, const char *name, int64_t size);

/* --- build_session.c --- */

struct build_session *build_session_take(struct engine *engine, const char *token);
void build_session_free(struct build_session *session);
void build_sessions_end(struct engine *engine);
