/*
 * A container's files from outside: cp (look, get, put), export, diff. Each is a confined job (image/job.h) on the
 * container's own mounts while it runs, otherwise on a mount of the same that nobody else sees.
 */
#pragma once

#include "docker/archive.h"
#include "engine/engine.h"

/* The sink's answer is a struct path_stat; for `get` the archive follows as its data. -ENOENT: no such container;
 * later, told by the sink: "Could not find the file PATH in container NAME". */
int engine_archive_stat(struct engine *engine, const char *name, const char *path, struct engine_job_sink *sink,
			struct engine_job **out_job, struct err *err) must_check;
int engine_archive_get(struct engine *engine, const char *name, const char *path, struct engine_job_sink *sink,
		       struct engine_job **out_job, struct err *err) must_check;

struct engine_archive_put {
	const char *path;  /* an existing directory */
	bool keep_kind;	   /* a directory is not replaced by something else, nor the other way round */
	bool copy_uid_gid; /* files belong to the container's user */
};
/* The archive comes by engine_job_write. */
int engine_archive_put(struct engine *engine, const char *name, const struct engine_archive_put *put,
		       struct engine_job_sink *sink, struct engine_job **out_job, struct err *err) must_check;

int engine_export(struct engine *engine, const char *name, struct engine_job_sink *sink, struct engine_job **out_job,
		  struct err *err) must_check;

/* The sink's answer is a list of struct filesystem_change. */
int engine_changes(struct engine *engine, const char *name, struct engine_job_sink *sink, struct engine_job **out_job,
		   struct err *err) must_check;
