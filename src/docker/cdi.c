#include "docker/cdi.h"

#include "base/text.h"

#include <string.h>

JSON_TYPE(device_request, F_STR(struct device_request, driver, "Driver", 0),
	  F_I64(struct device_request, count, "Count", 0),
	  F_STRV(struct device_request, device_ids, "DeviceIDs", JSON_NULLABLE),
	  F_LIST(struct device_request, capabilities, "Capabilities", JSON_NULLABLE, string_row),
	  F_MAP(struct device_request, options, "Options", 0));

JSON_TYPE(cdi_node, F_STR(struct cdi_node, path, "path", JSON_REQUIRED),
	  F_STR(struct cdi_node, host_path, "hostPath", 0), F_STR(struct cdi_node, type, "type", 0),
	  F_STR(struct cdi_node, permissions, "permissions", 0), F_OPT_I64(struct cdi_node, major, "major", 0),
	  F_OPT_I64(struct cdi_node, minor, "minor", 0), F_OPT_U32(struct cdi_node, file_mode, "fileMode", 0),
	  F_OPT_U32(struct cdi_node, uid, "uid", 0), F_OPT_U32(struct cdi_node, gid, "gid", 0));
JSON_TYPE(cdi_mount, F_STR(struct cdi_mount, host_path, "hostPath", JSON_REQUIRED),
	  F_STR(struct cdi_mount, container_path, "containerPath", JSON_REQUIRED),
	  F_STR(struct cdi_mount, type, "type", 0), F_STRV(struct cdi_mount, options, "options", 0));
JSON_TYPE(cdi_hook, F_STR(struct cdi_hook, name, "hookName", JSON_REQUIRED),
	  F_STR(struct cdi_hook, path, "path", JSON_REQUIRED), F_STRV(struct cdi_hook, args, "args", 0),
	  F_STRV(struct cdi_hook, env, "env", 0), F_OPT_I64(struct cdi_hook, timeout, "timeout", 0));
JSON_TYPE(cdi_edits, F_STRV(struct cdi_edits, env, "env", 0),
	  F_LIST(struct cdi_edits, nodes, "deviceNodes", 0, cdi_node),
	  F_LIST(struct cdi_edits, mounts, "mounts", 0, cdi_mount),
	  F_LIST(struct cdi_edits, hooks, "hooks", 0, cdi_hook),
	  F_U32V(struct cdi_edits, additional_gids, "additionalGids", 0));
JSON_TYPE(cdi_device, F_STR(struct cdi_device, name, "name", JSON_REQUIRED),
	  F_OBJECT(struct cdi_device, edits, "containerEdits", 0, cdi_edits));
JSON_TYPE(cdi_spec, F_STR(struct cdi_spec, version, "cdiVersion", JSON_REQUIRED),
	  F_STR(struct cdi_spec, kind, "kind", JSON_REQUIRED),
	  F_LIST(struct cdi_spec, devices, "devices", JSON_REQUIRED, cdi_device),
	  F_OBJECT(struct cdi_spec, edits, "containerEdits", 0, cdi_edits));

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

bool cdi_name_parse(struct arena *arena, const char *text, char **out_kind, char **out_name)
{
	size_t vendor = strspn(text, WORD);
	if (vendor == 0 || text[vendor] != '/')
		return false;
	size_t kind = vendor + 1 + strspn(text + vendor + 1, WORD);
	if (kind == vendor + 1 || text[kind] != '=')
		return false;
	const char *name = text + kind + 1;
	if (!*name || strspn(name, WORD ":") != strlen(name))
		return false;
	*out_kind = arena_strndup(arena, text, kind);
	*out_name = arena_strdup(arena, name);
	return true;
}

/* --- --gpus --- */

static char **words(struct arena *arena, const char *text)
{
	auto_strv char **parts = strv_split(text, ',');
	size_t count = strv_count(parts);
	char **list = arena_array(arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		list[i] = arena_strdup(arena, parts[i]);
	return list;
}

static int field_take(struct arena *arena, const char *key, const char *value, struct device_request *request,
		      struct err *err)
{
	if (text_equal(key, "driver")) {
		request->driver = arena_strdup(arena, value);
	} else if (text_equal(key, "device")) {
		request->device_ids = words(arena, value);
	} else if (text_equal(key, "capabilities")) {
		request->capabilities.items[0].values = words(arena, value);
	} else if (text_equal(key, "count")) {
		request->count = -1;
		if (!text_equal(value, "all") && number_parse(value, 1, INT32_MAX, "count", &request->count, err) < 0)
			return err_set(err, EINVAL, "count must be an integer: %s", value);
	} else {
		return err_set(err, EINVAL, "unexpected key '%s' in '%s=%s'", key, key, value);
	}
	return 0;
}

/* One field to the next comma outside of quotes. */
static const char *field_next(const char *at, char *field)
{
	bool quoted = false;
	for (; *at && (quoted || *at != ','); at++) {
		if (*at == '"')
			quoted = !quoted;
		else
			*field++ = *at;
	}
	*field = 0;
	return *at ? at + 1 : NULL;
}

int gpus_parse(struct arena *arena, const char *text, struct device_request *out_request, struct err *err)
{
	struct device_request request = {.driver = (char *)""};
	request.capabilities.items = arena_new(arena, struct string_row);
	request.capabilities.items[0].values = words(arena, "gpu");
	request.capabilities.count = 1;
	if (!*text)
		return err_set(err, EINVAL, "invalid argument \"\" for \"--gpus\" flag: value is empty");
	char *field = arena_alloc(arena, strlen(text) + 1);
	for (const char *at = text; at;) {
		at = field_next(at, field);
		char *equals = strchr(field, '=');
		if (equals)
			*equals = 0;
		int rc = field_take(arena, equals ? field : "count", equals ? equals + 1 : field, &request, err);
		if (rc < 0)
			return err_wrap(err, "invalid argument \"%s\" for \"--gpus\" flag", text);
	}
	if (!request.device_ids && request.count == 0)
		request.count = 1;
	*out_request = request;
	return 0;
}
