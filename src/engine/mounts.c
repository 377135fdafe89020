#include "engine/mounts.h"

#include "base/random.h"
#include "base/text.h"
#include "docker/mount_spec.h"
#include "docker/volume.h"
#include "engine/engine_state.h"
#include "engine/volumes.h"

#include <string.h>
#include <sys/stat.h>

JSON_TYPE(container_mount, F_STR(struct container_mount, type, "Type", 0),
	  F_STR(struct container_mount, name, "Name", JSON_OMIT),
	  F_STR(struct container_mount, source, "Source", JSON_OMIT),
	  F_STR(struct container_mount, destination, "Destination", 0),
	  F_STR(struct container_mount, mode, "Mode", JSON_OMIT),
	  F_STR(struct container_mount, propagation, "Propagation", JSON_OMIT),
	  F_STR(struct container_mount, subpath, "Subpath", JSON_OMIT), F_BOOL(struct container_mount, rw, "RW", 0),
	  F_BOOL(struct container_mount, anonymous, "Anonymous", JSON_OMIT),
	  F_BOOL(struct container_mount, copy, "Copy", JSON_OMIT),
	  F_BOOL(struct container_mount, non_recursive, "NonRecursive", JSON_OMIT),
	  F_BOOL(struct container_mount, make_source, "MakeSource", JSON_OMIT),
	  F_BOOL(struct container_mount, readonly_top, "ReadOnlyTop", JSON_OMIT),
	  F_BOOL(struct container_mount, readonly_all, "ReadOnlyAll", JSON_OMIT),
	  F_I64(struct container_mount, tmpfs_size, "TmpfsSize", JSON_OMIT),
	  F_I64(struct container_mount, tmpfs_mode, "TmpfsMode", JSON_OMIT),
	  F_STRV(struct container_mount, tmpfs_options, "TmpfsOptions", JSON_OMIT));

struct resolve {
	struct engine *engine; /* NULL: volumes are not looked at */
	struct arena *arena;
	struct container_document *document;
	char ***made;
	size_t room;
	size_t inherited; /* the first ones came with --volumes-from: any other replaces them */
};

static struct container_mount *mount_at(const struct resolve *resolve, const char *destination)
{
	for (size_t i = 0; i < resolve->document->mounts.count; i++) {
		if (text_equal(resolve->document->mounts.items[i].destination, destination))
			return &resolve->document->mounts.items[i];
	}
	return NULL;
}

static void mount_append(struct resolve *resolve, const struct container_mount *mount)
{
	struct container_mount *items = resolve->document->mounts.items;
	size_t count = resolve->document->mounts.count;
	if (count == resolve->room) {
		resolve->room = 2 * count + 8;
		struct container_mount *more = arena_array(resolve->arena, struct container_mount, resolve->room);
		if (count > 0)
			memcpy(more, items, count * sizeof *more);
		resolve->document->mounts.items = items = more;
	}
	items[count] = *mount;
	resolve->document->mounts.count = count + 1;
}

/* What the user asked for: once per place, over what came from other containers. */
static int mount_put(struct resolve *resolve, const struct container_mount *mount, struct err *err)
{
	struct container_mount *there = mount_at(resolve, mount->destination);
	if (!there) {
		mount_append(resolve, mount);
		return 0;
	}
	if (there >= resolve->document->mounts.items + resolve->inherited)
		return err_set(err, EINVAL, "Duplicate mount point: %s", mount->destination);
	/* It leaves the inherited ones and goes to the end. */
	size_t at = (size_t)(there - resolve->document->mounts.items);
	size_t behind = resolve->document->mounts.count - at - 1;
	memmove(there, there + 1, behind * sizeof *there);
	resolve->document->mounts.count--;
	resolve->inherited--;
	mount_append(resolve, mount);
	return 0;
}

/* --- volumes --- */

