/*
 * Devices by name: specifications of the Container Device Interface (CDI), and the requests for them.
 */
#pragma once

#include "docker/shape.h"

struct device_request {
	char *driver;
	int64_t count; /* -1: all */
	char **device_ids;
	JSON_LIST(struct string_row) capabilities; /* any of the lists, all of its words */
	struct json_map options;
};
JSON_DECLARE(device_request);

struct cdi_node {
	char *path, *host_path, *type, *permissions;
	int64_t *major, *minor;
	uint32_t *file_mode, *uid, *gid;
};
JSON_DECLARE(cdi_node);
struct cdi_mount {
	char *host_path, *container_path, *type;
	char **options;
};
JSON_DECLARE(cdi_mount);
struct cdi_hook {
	char *name, *path;
	char **args, **env;
	int64_t *timeout;
};
JSON_DECLARE(cdi_hook);
struct cdi_edits {
	char **env;
	JSON_LIST(struct cdi_node) nodes;
	JSON_LIST(struct cdi_mount) mounts;
	JSON_LIST(struct cdi_hook) hooks;
	struct json_u32v additional_gids;
};
JSON_DECLARE(cdi_edits);
struct cdi_device {
	char *name;
	struct cdi_edits edits;
};
JSON_DECLARE(cdi_device);
struct cdi_spec {
	char *version, *kind; /* "vendor.com/class" */
	JSON_LIST(struct cdi_device) devices;
	struct cdi_edits edits; /* for each of its devices */
};
JSON_DECLARE(cdi_spec);

/* "vendor.com/class=name" taken apart; false for anything else, such as a path. In the arena. */
bool cdi_name_parse(struct arena *arena, const char *text, char **out_kind, char **out_name);

/* `--gpus`: "all", "2", "device=0", "count=1,capabilities=gpu": comma-separated, quoted as in CSV. -EINVAL. */
int gpus_parse(struct arena *arena, const char *text, struct device_request *out_request, struct err *err) must_check;
