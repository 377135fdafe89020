/*
 * What a build has to do: the Dockerfile's needed stages as steps with everything expanded, the images they start from,
 * and the configuration that comes out. Made in a confined job (plan_make), carried to the engine as JSON, done there.
 * Pure data: names of files are as the Dockerfile says them and are resolved only where they are used.
 */
#pragma once

#include "build/dockerfile.h"
#include "oci/image_spec.h"

enum {
	PLAN_STAGES_MAX = 1000,
	PLAN_ROOTS_MAX = 4096,
	PLAN_ARGS_MAX = 4096,
	PLAN_MEMORY_MAX = 256 << 20,	 /* of what its texts expand to */
	PLAN_ENVIRONMENT_MAX = 2 << 20,	 /* of one command: more the kernel takes from nobody */
	PLAN_ENVIRONMENTS_MAX = 7 << 20, /* of all of them */
};

/* Where files come from: {"context", n}: the build's contexts, 0 is the main one; {"stage", n}; {"base", n}. */
struct build_root {
	char *kind;
	int64_t number;
};
JSON_DECLARE(build_root);

struct build_mount {
	char *type; /* bind, cache, tmpfs, secret, ssh */
	char *target, *source, *id, *env, *sharing;
	struct build_root *from; /* bind, cache: NULL: an empty directory */
	char *content;		 /* of a bind of the context: the digest of what it shows */
	bool read_only, required;
	int64_t mode, uid, gid, size;
};
JSON_DECLARE(build_mount);

struct build_file { /* a heredoc */
	char *name, *content;
};
JSON_DECLARE(build_file);

struct build_run {
	char **argv, **env;
	char *user, *directory, *network; /* "default", "none", "host" */
	JSON_LIST(struct build_mount) mounts;
	JSON_LIST(struct build_file) scripts; /* at /dev/pipes/NAME */
	char *hostname;
	char **hosts; /* more lines of /etc/hosts */
};
JSON_DECLARE(build_run);

struct build_copy {
	struct build_root from;
	char **sources;	   /* patterns below the root */
	char *destination; /* absolute; a trailing "/" says: a directory */
	JSON_LIST(struct build_file) files;
	char **urls, **repositories;
	char *checksum;
	char *owner, *mode; /* NULL: 0:0; as they are */
	char **excludes;
	char *content; /* digest of what is copied, of the context */
	bool add, link, parents, unpack, unpack_said, keep_git;
};
JSON_DECLARE(build_copy);

struct build_step {
	char *kind;  /* "from", "run", "copy", "workdir", "config" */
	char *label; /* "[build 2/5] RUN make" */
	char *text;  /* the instruction, in one line */
	int64_t stage;
	int64_t number, total; /* within its stage, as label says */
	int64_t first_line, last_line;
	int64_t history;  /* its entry in the stage's image, -1: none */
	char *definition; /* digest of all that decides the result but the roots it works on */
	struct build_run *run;
	struct build_copy *copy;
	char *directory, *user; /* of "workdir" */
	char **proxies;		/* environment that is no part of the definition */
	bool no_cache;
};
JSON_DECLARE(build_step);

struct build_base {	 /* an image that is started from or copied from */
	char *reference; /* as written */
	char *id;
	char **layers;	 /* diff ids */
	int64_t created; /* seconds */
};
JSON_DECLARE(build_base);

struct build_stage {
	char *name;		/* "build", or "" */
	int64_t number;		/* in the Dockerfile */
	struct build_root from; /* "base", "stage", "context", or "scratch" */
	struct oci_image image; /* without root file system and times of its own history */
	JSON_LIST(struct build_step) steps;
};
JSON_DECLARE(build_stage);

struct build_warning {
	char *rule, *message, *url;
	int64_t line;
	char *text; /* the line */
};
JSON_DECLARE(build_warning);

struct build_plan {
	JSON_LIST(struct build_stage) stages; /* needed ones; a stage stands behind those it needs */
	JSON_LIST(struct build_base) bases;
	JSON_LIST(struct build_warning) warnings;
	int64_t target;	  /* index in stages */
	char *dockerfile; /* the text, for excerpts */
	char *dockerfile_name;
	int64_t classic_total; /* instructions of all needed stages */
	bool check_failed;     /* check=error=true, and there are warnings */
	bool spooled;  /* the contexts are in the spool of the job's staging directory (engine/build_context.h) */
	char **hidden; /* files of the main context that nothing may see */
};
JSON_DECLARE(build_plan);

struct json_pair_item { /* value NULL: unset */
	char *key, *value;
};
JSON_DECLARE(json_pair_item);

/* A named context, or a replaced image: --build-context. */
struct build_named {
	char *name;
	int64_t context; /* number of a context, or -1 */
	char *image;	 /* docker-image://REF */
	char *stage;	 /* target:NAME */
};
JSON_DECLARE(build_named);

struct build_request {
	char *dockerfile; /* its path in the main context */
	char *target;
	JSON_LIST(struct json_pair_item) args; /* --build-arg */
	struct json_map labels;
	char *platform;
	char *network;
	char **hosts;
	JSON_LIST(struct build_named) named;
	int64_t *epoch; /* SOURCE_DATE_EPOCH of the request */
	bool no_cache, check;
	char **no_cache_stages;
};
JSON_DECLARE(build_request);

/* What plan_make asks for. */
struct plan_world {
	/* An image by its name: id, layers, creation; its configuration. */
	int (*base)(void *cookie, struct arena *arena, const char *reference, const char *platform,
		    struct build_base *out_base, struct oci_image *out_image, struct err *err);
	/* The digest of what sources (patterns, with excludes) show in a context, as hex. */
	int (*content)(void *cookie, struct arena *arena, int64_t context, char *const *sources, char *const *excludes,
		       bool parents, char **out_digest, struct err *err);
	void *cookie;
};

/* Memory in the arena. -EINVAL with the place in the Dockerfile; -E2BIG: texts grow beyond the limits above (B-10). */
int plan_make(struct arena *arena, const struct dockerfile *file, const struct build_request *request,
	      const struct plan_world *world, struct build_plan *out_plan, struct err *err) must_check;
