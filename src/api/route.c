#include "api/route.h"

#include "base/text.h"
#include "docker/system.h"

#include <string.h>

/* Whether path fits pattern; the span of {} in out_start and out_size. */
static bool pattern_match(const char *pattern, const char *path, const char **out_start, size_t *out_size)
{
	const char *hole = strstr(pattern, "{}");
	*out_start = NULL;
	*out_size = 0;
	if (!hole)
		return text_equal(pattern, path);
	size_t before = (size_t)(hole - pattern), after = strlen(hole + 2), size = strlen(path);
	if (size < before + after + 1 || strncmp(pattern, path, before) != 0 ||
	    !text_equal(path + size - after, hole + 2))
		return false;
	*out_start = path + before;
	*out_size = size - before - after;
	return true;
}

enum route_result route_find(struct arena *arena, const char *method, const char *path, unsigned minor,
			     const struct route **out_route, const char **out_name)
{
	enum route_result result = ROUTE_UNKNOWN;
	for (size_t i = 0; i < route_count; i++) {
		const char *start;
		size_t size;
		if (minor < routes[i].since || !pattern_match(routes[i].pattern, path, &start, &size))
			continue;
		if (!text_equal(routes[i].method, method)) {
			result = ROUTE_METHOD;
			continue;
		}
		*out_route = &routes[i];
		*out_name = start ? arena_strndup(arena, start, size) : NULL;
		return ROUTE_FOUND;
	}
	return result;
}

/* "1.24": two numbers of at most four digits; a missing second one is 0. Returns what follows, NULL when it is none. */
static const char *version_scan(const char *text, unsigned *out_major, unsigned *out_minor)
{
	unsigned *parts[] = {out_major, out_minor};
	for (size_t i = 0; i < array_size(parts); i++) {
		size_t digits = 0;
		unsigned value = 0;
		for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
			value = value * 10 + (unsigned)(*text - '0');
		if (digits == 0)
			return NULL;
		*parts[i] = value;
		if (i == 0) {
			*out_minor = 0;
			if (*text != '.')
				break;
			text++;
		}
	}
	return text;
}

int route_version(const char *path, const char **out_rest, unsigned *out_minor, bool *out_plain, struct err *err)
{
	*out_plain = false;
	const char *text = text_after(path, "/v");
	unsigned major, minor;
	const char *rest = text ? version_scan(text, &major, &minor) : NULL;
	if (!rest || *rest != '/') {
		*out_rest = path;
		*out_minor = DOCKER_API_MINOR_MAX;
		return 0;
	}
	int length = (int)(rest - text);
	if (major < 1 || (major == 1 && minor < DOCKER_API_MINOR_MIN)) {
		*out_plain = true;
		return err_set(
		    err, EINVAL,
		    "client version %.*s is too old. Minimum supported API version is %s, please upgrade your "
		    "client to a newer version",
		    length, text, DOCKER_API_VERSION_MIN);
	}
	if (major > 1 || minor > DOCKER_API_MINOR_MAX)
		return err_set(err, EINVAL, "client version %.*s is too new. Maximum supported API version is %s",
			       length, text, DOCKER_API_VERSION);
	*out_rest = rest;
	*out_minor = minor;
	return 0;
}
