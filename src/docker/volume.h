/*
 * The documents of volumes, and the rules for their names and options: the local driver's, as Docker has them.
 */
#pragma once

#include "base/json.h"

#define VOLUME_DRIVER "local"
/* The label of a volume that nobody named. */
#define VOLUME_ANONYMOUS "com.docker.volume.anonymous"

/* POST /volumes/create */
struct volume_create {
	char *name;   /* "": one is made up */
	char *driver; /* "": local */
	struct json_map options, labels;
	const struct json *cluster_spec;
};
JSON_DECLARE(volume_create);

struct volume_usage {
	int64_t ref_count; /* -1: not counted */
	int64_t size;	   /* bytes; -1: not measured */
};
JSON_DECLARE(volume_usage);

/* GET /volumes/{name}; one item of the list. */
struct volume_info {
	char *created_at; /* RFC 3339 */
	char *driver;
	struct json_map labels;
	char *mountpoint;
	char *name;
	struct json_map options;
	char *scope;
	struct volume_usage *usage; /* only of `system df` */
};
JSON_DECLARE(volume_info);

/* GET /volumes */
struct volume_list_answer {
	JSON_LIST(struct volume_info) volumes;
	char **warnings;
};
JSON_DECLARE(volume_list_answer);

/* POST /volumes/prune */
struct volume_prune_answer {
	char **deleted;
	int64_t reclaimed;
};
JSON_DECLARE(volume_prune_answer);

/* -EINVAL in Docker's words: at least two characters of [a-zA-Z0-9_.-], the first a letter or digit. */
int volume_name_check(const char *name, struct err *err) must_check;

/* type, device, o, and what each needs beside it; a size needs quotas, which are not there. -EINVAL. */
int volume_options_check(const struct json_map *options, struct err *err) must_check;

/* "" and "local"; another one is -ENOENT. */
int volume_driver_check(const char *driver, struct err *err) must_check;