/* name NULL or "": an anonymous one, made up. */
static int volume_take(struct resolve *resolve, struct container_mount *mount, const char *name,
		       const struct volume_options *options, struct err *err)
{
	const struct driver_config *driver = options ? options->driver : NULL;
	struct volume_create request = {
	    .name = (char *)name,
	    .driver = driver ? driver->name : resolve->document->host.volume_driver,
	    .options = driver ? driver->options : (struct json_map){0},
	    .labels = options ? options->labels : (struct json_map){0},
	};
	char id[65];
	mount->type = (char *)"volume";
	mount->anonymous = text_empty(name);
	if (mount->anonymous) {
		random_id(id);
		request.name = id;
		struct json_pair *pairs = arena_array(resolve->arena, struct json_pair, request.labels.count + 1);
		for (size_t i = 0; i < request.labels.count; i++)
			pairs[i + 1] = request.labels.items[i];
		pairs[0] = (struct json_pair){(char *)VOLUME_ANONYMOUS, (char *)""};
		request.labels = (struct json_map){pairs, request.labels.count + 1};
	}
	mount->name = arena_strdup(resolve->arena, request.name);
	if (!resolve->engine)
		return 0;
	bool made;
	int rc = volumes_ensure(resolve->engine, &request, &made, err);
	if (rc == 0 && made)
		strv_push(resolve->made, x_strdup(request.name));
	return rc;
}

/* --- from where mounts come --- */

static char *bind_mode(struct resolve *resolve, const struct bind_spec *spec, const char *otherwise)
{
	auto_buf mode = BUF_INIT(64);
	if (spec->read_only)
		buf_text(&mode, "ro");
	if (spec->selinux)
		buf_printf(&mode, "%s%c", mode.len ? "," : "", spec->selinux);
	if (spec->no_copy)
		buf_printf(&mode, "%snocopy", mode.len ? "," : "");
	if (!text_empty(spec->propagation))
		buf_printf(&mode, "%s%s", mode.len ? "," : "", spec->propagation);
	return arena_strdup(resolve->arena, mode.len ? mode.data : otherwise);
}

static int tmpfs_clash(const struct resolve *resolve, const char *destination, struct err *err)
{
	if (json_map_get(&resolve->document->host.tmpfs, destination))
		return err_set(err, EINVAL, "Duplicate mount point: %s", destination);
	return 0;
}

