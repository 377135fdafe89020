#include "docker/mount_spec.h"
#include "base/text.h"
#include "docker/size.h"

#include <string.h>

char *mount_path_clean(struct arena *arena, const char *path)
{
	if (path[0] != '/')
		return NULL;
	char *clean = arena_alloc(arena, strlen(path) + 2), *end = clean;
	for (const char *at = path; *at;) {
		size_t length = strcspn(at, "/");
		if (length == 2 && strncmp(at, "..", 2) == 0) {
			while (end > clean && *--end != '/')
				;
		} else if (length > 0 && !(length == 1 && *at == '.')) {
			*end++ = '/';
			memcpy(end, at, length);
			end += length;
		}
		at += length;
		at += strspn(at, "/");
	}
	if (end == clean)
		*end++ = '/';
	*end = 0;
	return clean;
}

static bool is_propagation(const char *text)
{
	static const char *const all[] = {"private", "rprivate", "shared", "rshared", "slave", "rslave"};
	for (size_t i = 0; i < array_size(all); i++)
		if (text_equal(text, all[i]))
			return true;
	return false;
}

static bool is_consistency(const char *text)
{
	return text_equal(text, "consistent") || text_equal(text, "cached") || text_equal(text, "delegated") ||
	       text_equal(text, "default");
}

static int bind_option(struct arena *arena, struct bind_spec *spec, const char *option, bool *mode_set)
{
	if (text_equal(option, "ro") || text_equal(option, "rw")) {
		if (*mode_set)
			return -EINVAL;
		*mode_set = true;
		spec->read_only = option[1] == 'o';
	} else if (text_equal(option, "z") || text_equal(option, "Z")) {
		spec->selinux = option[0];
	} else if (text_equal(option, "nocopy")) {
		spec->no_copy = true;
	} else if (is_propagation(option) && !*spec->propagation) {
		spec->propagation = arena_strdup(arena, option);
	} else if (!is_consistency(option)) {
		return -EINVAL;
	}
	return 0;
}

int bind_spec_parse(struct arena *arena, const char *text, struct bind_spec *out_spec, struct err *err)
{
	auto_strv char **parts = strv_split(text, ':');
	size_t count = strv_count(parts);
	struct bind_spec spec = {.propagation = arena_strdup(arena, "")};
	if (count > 3 || !*parts[0] || (count > 1 && !*parts[1]))
		return err_set(err, EINVAL, "invalid volume specification: '%s'", text);
	const char *target = count == 1 ? parts[0] : parts[1];
	if (count > 1) {
		spec.source = parts[0][0] == '/' ? mount_path_clean(arena, parts[0]) : arena_strdup(arena, parts[0]);
	}
	spec.target = mount_path_clean(arena, target);
	const char *type = bind_spec_is_path(&spec) ? "bind" : "volume";
	if (!spec.target)
		return err_set(
		    err, EINVAL,
		    "invalid volume specification: '%s': invalid mount config for type \"%s\": invalid mount "
		    "path: '%s' mount path must be absolute",
		    text, type, target);
	if (text_equal(spec.target, "/"))
		return err_set(err, EINVAL,
			       "invalid volume specification: '%s': invalid mount config for type \"%s\": invalid "
			       "specification: destination can't be '/'",
			       text, type);
	if (count == 3) {
		auto_strv char **options = strv_split(parts[2], ',');
		bool mode_set = false;
		for (char **option = options; *option; option++)
			if (bind_option(arena, &spec, *option, &mode_set) < 0)
				return err_set(err, EINVAL, "invalid volume specification: '%s': invalid mode: %s",
					       text, parts[2]);
	}
	*out_spec = spec;
	return 0;
}

int tmpfs_spec_parse(struct arena *arena, const char *text, char **out_target, char **out_options, struct err *err)
{
	const char *colon = strchr(text, ':');
	char *given = colon ? arena_strndup(arena, text, (size_t)(colon - text)) : arena_strdup(arena, text);
	char *target = mount_path_clean(arena, given);
	if (!target || text_equal(target, "/"))
		return err_set(err, EINVAL, "invalid mount path: '%s': an absolute path below / is wanted", given);
	*out_target = target;
	*out_options = arena_strdup(arena, colon ? colon + 1 : "");
	return 0;
}

