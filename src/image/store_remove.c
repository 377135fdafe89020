#include "image/store_blobs.h"
#include "image/store_schema.h"

#include "base/text.h"
#include "docker/reference.h"
#include "storage/content.h"

#include <string.h>

enum { SHORT_ID = 12 };

/* The rules and texts of Docker's own image store. */
struct removal {
	struct image_store *store;
	struct arena *arena;
	const struct image_users *users;
	const char *typed; /* as the user named it, for messages */
	struct image image;
	struct image_removed_list removed;
	enum image_use use;
	char container[13];
};

static void note(struct removal *removal, const char *untagged, const char *deleted)
{
	struct image_removed *item = &removal->removed.items[removal->removed.count++];
	if (untagged) {
		struct reference reference;
		struct err ignored;
		char name[REFERENCE_TEXT_MAX];
		bool readable = reference_parse(untagged, &reference, &ignored) == 0;
		if (readable)
			reference_familiar(&reference, name);
		item->untagged = arena_strdup(removal->arena, readable ? name : untagged);
	}
	if (deleted)
		item->deleted = arena_strdup(removal->arena, deleted);
}

static int drop_tag(struct removal *removal, const char *name, struct err *err)
{
	int result =
	    database_run(removal->store->database, "DELETE FROM tag WHERE name = ?", BIND(bind_text(name)), err);
	if (result == 0)
		note(removal, name, NULL);
	return result;
}

static const char *short_id(const struct removal *removal, char out_id[SHORT_ID + 1])
{
	snprintf(out_id, SHORT_ID + 1, "%s", digest_hex(&removal->image.id));
	return out_id;
}

static int conflict(const struct removal *removal, struct err *err)
{
	char id[SHORT_ID + 1];
	bool running = removal->use == IMAGE_USED_RUNNING;
	return err_set(err, EBUSY, "conflict: unable to delete %s (%s) - image is being used by %s container %s",
		       short_id(removal, id), running ? "cannot be forced" : "must be forced",
		       running ? "running" : "stopped", removal->container);
}

/* A name without its tag, to tell whether all names are of one repository. */
static void repository_of(const char *name, char out_name[REFERENCE_TEXT_MAX])
{
	struct reference reference;
	struct err ignored;
	snprintf(out_name, REFERENCE_TEXT_MAX, "%s", name);
	if (reference_parse(name, &reference, &ignored) == 0)
		snprintf(out_name, REFERENCE_TEXT_MAX, "%s/%s", reference.domain, reference.path);
}

static bool several_repositories(const struct image *image)
{
	char first[REFERENCE_TEXT_MAX], other[REFERENCE_TEXT_MAX];
	for (size_t i = 1; image->tags[0] && image->tags[i]; i++) {
		repository_of(image->tags[0], first);
		repository_of(image->tags[i], other);
		if (!text_equal(first, other))
			return true;
	}
	return false;
}

static int drop_image(struct removal *removal, struct err *err)
{
	struct database *database = removal->store->database;
	const char *id = removal->image.id.text;
	int result;
	if (removal->use == IMAGE_UNUSED)
		result = database_run(database, "DELETE FROM image WHERE id = ?", BIND(bind_text(id)), err);
	else
		result = database_run(database, "UPDATE image SET hidden = 1 WHERE id = ?", BIND(bind_text(id)), err);
	if (result == 0)
		result = store_drop_layers(removal->store, err);
	if (result == 0)
		note(removal, NULL, id);
	return result;
}

/* The names by digest in a repository that has no other tag of the image any more; "": all of them. */
static int drop_digests(struct removal *removal, const char *repository, struct err *err)
{
	char **digests;
	int result = image_digests(removal->store, removal->arena, &removal->image.id, &digests, err);
	if (result < 0)
		return result;
	size_t length = strlen(repository);
	for (char **digest = digests; *digest; digest++)
		if (!length || (strncmp(*digest, repository, length) == 0 && (*digest)[length] == '@'))
			note(removal, *digest, NULL);
	return image_forget_digests(removal->store, &removal->image.id, repository, err);
}

