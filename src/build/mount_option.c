#include "build/mount_option.h"

#include "base/nearest.h"
#include "base/text.h"
#include "docker/size.h"

#include <string.h>
#include <strings.h>

enum { ID_MAX = 2147483647 };

struct mount_state {
	struct arena *arena;
	struct build_mount *mount;
	char *from;
	bool read_only_said, mode_said;
};

/* One field of CSV: quotes around it, "" for one quote. */
static char *field_next(struct arena *arena, const char **at)
{
	char *field = arena_alloc(arena, strlen(*at) + 1);
	size_t size = 0;
	bool quoted = **at == '"';
	const char *p = *at + quoted;
	for (; *p && (quoted || *p != ','); p++) {
		if (quoted && *p == '"') {
			if (p[1] != '"') {
				quoted = false;
				continue;
			}
			p++;
		}
		field[size++] = *p;
	}
	*at = p;
	return field;
}

static int bool_read(const char *key, const char *value, bool *out, struct err *err)
{
	if (!value || strcasecmp(value, "true") == 0 || text_equal(value, "1"))
		*out = true;
	else if (strcasecmp(value, "false") == 0 || text_equal(value, "0"))
		*out = false;
	else
		return err_set(err, EINVAL, "invalid value for %s: %s", key, value);
	return 0;
}

static int mode_read(const char *value, int64_t *out, struct err *err)
{
	int64_t mode = 0;
	if (!*value || strlen(value) > 5 || strspn(value, "01234567") != strlen(value))
		return err_set(err, EINVAL, "invalid value %s for mode", value);
	for (; *value; value++)
		mode = mode * 8 + (*value - '0');
	*out = mode & 07777;
	return 0;
}

/* What belongs to which type; a key elsewhere is an error. */
static const struct {
	const char *key, *types;
} keys[] = {
    {"type", "bind cache tmpfs secret ssh"},
    {"target", "bind cache tmpfs secret ssh"},
    {"source", "bind cache"},
    {"from", "bind cache"},
    {"readonly", "bind cache"},
    {"readwrite", "bind cache"},
    {"id", "cache secret ssh"},
    {"sharing", "cache"},
    {"mode", "cache secret ssh"},
    {"uid", "cache secret ssh"},
    {"gid", "cache secret ssh"},
    {"size", "tmpfs"},
    {"required", "secret ssh"},
    {"env", "secret"},
};

static const char *key_name(const char *key)
{
	static const char *const same[][2] = {
	    {"dst", "target"}, {"destination", "target"}, {"src", "source"}, {"ro", "readonly"}, {"rw", "readwrite"}};
	for (size_t i = 0; i < array_size(same); i++) {
		if (text_equal(same[i][0], key))
			return same[i][1];
	}
	return key;
}

static int key_check(const char *key, const char *type, struct err *err)
{
	const char *names[array_size(keys)];
	for (size_t i = 0; i < array_size(keys); i++) {
		names[i] = keys[i].key;
		if (!text_equal(keys[i].key, key))
			continue;
		const char *at = strstr(keys[i].types, type);
		if (at)
			return 0;
		return err_set(err, EINVAL, "unexpected key '%s' for mount type '%s'", key, type);
	}
	const char *near = word_nearest(key, names, array_size(keys), NEAREST_FAR);
	return near ? err_set(err, EINVAL, "unexpected key '%s' (did you mean %s?)", key, near)
		    : err_set(err, EINVAL, "unexpected key '%s'", key);
}

static int number_read(const char *key, const char *value, int64_t *out, struct err *err)
{
	return number_parse(value, 0, ID_MAX, key, out, err);
}