/* --- --mount --- */

/* The next field of a CSV line: quoted with "" for a quote, or plain to the next comma. NULL at the end; EINVAL by out.
 */
static char *csv_next(struct arena *arena, const char **at, bool *out_broken)
{
	const char *text = *at;
	if (!text)
		return NULL;
	char *field = arena_alloc(arena, strlen(text) + 1), *end = field;
	if (*text == '"') {
		for (text++; *text && !(*text == '"' && text[1] != '"'); text++) {
			if (*text == '"')
				text++;
			*end++ = *text;
		}
		if (*text++ != '"' || (*text && *text != ',')) {
			*out_broken = true;
			return NULL;
		}
	} else {
		for (; *text && *text != ','; text++)
			*end++ = *text;
	}
	*at = *text == ',' ? text + 1 : NULL;
	return field;
}

static int read_bool(const char *key, const char *value, bool *out_value, struct err *err)
{
	static const char *const yes[] = {"", "1", "t", "T", "TRUE", "true", "True"};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
	for (size_t i = 0; i < array_size(yes); i++) {
		if (text_equal(value, yes[i])) {
			*out_value = true;
			return 0;
		}
	}
	for (size_t i = 0; i < array_size(no); i++) {
		if (text_equal(value, no[i])) {
			*out_value = false;
			return 0;
		}
	}
	return err_set(err, EINVAL, "invalid value for %s: %s", key, value);
}

static struct bind_options *bind_of(struct arena *arena, struct mount_request *mount)
{
	if (!mount->bind)
		mount->bind = arena_new(arena, struct bind_options);
	return mount->bind;
}

static struct tmpfs_options *tmpfs_of(struct arena *arena, struct mount_request *mount)
{
	if (!mount->tmpfs)
		mount->tmpfs = arena_new(arena, struct tmpfs_options);
	return mount->tmpfs;
}

static struct volume_options *volume_of(struct arena *arena, struct mount_request *mount)
{
	if (!mount->volume)
		mount->volume = arena_new(arena, struct volume_options);
	return mount->volume;
}

