#include "engine/save.h"

#include "base/fd.h"
#include "base/text.h"
#include "docker/platform.h"
#include "docker/reference.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "image/job.h"

#include <fcntl.h>
#include <string.h>

enum { IMAGES_MAX = 4096 };

struct list {
	struct engine *engine;
	struct arena arena;
	struct save_spec spec;
};

static void name_add(struct list *list, struct save_image *image, const char *name)
{
	size_t count = strv_count(image->names);
	for (size_t i = 0; i < count; i++)
		if (text_equal(image->names[i], name))
			return;
	char **names = arena_array(&list->arena, char *, count + 2);
	if (count > 0)
		memcpy(names, image->names, count * sizeof *names);
	names[count] = arena_strdup(&list->arena, name);
	image->names = names;
}

static struct save_image *image_add(struct list *list, const struct digest *id, struct err *err)
{
	for (size_t i = 0; i < list->spec.images.count; i++)
		if (text_equal(list->spec.images.items[i].id, id->text))
			return &list->spec.images.items[i];
	if (list->spec.images.count == IMAGES_MAX) {
		(void)err_set(err, E2BIG, "more than %d images at once", IMAGES_MAX);
		return NULL;
	}
	struct save_image *image = &list->spec.images.items[list->spec.images.count++];
	image->id = arena_strdup(&list->arena, id->text);
	return image;
}

static int image_check(const struct list *list, const struct image *image, const char *name, char *const *platforms,
		       struct err *err)
{
	auto_arena arena = {0};
	struct oci_image config;
	if (!platforms || !platforms[0])
		return 0;
	int rc = image_config(list->engine->images, &arena, &image->id, &config, err);
	for (; rc == 0 && *platforms; platforms++) {
		struct oci_platform wanted;
		rc = platform_parse(&arena, *platforms, &wanted, err);
		if (rc == 0 && !platform_fits(&wanted, config.os, config.architecture, config.variant))
			rc = err_set(
			    err, ENOENT,
			    "image with reference %s was found but does not provide the specified platform (%s)", name,
			    platform_text(&arena, wanted.os, wanted.architecture, wanted.variant));
	}
	return rc;
}

/* "alpine" without a tag: all tags of that repository. Returns whether there was one. */
static int repository_add(struct list *list, const struct reference *wanted, char *const *platforms, bool *out_found,
			  struct err *err)
{
	struct image_list images;
	int rc = image_list(list->engine->images, &list->arena, &images, err);
	*out_found = false;
	for (size_t i = 0; rc == 0 && i < images.count; i++) {
		for (char **tag = images.items[i].tags; *tag; tag++) {
			struct reference reference;
			struct err ignored;
			if (reference_parse(*tag, &reference, &ignored) < 0 ||
			    !text_equal(reference.domain, wanted->domain) || !text_equal(reference.path, wanted->path))
				continue;
			rc = image_check(list, &images.items[i], *tag, platforms, err);
			if (rc < 0)
				return rc;
			struct save_image *image = image_add(list, &images.items[i].id, err);
			if (!image)
				return -err->code;
			name_add(list, image, *tag);
			*out_found = true;
		}
	}
	return rc;
}

static int one_add(struct list *list, const char *name, char *const *platforms, struct err *err)
{
	struct reference reference;
	struct err ignored;
	struct image image;
	char full[REFERENCE_TEXT_MAX];
	bool found = false;
	bool readable = reference_parse(name, &reference, &ignored) == 0;
	if (readable && !*reference.tag && !*reference.digest) {
		int rc = repository_add(list, &reference, platforms, &found, err);
		if (rc < 0 || found)
			return rc;
	}
	int rc = image_find(list->engine->images, &list->arena, name, &image, err);
	if (rc == 0)
		rc = image_check(list, &image, name, platforms, err);
	if (rc < 0)
		return rc;
	struct save_image *added = image_add(list, &image.id, err);
	if (!added)
		return -err->code;
	if (!readable || *reference.digest)
		return 0;
	reference_set_default_tag(&reference);
	reference_full(&reference, full);
	for (char **tag = image.tags; tag && *tag; tag++)
		if (text_equal(*tag, full)) /* otherwise it was an ID */
			name_add(list, added, full);
	return 0;
}

static int list_make(struct list *list, const struct engine_save *save, int *out_fd, struct err *err)
{
	auto_buf text = BUF_INIT(16 << 20);
	list->spec.images.items = arena_array(&list->arena, struct save_image, IMAGES_MAX);
	if (!save->names || !save->names[0])
		return err_set(err, EINVAL, "no image is named");
	for (char *const *name = save->names; *name; name++) {
		int rc = one_add(list, *name, save->platforms, err);
		if (rc < 0)
			return rc;
	}
	json_encode(&text, &table_save_spec, &list->spec);
	int rc = buf_check(&text, "the list of images", err);
	return rc < 0 ? rc : fd_sealed("tug-save", text.data, text.len, out_fd, err);
}

static int save_finish(struct engine_job *job, struct err *err)
{
	const struct save_spec *spec = job->context;
	(void)err;
	for (size_t i = 0; spec && i < spec->images.count; i++) {
		const struct save_image *image = &spec->images.items[i];
		struct json_pair pair = {(char *)"name", image->names ? image->names[0] : image->id};
		event_publish(&job->engine->bus, "image", "save", image->id, &(struct json_map){&pair, 1}, NULL);
	}
	return 0;
}

/* For the events at the end. */
static void spec_copy(const struct save_spec *spec, struct engine_job *job)
{
	struct save_spec *copy = arena_new(&job->arena, struct save_spec);
	copy->images.items = arena_array(&job->arena, struct save_image, spec->images.count + 1);
	for (; copy->images.count < spec->images.count; copy->images.count++) {
		const struct save_image *from = &spec->images.items[copy->images.count];
		struct save_image *to = &copy->images.items[copy->images.count];
		to->id = arena_strdup(&job->arena, from->id);
		if (from->names) {
			to->names = arena_array(&job->arena, char *, 2);
			to->names[0] = arena_strdup(&job->arena, from->names[0]);
		}
	}
	job->context = copy;
}

int engine_save(struct engine *engine, const struct engine_save *save, struct engine_job_sink *sink,
		struct engine_job **out_job, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"save", NULL};
	struct list list = {.engine = engine};
	auto_fd int spec = -1;
	auto_fd int layers = openat(engine->data, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int blobs = openat(engine->data, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = layers < 0 || blobs < 0 ? err_sys(err, "open the store") : list_make(&list, save, &spec, err);
	if (rc == 0) {
		const int fds[] = {layers, blobs, spec};
		const struct job_request request = {
		    .argv = argv, .fds = fds, .fd_count = array_size(fds), .output = true, .finish = save_finish};
		rc = job_begin(engine, &request, sink, out_job, err);
	}
	if (rc == 0)
		spec_copy(&list.spec, *out_job);
	arena_done(&list.arena);
	return rc;
}

int engine_image_platform(struct engine *engine, const char *name, const char *platform, struct err *err)
{
	struct list list = {.engine = engine};
	struct image image;
	char *const platforms[] = {(char *)platform, NULL};
	if (text_empty(platform))
		return 0;
	int rc = image_find(engine->images, &list.arena, name, &image, err);
	if (rc == 0)
		rc = image_check(&list, &image, name, platforms, err);
	arena_done(&list.arena);
	return rc;
}