static int binds_add(struct resolve *resolve, struct err *err)
{
	for (char *const *text = resolve->document->host.binds; text && *text; text++) {
		struct bind_spec spec;
		int rc = bind_spec_parse(resolve->arena, *text, &spec, err);
		if (rc < 0)
			return rc;
		bool path = bind_spec_is_path(&spec);
		if (path && spec.no_copy)
			return err_set(err, EINVAL, "invalid volume specification: '%s': invalid mode: nocopy", *text);
		if (!path && !text_empty(spec.propagation))
			return err_set(err, EINVAL, "invalid volume specification: '%s': invalid mode: %s", *text,
				       spec.propagation);
		struct container_mount mount = {
		    .type = (char *)"bind",
		    .source = path ? spec.source : NULL,
		    .destination = spec.target,
		    .mode = bind_mode(resolve, &spec, path ? "" : "z"),
		    .rw = !spec.read_only,
		    .propagation = !path			  ? (char *)""
				   : text_empty(spec.propagation) ? (char *)"rprivate"
								  : spec.propagation,
		    .make_source = true,
		    .copy = !spec.no_copy,
		};
		/* A second mount at one place makes no volume. */
		struct container_mount *there = mount_at(resolve, spec.target);
		if (there && there >= resolve->document->mounts.items + resolve->inherited)
			return err_set(err, EINVAL, "Duplicate mount point: %s", spec.target);
		if (!path)
			rc = volume_take(resolve, &mount, spec.source, NULL, err);
		if (rc == 0)
			rc = mount_put(resolve, &mount, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static char **words_of(struct arena *arena, const struct tmpfs_options *tmpfs)
{
	char **words = arena_array(arena, char *, tmpfs->options.count + 1);
	for (size_t i = 0; i < tmpfs->options.count; i++) {
		char **row = tmpfs->options.items[i].values;
		words[i] = !row || !row[0] ? (char *)""
			   : row[1]	   ? arena_printf(arena, "%s=%s", row[0], row[1])
					   : row[0];
	}
	return words;
}

static int bind_fill(const struct mount_request *request, struct container_mount *mount, struct err *err)
{
	const struct bind_options *bind = request->bind;
	struct stat info;
	mount->source = request->source;
	mount->propagation = bind && !text_empty(bind->propagation) ? bind->propagation : (char *)"rprivate";
	mount->non_recursive = bind && bind->non_recursive;
	mount->make_source = bind && bind->create_mountpoint;
	mount->readonly_top = bind && bind->read_only_non_recursive;
	mount->readonly_all = bind && bind->read_only_force_recursive;
	if (!mount->make_source && stat(mount->source, &info) < 0)
		return err_set(err, EINVAL,
			       "invalid mount config for type \"bind\": bind source path does not exist: %s",
			       mount->source);
	return 0;
}

static int image_fill(struct resolve *resolve, const struct mount_request *request, struct container_mount *mount,
		      struct err *err)
{
	struct image image;
	mount->subpath = request->image ? request->image->subpath : NULL;
	if (!resolve->engine)
		return 0;
	int rc = image_find(resolve->engine->images, resolve->arena, request->source, &image, err);
	if (rc < 0)
		return rc;
	mount->source = arena_strdup(resolve->arena, image.id.text);
	mount->name = request->source;
	return 0;
}

static int request_add(struct resolve *resolve, const struct mount_request *request, struct err *err)
{
	char *destination = mount_path_clean(resolve->arena, request->target);
	struct container_mount mount = {
	    .type = request->type, .destination = destination, .rw = !request->read_only, .mode = (char *)""};
	struct container_mount *there = mount_at(resolve, destination);
	int rc = tmpfs_clash(resolve, destination, err);
	if (rc == 0 && there && there >= resolve->document->mounts.items + resolve->inherited)
		rc = err_set(err, EINVAL, "Duplicate mount point: %s", destination);
	if (rc < 0)
		return rc;
	if (text_equal(request->type, "bind")) {
		rc = bind_fill(request, &mount, err);
	} else if (text_equal(request->type, "image")) {
		rc = image_fill(resolve, request, &mount, err);
	} else if (text_equal(request->type, "volume")) {
		mount.mode = (char *)"z";
		mount.subpath = request->volume ? request->volume->subpath : NULL;
		mount.copy = text_empty(mount.subpath) && (!request->volume || !request->volume->no_copy);
		rc = volume_take(resolve, &mount, request->source, request->volume, err);
	} else if (request->tmpfs) {
		mount.tmpfs_size = request->tmpfs->size_bytes;
		mount.tmpfs_mode = request->tmpfs->mode;
		mount.tmpfs_options = words_of(resolve->arena, request->tmpfs);
	}
	return rc < 0 ? rc : mount_put(resolve, &mount, err);
}

/* "CONTAINER[:ro|rw]" */
static int from_add(struct resolve *resolve, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	const char *mode = colon ? colon + 1 : "rw";
	char *name =
	    colon ? arena_strndup(resolve->arena, text, (size_t)(colon - text)) : arena_strdup(resolve->arena, text);
	struct container *other;
	if (!*name)
		return err_set(err, EINVAL, "malformed volumes-from specification: %s", text);
	auto_strv char **words = strv_split(mode, ',');
	bool read_only = false;
	for (char **word = words; *word; word++) {
		read_only = read_only || text_equal(*word, "ro");
		if (!text_equal(*word, "ro") && !text_equal(*word, "rw") && !text_equal(*word, "z") &&
		    !text_equal(*word, "Z"))
			return err_set(err, EINVAL, "invalid mode: %s", mode);
	}
	int rc = container_find(resolve->engine, name, &other, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < other->document.mounts.count; i++) {
		/* The other container may go before this one: nothing of its memory is kept. */
		auto_buf copy = BUF_INIT(1 << 20);
		struct container_mount mount = {0};
		json_encode(&copy, &table_container_mount, &other->document.mounts.items[i]);
		rc = buf_check(&copy, "a mount", err);
		if (rc == 0)
			rc = json_load(resolve->arena, &table_container_mount, copy.data, copy.len, "a mount", 0,
				       &mount, err);
		if (rc < 0)
			return rc;
		mount.rw = mount.rw && !read_only;
		mount.copy = false;
		struct container_mount *there = mount_at(resolve, mount.destination);
		if (there)
			*there = mount;
		else
			mount_append(resolve, &mount);
	}
	return 0;
}

/* The request's and the image's own places; what something else is mounted on already stays that. */
static int anonymous_add(struct resolve *resolve, struct err *err)
{
	const struct container_config *config = &resolve->document->config;
	for (size_t i = 0; i < config->volumes.count; i++) {
		const char *key = config->volumes.items[i].key;
		char *whole = *key == '/' ? (char *)key : arena_printf(resolve->arena, "/%s", key);
		struct container_mount mount = {.destination = mount_path_clean(resolve->arena, whole),
						.rw = true,
						.copy = true,
						.mode = (char *)"",
						.propagation = (char *)""};
		if (text_equal(mount.destination, "/"))
			return err_set(err, EINVAL,
				       "invalid volume specification: '%s': invalid mount config for type "
				       "\"volume\": invalid specification: destination can't be '/'",
				       key);
		if (mount_at(resolve, mount.destination) ||
		    json_map_get(&resolve->document->host.tmpfs, mount.destination))
			continue;
		int rc = volume_take(resolve, &mount, NULL, NULL, err);
		if (rc < 0)
			return rc;
		mount_append(resolve, &mount);
	}
	return 0;
}

static int requests_add(struct resolve *resolve, struct err *err)
{
	const struct host_config *host = &resolve->document->host;
	for (size_t i = 0; i < host->mounts.count; i++) {
		int rc = request_add(resolve, &host->mounts.items[i], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int mounts_resolve(struct engine *engine, struct arena *arena, struct container_document *document, char ***made,
		   struct err *err)
{
	struct resolve resolve = {.engine = engine, .arena = arena, .document = document, .made = made};
	int rc = 0;
	document->mounts.items = NULL;
	document->mounts.count = 0;
	for (char *const *from = document->host.volumes_from; rc == 0 && from && *from; from++)
		rc = from_add(&resolve, *from, err);
	resolve.inherited = document->mounts.count;
	if (rc == 0)
		rc = binds_add(&resolve, err);
	if (rc == 0)
		rc = requests_add(&resolve, err);
	if (rc == 0)
		rc = anonymous_add(&resolve, err);
	document->mounts_decided = true;
	return rc;
}

int mounts_upgrade(struct arena *arena, struct container_document *document, struct err *err)
{
	struct resolve resolve = {.arena = arena, .document = document};
	int rc = binds_add(&resolve, err);
	if (rc == 0)
		rc = requests_add(&resolve, err);
	document->mounts_decided = true;
	return rc;
}

struct mount_point *mounts_view(const struct container *container, struct arena *arena, size_t *out_count)
{
	const struct container_document *document = &container->document;
	struct mount_point *points = arena_array(arena, struct mount_point, document->mounts.count + 1);
	for (size_t i = 0; i < document->mounts.count; i++) {
		const struct container_mount *mount = &document->mounts.items[i];
		bool volume = text_equal(mount->type, "volume");
		points[i] = (struct mount_point){
		    .type = mount->type,
		    .name = mount->name,
		    .source = volume ? volumes_mountpoint(container->engine, arena, mount->name)
				     : (mount->source ? mount->source : (char *)""),
		    .destination = mount->destination,
		    .driver = volume ? (char *)VOLUME_DRIVER : NULL,
		    .mode = mount->mode ? mount->mode : (char *)"",
		    .rw = mount->rw,
		    .propagation = mount->propagation ? mount->propagation : (char *)"",
		};
	}
	*out_count = document->mounts.count;
	return points;
}
