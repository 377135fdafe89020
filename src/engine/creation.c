/* The later half of create: volumes are filled, the container goes into the record. */
#include "engine/creation.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/create.h"
#include "engine/engine_state.h"
#include "engine/volumes.h"
#include "storage/data.h"
#include "storage/volume.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LAYERS_TEXT = 1 << 20 };

static void creation_free(struct creation *creation)
{
	struct creation **link = &creation->engine->creations;
	while (*link && *link != creation)
		link = &(*link)->next;
	if (*link)
		*link = creation->next;
	strv_free(creation->made);
	strv_free(creation->warnings);
	cleanup_fd(&creation->staging_fd);
	free(creation);
}

static void staging_clear(struct creation *creation)
{
	struct err err;
	cleanup_fd(&creation->staging_fd);
	creation->staging_fd = -1;
	if (creation->staging[0] && data_unstage(creation->engine->data, creation->staging, &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot clear a staging directory", NULL);
	creation->staging[0] = 0;
}

/* Nothing of it stays. The caller is told by whoever calls this. */
static void creation_undo(struct creation *creation)
{
	struct engine *engine = creation->engine;
	auto_strv char **made = creation->made;
	struct container *container = creation->container;
	creation->made = NULL;
	staging_clear(creation);
	creation_free(creation);
	container_free(container); /* first: it must not count as a user of its volumes */
	volumes_undo(engine, made);
}

/* --- the end --- */

static int record_write(struct creation *creation, struct err *err)
{
	struct engine *engine = creation->engine;
	struct container *container = creation->container;
	int rc = database_begin(engine->database, err);
	if (rc < 0)
		return rc;
	rc = container_insert(container, err);
	for (size_t i = 0; rc == 0 && i < container->document.mounts.count; i++) {
		const struct container_mount *mount = &container->document.mounts.items[i];
		if (text_equal(mount->type, "volume"))
			rc = volume_keep(engine->database, mount->name, err);
	}
	if (rc == 0)
		return database_commit(engine->database, err);
	database_rollback(engine->database);
	return rc;
}

static void created_fill(struct creation *creation)
{
	struct container_created *created = creation->out_created;
	size_t count = strv_count(creation->warnings);
	created->id = arena_strdup(creation->out_arena, creation->container->id);
	created->warnings = arena_array(creation->out_arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		created->warnings[i] = arena_strdup(creation->out_arena, creation->warnings[i]);
}

static int creation_finish(struct creation *creation, struct err *err)
{
	int rc = record_write(creation, err);
	if (rc < 0)
		return rc;
	container_event(creation->container, "create", NULL);
	return 0;
}

/* --- what the image has at a volume's place --- */

/* Whether one of the layers has something at the path; a link on the way may lead anywhere. */
static bool layers_may_have(const struct engine *engine, char *const *lower, const char *path)
{
	for (; *lower; lower++) {
		auto_free char *whole = x_printf("%s%s", *lower, path);
		auto_fd int fd = -1;
		struct err ignored;
		int rc = path_open(engine->data, whole, PATH_NO_LINKS, O_PATH, 0, &fd, &ignored);
		if (rc == 0 || rc == -ELOOP)
			return true;
	}
	return false;
}

static bool wants_copy(const struct creation *creation, const struct container_mount *mount, char *const *lower)
{
	const struct engine *engine = creation->engine;
	auto_arena arena = {0};
	struct volume volume;
	struct err ignored;
	if (!text_equal(mount->type, "volume") || !mount->copy ||
	    volume_find(engine->database, &arena, mount->name, &volume, &ignored) < 0)
		return false;
	/* Under a running container the directory must stay the one that it has. */
	return !volume.copied && volume.options.count == 0 && volume_is_empty(engine->data, mount->name) &&
	       !volumes_running(engine, mount->name, NULL) && layers_may_have(engine, lower, mount->destination);
}

static void copy_done(struct task *task, const struct json *result, const struct err *err);

static void copy_abandoned(struct task *task)
{
	creation_undo(container_of(task, struct creation, task));
}

static int copy_start(struct creation *creation, const struct container_mount *mount, char *const *lower,
		      struct err *err)
{
	struct engine *engine = creation->engine;
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"copy-up", mount->destination, NULL};
	auto_buf layers = BUF_INIT(LAYERS_TEXT);
	auto_fd int list = -1;
	for (; *lower; lower++)
		buf_printf(&layers, "%s/%s\n", engine->config.data_root, *lower);
	int rc = buf_check(&layers, "the list of layers", err);
	if (rc == 0)
		rc = fd_sealed("tug-layers", buf_str(&layers), layers.len, &list, err);
	if (rc == 0)
		rc = data_stage(engine->data, creation->staging, &creation->staging_fd, err);
	if (rc < 0)
		return rc;
	int fds[] = {-1, -1, STDERR_FILENO, -1, creation->staging_fd, list};
	creation->task.done = copy_done;
	creation->task.abandoned = copy_abandoned;
	rc = task_start(engine, &creation->task, argv, fds, array_size(fds), err);
	if (rc < 0)
		staging_clear(creation);
	return rc;
}

/* 1: a job runs. */
static int copies_go_on(struct creation *creation, struct err *err)
{
	auto_arena arena = {0};
	struct container_document *document = &creation->container->document;
	struct digest image;
	char **lower;
	int rc = digest_parse(document->image_id, &image, err);
	if (rc == 0)
		rc = image_lower_dirs(creation->engine->images, &arena, &image, &lower, err);
	for (; rc == 0 && creation->at < document->mounts.count; creation->at++) {
		const struct container_mount *mount = &document->mounts.items[creation->at];
		if (!wants_copy(creation, mount, lower))
			continue;
		rc = copy_start(creation, mount, lower, err);
		return rc < 0 ? rc : 1;
	}
	return rc;
}

static int copy_take(struct creation *creation, const struct json *result, struct err *err)
{
	const struct json *found = json_get(result, "found");
	const struct container_mount *mount = &creation->container->document.mounts.items[creation->at];
	struct engine *engine = creation->engine;
	if (!found || found->kind != JSON_BOOL || !found->boolean)
		return 0;
	if (volumes_running(engine, mount->name, NULL))
		return 0;
	int rc = volume_fill(engine->database, engine->data, mount->name, creation->staging_fd, "copy", err);
	/* Somebody was faster. */
	return rc == -ENOTEMPTY || rc == -EEXIST ? 0 : rc;
}

static void copy_done(struct task *task, const struct json *result, const struct err *failure)
{
	struct creation *creation = container_of(task, struct creation, task);
	struct err err;
	int rc = 0;
	if (failure) {
		err = *failure;
		rc = -err.code;
	} else {
		rc = copy_take(creation, result, &err);
	}
	staging_clear(creation);
	creation->at++;
	if (rc == 0)
		rc = copies_go_on(creation, &err);
	if (rc > 0)
		return;
	if (rc == 0)
		rc = creation_finish(creation, &err);
	struct engine_call *calls = creation->calls;
	if (calls)
		calls->link = &calls;
	creation->calls = NULL;
	if (rc == 0 && calls)
		created_fill(creation);
	if (rc < 0)
		creation_undo(creation);
	else
		creation_free(creation);
	call_done_all(&calls, rc < 0 ? &err : NULL);
}

int creation_begin(struct creation *creation, struct engine_call *call, struct err *err)
{
	creation->next = creation->engine->creations;
	creation->engine->creations = creation;
	creation->staging_fd = -1;
	int rc = copies_go_on(creation, err);
	if (rc > 0) {
		call_add(&creation->calls, call);
		return 1;
	}
	if (rc == 0)
		rc = creation_finish(creation, err);
	if (rc < 0) {
		creation_undo(creation);
		return rc;
	}
	created_fill(creation);
	creation_free(creation);
	return 0;
}