/* Whether another name than this one is of its repository. */
static bool repository_stays(const struct removal *removal, const char *name)
{
	char own[REFERENCE_TEXT_MAX], other[REFERENCE_TEXT_MAX];
	repository_of(name, own);
	for (char **tag = removal->image.tags; *tag; tag++) {
		repository_of(*tag, other);
		if (!text_equal(*tag, name) && text_equal(own, other))
			return true;
	}
	return false;
}

static int remove_by_tag(struct removal *removal, const char *name, bool force, struct err *err)
{
	char id[SHORT_ID + 1];
	bool last = !removal->image.tags[1];
	if (last && !force && removal->use != IMAGE_UNUSED) {
		return err_set(err, EBUSY,
			       "conflict: unable to remove repository reference \"%s\" (must force) - container %s is "
			       "using its referenced image %s",
			       removal->typed, removal->container, short_id(removal, id));
	}
	int result = drop_tag(removal, name, err);
	if (result == 0 && !repository_stays(removal, name)) {
		char repository[REFERENCE_TEXT_MAX];
		repository_of(name, repository);
		result = drop_digests(removal, repository, err);
	}
	/* Of a running container only the name goes; the image stays without one. */
	if (result < 0 || !last || removal->use == IMAGE_USED_RUNNING)
		return result;
	return drop_image(removal, err);
}

static int remove_by_id(struct removal *removal, bool force, struct err *err)
{
	char id[SHORT_ID + 1];
	if (removal->use == IMAGE_USED_RUNNING || (removal->use != IMAGE_UNUSED && !force))
		return conflict(removal, err);
	if (several_repositories(&removal->image) && !force)
		return err_set(err, EBUSY,
			       "conflict: unable to delete %s (must be forced) - image is referenced in multiple "
			       "repositories",
			       short_id(removal, id));
	for (size_t i = 0; removal->image.tags[i]; i++) {
		int result = drop_tag(removal, removal->image.tags[i], err);
		if (result < 0)
			return result;
	}
	int result = drop_digests(removal, "", err);
	return result < 0 ? result : drop_image(removal, err);
}

int image_remove(struct image_store *store, struct arena *arena, const char *text, bool force,
		 const struct image_users *users, struct image_removed_list *out_removed, struct err *err)
{
	struct removal removal = {.store = store, .arena = arena, .users = users, .typed = text};
	enum image_name_kind kind;
	char *name;
	size_t tags = 0, digest_count = 0;
	int result = image_resolve(store, arena, text, &removal.image, &kind, &name, err);
	if (result < 0)
		return result;
	while (removal.image.tags[tags])
		tags++;
	char **digests;
	result = image_digests(store, arena, &removal.image.id, &digests, err);
	if (result < 0)
		return result;
	while (digests[digest_count])
		digest_count++;
	removal.removed.items = arena_array(arena, struct image_removed, tags + digest_count + 1);
	if (users)
		removal.use = users->find(users->cookie, &removal.image.id, removal.container);
	result = database_begin(store->database, err);
	if (result < 0)
		return result;
	result = kind == IMAGE_BY_TAG ? remove_by_tag(&removal, name, force, err) : remove_by_id(&removal, force, err);
	if (result < 0) {
		database_rollback(store->database);
		return result;
	}
	result = database_commit(store->database, err);
	if (result == 0)
		result = image_store_sweep(store, err);
	if (result == 0)
		*out_removed = removal.removed;
	return result;
}

int image_store_collect(struct image_store *store, const struct image_users *users, struct err *err)
{
	auto_arena arena = {0};
	auto_query struct query *query = NULL;
	struct removal removal = {.store = store, .arena = &arena, .users = users};
	bool removed = false;
	int result = database_query(store->database, "SELECT id FROM image WHERE hidden", NULL, &query, err);
	while (result == 0 && (result = query_next(query, err)) > 0) {
		struct digest id;
		result = digest_parse(query_text(query, 0), &id, err);
		if (result < 0)
			return result;
		if (users->find(users->cookie, &id, removal.container) != IMAGE_UNUSED)
			continue;
		removal.image.id = id;
		removal.removed = (struct image_removed_list){.items = arena_array(&arena, struct image_removed, 1)};
		result = drop_image(&removal, err);
		removed = true;
	}
	if (result == 0 && removed)
		result = image_store_sweep(store, err);
	return result;
}
