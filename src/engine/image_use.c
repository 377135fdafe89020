#include "engine/image_use.h"

#include "base/log.h"
#include "base/text.h"
#include "engine/creation.h"
#include "engine/engine_state.h"

#include <stdio.h>

/* As its root file system, or as one of its mounts. */
static bool document_uses(const struct container_document *document, const struct digest *id)
{
	if (text_equal(document->image_id, id->text))
		return true;
	for (size_t i = 0; i < document->mounts.count; i++) {
		const struct container_mount *mount = &document->mounts.items[i];
		if (text_equal(mount->type, "image") && text_equal(mount->source, id->text))
			return true;
	}
	return false;
}

enum image_use image_use_find(void *cookie, const struct digest *id, char out_container[13])
{
	const struct engine *engine = cookie;
	enum image_use use = IMAGE_UNUSED;
	for (const struct container *at = engine->containers; at; at = at->next) {
		if (at->state == STATE_REMOVED || !document_uses(&at->document, id))
			continue;
		bool running = state_is_running(at->state) || at->state == STATE_STARTING;
		if (use == IMAGE_UNUSED || running)
			snprintf(out_container, 13, "%.12s", at->id);
		use = running ? IMAGE_USED_RUNNING : IMAGE_USED_STOPPED;
		if (running)
			break;
	}
	for (const struct creation *at = engine->creations; at && use == IMAGE_UNUSED; at = at->next) {
		if (!document_uses(&at->container->document, id))
			continue;
		snprintf(out_container, 13, "%.12s", at->container->id);
		use = IMAGE_USED_STOPPED;
	}
	return use;
}

int64_t image_use_count(const struct engine *engine, const char *id)
{
	int64_t count = 0;
	for (const struct container *at = engine->containers; at; at = at->next)
		count += at->state != STATE_REMOVED && text_equal(at->document.image_id, id);
	return count;
}

void image_use_collect(struct engine *engine)
{
	const struct image_users users = {image_use_find, engine};
	struct err err;
	if (image_store_collect(engine->images, &users, &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot remove images that nobody uses any more", NULL);
}
