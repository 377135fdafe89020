/*
 * Registries: pull, push, login and what else is asked of them. The work is done by jobs (src/registry/job.h); the
 * engine starts them, passes their progress on and takes over what they made.
 *
 * Pulls of the same image with the same credentials at the same time are one: each caller hears of all of it. A pull
 * ends when its last caller cancels it; what was downloaded by then is kept for the next time.
 */
#pragma once

#include "docker/auth.h"
#include "docker/registry.h"
#include "engine/engine.h"

struct engine_pull {
	const char *name;     /* "alpine", "host:5000/a/b:tag" */
	const char *tag;      /* a tag or a digest; NULL or "": by the name; without one there all tags are pulled */
	const char *platform; /* "linux/arm64"; NULL or "": of this host */
	const struct auth_config *auth;
};
struct engine_pull_client;
/* Lines come through the sink, which may be told before this returns (a pull that others have begun). */
int engine_pull(struct engine *engine, const struct engine_pull *pull, struct engine_job_sink *sink,
		struct engine_pull_client **out_client, struct err *err) must_check;
void engine_pull_cancel(struct engine_pull_client *client); /* no call of the sink afterwards */

/* For `create`: whether the image that is here is of the platform that was asked for ("" or NULL: any). -ENOENT. */
int engine_platform_check(struct engine *engine, const char *image, const char *platform, struct err *err) must_check;

struct engine_push {
	const char *name;
	const char *tag; /* NULL or "": all tags of the repository that are here */
	const char *platform;
	const struct auth_config *auth;
};
int engine_push(struct engine *engine, const struct engine_push *push, struct engine_job_sink *sink,
		struct engine_job **out_job, struct err *err) must_check;

/* Questions with one answer: sink->answer has it as JSON, sink->ended follows. */
enum engine_registry_verb {
	REGISTRY_AUTH,	    /* struct auth_response; the registry is that of the credentials */
	REGISTRY_INSPECT,   /* struct distribution_inspect */
	REGISTRY_MANIFEST,  /* struct registry_manifest: the document as it is, and what a list names */
	REGISTRY_TAGS,	    /* list of strings */
	REGISTRY_CATALOG,   /* list of strings; name is a host */
	REGISTRY_REFERRERS, /* an OCI index */
	REGISTRY_SEARCH,    /* list of struct search_result; name is the term */
	REGISTRY_PUT,	    /* {"Digest"}: puts a list of manifests */
	REGISTRY_DELETE,    /* {}: a manifest by tag or digest */
};
struct engine_registry_query {
	enum engine_registry_verb verb;
	const char *name, *text, *media_type;
	const struct auth_config *auth;
	const struct registry_list_put *list; /* of REGISTRY_PUT */
	int64_t limit;
	bool insecure;
};
int engine_registry_ask(struct engine *engine, const struct engine_registry_query *query, struct engine_job_sink *sink,
			struct engine_job **out_job, struct err *err) must_check;
