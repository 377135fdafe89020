/* import and load: jobs whose images come into the store. */
#include "base/text.h"
#include "docker/reference.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "image/job.h"

#include <fcntl.h>

static int images_take(struct engine_job *job, struct err *err)
{
	if (!job->result)
		return err_set(err, EPROTO, "the job made nothing");
	return image_store_put(job->engine->images, job->staging_fd, job->result, err);
}

static int archive_job(struct engine *engine, char *const *argv, int (*finish)(struct engine_job *job, struct err *err),
		       struct engine_job_sink *sink, struct engine_job **out_job, struct err *err)
{
	auto_fd int layers = openat(engine->data, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layers < 0)
		return err_sys(err, "open layers");
	const struct job_request request = {
	    .argv = argv, .fds = &layers, .fd_count = 1, .staging = true, .input = true, .finish = finish};
	return job_begin(engine, &request, sink, out_job, err);
}

/* --- load --- */

static void loaded_tell(struct engine_job *job, const struct image_job_image *image)
{
	bool named = image->names && image->names[0];
	auto_free char *anonymous = x_printf("Loaded image ID: %s\n", image->id);
	if (!named)
		job_tell(job, &(struct progress){.stream = anonymous});
	for (char **name = image->names; name && *name; name++) {
		struct reference reference;
		struct err ignored;
		char text[REFERENCE_TEXT_MAX];
		if (reference_parse(*name, &reference, &ignored) < 0)
			continue; /* image_store_put has checked them */
		reference_familiar(&reference, text);
		auto_free char *line = x_printf("Loaded image: %s\n", text);
		job_tell(job, &(struct progress){.stream = line});
	}
	struct json_pair pair = {(char *)"name", named ? image->names[0] : image->id};
	event_publish(&job->engine->bus, "image", "load", image->id, &(struct json_map){&pair, 1}, NULL);
}

static int load_finish(struct engine_job *job, struct err *err)
{
	int rc = images_take(job, err);
	for (size_t i = 0; rc == 0 && i < job->result->images.count; i++)
		loaded_tell(job, &job->result->images.items[i]);
	return rc;
}

int engine_load(struct engine *engine, struct engine_job_sink *sink, struct engine_job **out_job, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"load", NULL};
	return archive_job(engine, argv, load_finish, sink, out_job, err);
}

/* --- import --- */

struct import_name {
	char *repository, *tag; /* NULL: none */
};

static int import_finish(struct engine_job *job, struct err *err)
{
	struct engine *engine = job->engine;
	const struct import_name *name = job->context;
	struct digest id;
	int rc = images_take(job, err);
	if (rc < 0)
		return rc;
	if (job->result->images.count != 1)
		return err_set(err, EPROTO, "the import made no image");
	rc = digest_parse(job->result->images.items[0].id, &id, err);
	if (rc == 0 && !text_empty(name->repository))
		rc = image_tag_id(engine->images, &id, name->repository, name->tag, err);
	if (rc < 0)
		return rc;
	job_tell(job, &(struct progress){.status = id.text});
	struct json_pair pair = {(char *)"name", name->repository ? name->repository : id.text};
	event_publish(&engine->bus, "image", "import", id.text, &(struct json_map){&pair, 1}, NULL);
	return 0;
}

/* The name must be good before the archive is read. */
static int import_check(const struct engine_import *import, struct err *err)
{
	struct reference reference;
	for (char *const *change = import->changes; change && *change; change++) {
		int rc = image_change_check(*change, err);
		if (rc < 0)
			return rc;
	}
	if (text_empty(import->repository))
		return 0;
	int rc = reference_parse(import->repository, &reference, err);
	return rc < 0 || text_empty(import->tag) ? rc : reference_check_tag(import->tag, err);
}

int engine_import(struct engine *engine, const struct engine_import *import, struct engine_job_sink *sink,
		  struct engine_job **out_job, struct err *err)
{
	auto_strv char **argv = NULL;
	int rc = import_check(import, err);
	if (rc < 0)
		return rc;
	strv_push(&argv, x_strdup("tugd"));
	strv_push(&argv, x_strdup("job"));
	strv_push(&argv, x_strdup("import"));
	for (char *const *change = import->changes; change && *change; change++) {
		strv_push(&argv, x_strdup("--change"));
		strv_push(&argv, x_strdup(*change));
	}
	if (!text_empty(import->message)) {
		strv_push(&argv, x_strdup("--message"));
		strv_push(&argv, x_strdup(import->message));
	}
	if (!text_empty(import->platform)) {
		strv_push(&argv, x_strdup("--platform"));
		strv_push(&argv, x_strdup(import->platform));
	}
	rc = archive_job(engine, argv, import_finish, sink, out_job, err);
	if (rc < 0)
		return rc;
	struct arena *arena = &(*out_job)->arena;
	struct import_name *name = arena_new(arena, struct import_name);
	name->repository = text_empty(import->repository) ? NULL : arena_strdup(arena, import->repository);
	name->tag = text_empty(import->tag) ? NULL : arena_strdup(arena, import->tag);
	(*out_job)->context = name;
	return 0;
}