static int key_take(struct mount_state *state, const char *key, const char *value, struct err *err)
{
	struct build_mount *mount = state->mount;
	const char *needed = value ? value : "";
	bool flag = text_equal(key, "readonly") || text_equal(key, "readwrite") || text_equal(key, "required");
	if (!flag && !*needed)
		return err_set(err, EINVAL, "mount option %s has no value", key);
	if (text_equal(key, "target"))
		mount->target = arena_strdup(state->arena, needed);
	else if (text_equal(key, "source"))
		mount->source = arena_strdup(state->arena, needed);
	else if (text_equal(key, "from"))
		state->from = arena_strdup(state->arena, needed);
	else if (text_equal(key, "id"))
		mount->id = arena_strdup(state->arena, needed);
	else if (text_equal(key, "env"))
		mount->env = arena_strdup(state->arena, needed);
	else if (text_equal(key, "required"))
		return bool_read(key, value, &mount->required, err);
	else if (text_equal(key, "uid"))
		return number_read(key, needed, &mount->uid, err);
	else if (text_equal(key, "gid"))
		return number_read(key, needed, &mount->gid, err);
	else if (text_equal(key, "size"))
		return size_parse(needed, &mount->size, err);
	else if (text_equal(key, "mode")) {
		state->mode_said = true;
		return mode_read(needed, &mount->mode, err);
	} else if (text_equal(key, "sharing")) {
		if (!text_equal(needed, "shared") && !text_equal(needed, "private") && !text_equal(needed, "locked"))
			return err_set(err, EINVAL, "unsupported sharing value \"%s\" (shared, private or locked)",
				       needed);
		mount->sharing = arena_strdup(state->arena, needed);
	} else if (flag) {
		bool value_is, writable = text_equal(key, "readwrite");
		int rc = bool_read(key, value, &value_is, err);
		state->read_only_said = true;
		mount->read_only = value_is != writable;
		return rc;
	}
	return 0;
}

static int defaults_fill(struct mount_state *state, struct err *err)
{
	struct build_mount *mount = state->mount;
	const char *type = mount->type;
	bool secret = text_equal(type, "secret"), ssh = text_equal(type, "ssh"), cache = text_equal(type, "cache");
	if (text_empty(mount->target) && !secret && !ssh)
		return err_set(err, EINVAL, "target is required for mount type %s", type);
	if (secret && !mount->id && !mount->target)
		return err_set(err, EINVAL, "invalid secret mount: one of id, target required");
	if (secret && !mount->id) {
		const char *slash = strrchr(mount->target, '/');
		mount->id = arena_strdup(state->arena, slash ? slash + 1 : mount->target);
	}
	if (secret && !mount->target && !mount->env)
		mount->target = arena_printf(state->arena, "/run/secrets/%s", mount->id);
	if (ssh && !mount->id)
		mount->id = arena_strdup(state->arena, "default");
	if (cache && !mount->id)
		mount->id = mount->target;
	if (cache && !mount->sharing)
		mount->sharing = arena_strdup(state->arena, "shared");
	if (!state->mode_said)
		mount->mode = cache ? 0755 : secret ? 0400 : ssh ? 0600 : 0;
	if (text_equal(type, "bind") && !state->read_only_said)
		mount->read_only = true;
	return 0;
}

int mount_option_parse(struct arena *arena, const char *text, struct build_mount *out_mount, char **out_from,
		       struct err *err)
{
	static const char *const types[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
	struct build_mount mount = {.type = arena_strdup(arena, "bind")};
	struct mount_state state = {.arena = arena, .mount = &mount};
	bool known = false;
	for (const char *at = text; *at; at += *at == ',') {
		char *field = field_next(arena, &at);
		if (text_after(field, "type="))
			mount.type = field + 5;
	}
	for (size_t i = 0; i < array_size(types); i++)
		known = known || text_equal(types[i], mount.type);
	if (!known) {
		const char *near = word_nearest(mount.type, types, array_size(types), NEAREST_FAR);
		return err_set(err, EINVAL, "unsupported mount type \"%s\"%s%s%s", mount.type,
			       near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
	}
	for (const char *at = text; *at; at += *at == ',') {
		char *field = field_next(arena, &at), *equals = strchr(field, '=');
		if (equals)
			*equals++ = 0;
		const char *key = key_name(field);
		int rc = key_check(key, mount.type, err);
		if (rc == 0 && !text_equal(key, "type"))
			rc = key_take(&state, key, equals, err);
		if (rc < 0)
			return rc;
	}
	int rc = defaults_fill(&state, err);
	if (rc < 0)
		return rc;
	*out_mount = mount;
	*out_from = state.from;
	return 0;
}