static int set_type(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	(void)err;
	mount->type = arena_strdup(arena, value);
	for (char *at = mount->type; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return 0;
}

static int set_source(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	(void)err;
	mount->source = arena_strdup(arena, value);
	return 0;
}

static int set_target(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	mount->target = mount_path_clean(arena, value);
	if (!mount->target || text_equal(mount->target, "/"))
		return err_set(err, EINVAL,
			       "invalid mount target, must be an absolute path below / in the container: %s", value);
	return 0;
}

static int set_readonly(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	(void)arena;
	return read_bool("readonly", value, &mount->read_only, err);
}

static int set_consistency(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	if (!is_consistency(value))
		return err_set(err, EINVAL, "invalid value for consistency: %s", value);
	mount->consistency = arena_strdup(arena, value);
	return 0;
}

static int set_propagation(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	if (!is_propagation(value))
		return err_set(err, EINVAL, "invalid propagation: %s", value);
	bind_of(arena, mount)->propagation = arena_strdup(arena, value);
	return 0;
}

static int set_recursive(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	struct bind_options *bind = bind_of(arena, mount);
	if (text_equal(value, "disabled"))
		bind->non_recursive = true;
	else if (text_equal(value, "writable"))
		bind->read_only_non_recursive = true;
	else if (text_equal(value, "readonly"))
		bind->read_only_force_recursive = true;
	else if (!text_equal(value, "enabled"))
		return err_set(err, EINVAL,
			       "invalid value for bind-recursive: %s (must be \"enabled\", \"disabled\", \"writable\", "
			       "or \"readonly\")",
			       value);
	return 0;
}

static int set_nonrecursive(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	return read_bool("bind-nonrecursive", value, &bind_of(arena, mount)->non_recursive, err);
}

static int set_create(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	return read_bool("bind-create-mountpoint", value, &bind_of(arena, mount)->create_mountpoint, err);
}

static int set_tmpfs_size(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	if (size_parse(value, &tmpfs_of(arena, mount)->size_bytes, err) < 0)
		return err_set(err, EINVAL, "invalid value for tmpfs-size: %s", value);
	return 0;
}

static int set_tmpfs_mode(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	int64_t mode = 0;
	for (const char *at = value; *at; at++) {
		if (*at < '0' || *at > '7' || mode > 07777)
			return err_set(err, EINVAL, "invalid value for tmpfs-mode: %s", value);
		mode = mode * 8 + (*at - '0');
	}
	if (!*value || mode > 07777)
		return err_set(err, EINVAL, "invalid value for tmpfs-mode: %s", value);
	tmpfs_of(arena, mount)->mode = mode;
	return 0;
}

static int set_no_copy(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	return read_bool("volume-nocopy", value, &volume_of(arena, mount)->no_copy, err);
}

/* KEY=VALUE or KEY; a later one replaces an earlier one. */
static void map_set(struct arena *arena, struct json_map *map, const char *text)
{
	const char *equals = strchr(text, '=');
	char *key = equals ? arena_strndup(arena, text, (size_t)(equals - text)) : arena_strdup(arena, text);
	struct json_pair *pairs = arena_array(arena, struct json_pair, map->count + 1);
	size_t at = 0;
	for (size_t i = 0; i < map->count; i++) {
		pairs[i] = map->items[i];
		at += !text_equal(pairs[i].key, key) && at == i;
	}
	pairs[at] = (struct json_pair){key, arena_strdup(arena, equals ? equals + 1 : "")};
	map->items = pairs;
	map->count += at == map->count;
}

static struct driver_config *driver_of(struct arena *arena, struct mount_request *mount)
{
	struct volume_options *volume = volume_of(arena, mount);
	if (!volume->driver)
		volume->driver = arena_new(arena, struct driver_config);
	return volume->driver;
}

static int set_label(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	(void)err;
	map_set(arena, &volume_of(arena, mount)->labels, value);
	return 0;
}

static int set_driver(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	(void)err;
	driver_of(arena, mount)->name = arena_strdup(arena, value);
	return 0;
}

static int set_driver_option(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	(void)err;
	map_set(arena, &driver_of(arena, mount)->options, value);
	return 0;
}

static int set_subpath(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	(void)err;
	volume_of(arena, mount)->subpath = arena_strdup(arena, value);
	return 0;
}

static int set_image_subpath(struct arena *arena, struct mount_request *mount, const char *value, struct err *err)
{
	(void)err;
	if (!mount->image)
		mount->image = arena_new(arena, struct image_options);
	mount->image->subpath = arena_strdup(arena, value);
	return 0;
}

static const struct mount_key {
	const char *name;
	bool flag; /* may stand without a value */
	int (*set)(struct arena *arena, struct mount_request *mount, const char *value, struct err *err);
} keys[] = {
    {"type", false, set_type},
    {"source", false, set_source},
    {"src", false, set_source},
    {"target", false, set_target},
    {"dst", false, set_target},
    {"destination", false, set_target},
    {"readonly", true, set_readonly},
    {"ro", true, set_readonly},
    {"consistency", false, set_consistency},
    {"bind-propagation", false, set_propagation},
    {"bind-recursive", false, set_recursive},
    {"bind-nonrecursive", true, set_nonrecursive},
    {"bind-create-mountpoint", true, set_create},
    {"tmpfs-size", false, set_tmpfs_size},
    {"tmpfs-mode", false, set_tmpfs_mode},
    {"volume-nocopy", true, set_no_copy},
    {"volume-label", false, set_label},
    {"volume-driver", false, set_driver},
    {"volume-opt", false, set_driver_option},
    {"volume-subpath", false, set_subpath},
    {"image-subpath", false, set_image_subpath},
};

static int set_field(struct arena *arena, struct mount_request *mount, char *field, struct err *err)
{
	char *equals = strchr(field, '=');
	if (equals)
		*equals = 0;
	for (char *at = field; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	for (size_t i = 0; i < array_size(keys); i++) {
		if (!text_equal(field, keys[i].name))
			continue;
		if (!equals && !keys[i].flag)
			return err_set(err, EINVAL, "invalid field '%s' must be a key=value pair", field);
		return keys[i].set(arena, mount, equals ? equals + 1 : "", err);
	}
	return err_set(err, EINVAL, "unexpected key '%s' in '%s%s%s'", field, field, equals ? "=" : "",
		       equals ? equals + 1 : "");
}

static bool is_type(const char *type)
{
	static const char *const types[] = {"bind", "volume", "tmpfs", "image"};
	for (size_t i = 0; i < array_size(types); i++) {
		if (type && text_equal(type, types[i]))
			return true;
	}
	return false;
}

static int check_mount(const struct mount_request *mount, struct err *err)
{
	if (!mount->target)
		return err_set(err, EINVAL, "target is required");
	if (text_equal(mount->type, "cluster") || text_equal(mount->type, "npipe"))
		return err_set(err, EOPNOTSUPP, "type=%s: known to Docker, not there yet", mount->type);
	if (!is_type(mount->type))
		return err_set(err, EINVAL, "mount type unknown: \"%s\"", mount->type);
	if (mount->volume && !text_equal(mount->type, "volume"))
		return err_set(err, EINVAL, "cannot mix 'volume-*' options with mount type '%s'", mount->type);
	if (mount->image && !text_equal(mount->type, "image"))
		return err_set(err, EINVAL, "cannot mix 'image-*' options with mount type '%s'", mount->type);
	if (mount->bind && !text_equal(mount->type, "bind"))
		return err_set(err, EINVAL, "cannot mix 'bind-*' options with mount type '%s'", mount->type);
	if (mount->tmpfs && !text_equal(mount->type, "tmpfs"))
		return err_set(err, EINVAL, "cannot mix 'tmpfs-*' options with mount type '%s'", mount->type);
	if ((text_equal(mount->type, "bind") || text_equal(mount->type, "image")) && text_empty(mount->source))
		return err_set(err, EINVAL, "source is required when mount type is %s", mount->type);
	if (text_equal(mount->type, "tmpfs") && mount->source)
		return err_set(err, EINVAL, "a mount of type tmpfs has no source");
	if (mount->bind && mount->bind->read_only_force_recursive && !mount->read_only)
		return err_set(err, EINVAL,
			       "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
	return 0;
}

int mount_spec_parse(struct arena *arena, const char *text, struct mount_request *out_mount, struct err *err)
{
	struct mount_request mount = {.type = arena_strdup(arena, "volume")};
	bool broken = false;
	const char *at = text;
	if (!*text)
		return err_set(err, EINVAL, "invalid argument \"\" for \"--mount\" flag: value is empty");
	for (char *field; (field = csv_next(arena, &at, &broken));)
		if (set_field(arena, &mount, field, err) < 0)
			return err_wrap(err, "invalid argument \"%s\" for \"--mount\" flag", text);
	if (broken)
		return err_set(err, EINVAL, "invalid argument \"%s\" for \"--mount\" flag: a quote is not closed",
			       text);
	if (check_mount(&mount, err) < 0)
		return err_wrap(err, "invalid argument \"%s\" for \"--mount\" flag", text);
	*out_mount = mount;
	return 0;
}

/* --- the engine's side --- */

bool mount_subpath_good(const char *path)
{
	if (path[0] == '/')
		return false;
	for (const char *at = path; *at;) {
		size_t length = strcspn(at, "/");
		if (length == 2 && strncmp(at, "..", 2) == 0)
			return false;
		at += length;
		at += strspn(at, "/");
	}
	return true;
}

static int foreign(const struct mount_request *mount, const char *type, const void *options, const char *name,
		   struct err *err)
{
	if (options && !text_equal(mount->type, type))
		return err_set(err, EINVAL, "field %s must not be specified", name);
	return 0;
}

static int bind_check(const struct mount_request *mount, struct err *err)
{
	if (text_empty(mount->source))
		return err_set(err, EINVAL, "field Source must not be empty");
	if (mount->source[0] != '/')
		return err_set(err, EINVAL, "invalid mount path: '%s' mount path must be absolute", mount->source);
	const struct bind_options *bind = mount->bind;
	if (bind && !text_empty(bind->propagation) && !is_propagation(bind->propagation))
		return err_set(err, EINVAL, "invalid propagation mode: %s", bind->propagation);
	if (bind && bind->read_only_force_recursive && !mount->read_only)
		return err_set(err, EINVAL, "ReadOnlyForceRecursive requires ReadOnly");
	if (bind && bind->read_only_force_recursive && bind->read_only_non_recursive)
		return err_set(err, EINVAL, "ReadOnlyForceRecursive must not be set with ReadOnlyNonRecursive");
	return 0;
}

static int volume_check(const struct mount_request *mount, struct err *err)
{
	const char *subpath = mount->volume ? mount->volume->subpath : NULL;
	bool anonymous = text_empty(mount->source);
	if (anonymous && mount->read_only)
		return err_set(err, EINVAL, "must not set ReadOnly mode when using anonymous volumes");
	if (text_empty(subpath))
		return 0;
	if (anonymous)
		return err_set(err, EINVAL, "must not set Subpath when using anonymous volumes");
	if (!mount_subpath_good(subpath))
		return err_set(err, EINVAL, "subpath must be a relative path within the volume");
	return 0;
}

static int tmpfs_check(const struct mount_request *mount, struct err *err)
{
	if (!text_empty(mount->source))
		return err_set(err, EINVAL, "field Source must not be specified");
	if (mount->tmpfs && mount->tmpfs->size_bytes < 0)
		return err_set(err, EINVAL, "invalid tmpfs size: %lld", (long long)mount->tmpfs->size_bytes);
	return 0;
}

static int image_check(const struct mount_request *mount, struct err *err)
{
	if (text_empty(mount->source))
		return err_set(err, EINVAL, "field Source must not be empty");
	if (mount->image && !text_empty(mount->image->subpath) && !mount_subpath_good(mount->image->subpath))
		return err_set(err, EINVAL, "subpath must be a relative path within the volume");
	return 0;
}

int mount_request_check(const struct mount_request *mount, struct err *err)
{
	auto_arena arena = {0};
	if (!text_empty(mount->type) && (text_equal(mount->type, "npipe") || text_equal(mount->type, "cluster")))
		return err_set(err, EOPNOTSUPP, "known, but not supported yet");
	if (!is_type(mount->type))
		return err_set(err, EINVAL, "mount type unknown");
	if (text_empty(mount->target))
		return err_set(err, EINVAL, "field Target must not be empty");
	const char *target = mount_path_clean(&arena, mount->target);
	if (!target)
		return err_set(err, EINVAL, "invalid mount path: '%s' mount path must be absolute", mount->target);
	if (text_equal(target, "/"))
		return err_set(err, EINVAL, "invalid specification: destination can't be '/'");
	int rc = foreign(mount, "bind", mount->bind, "BindOptions", err);
	if (rc == 0)
		rc = foreign(mount, "volume", mount->volume, "VolumeOptions", err);
	if (rc == 0)
		rc = foreign(mount, "tmpfs", mount->tmpfs, "TmpfsOptions", err);
	if (rc == 0)
		rc = foreign(mount, "image", mount->image, "ImageOptions", err);
	if (rc < 0)
		return rc;
	return text_equal(mount->type, "bind")	   ? bind_check(mount, err)
	       : text_equal(mount->type, "volume") ? volume_check(mount, err)
	       : text_equal(mount->type, "tmpfs")  ? tmpfs_check(mount, err)
						   : image_check(mount, err);
}
