/*
 * The client's config.json, as Docker keeps it: in the folder of --config, DOCKER_CONFIG or ~/.docker. A missing file
 * is an empty one. One member at a time is changed; every other byte of the file stays as it was.
 */
#pragma once

#include "base/json.h"

enum { CONFIG_FILE_MAX = 8 << 20 };

/* The folder; in the arena. -ENOENT without a home. */
int config_dir(struct arena *arena, const char **out_path, struct err *err) must_check;

/* The whole file; nothing where there is none. -ENOENT without a home. */
int config_read(struct arena *arena, struct buf *text, struct err *err) must_check;
/* The same parsed; NULL without a file, or a home. */
int config_load(struct arena *arena, const struct json **out_value, struct err *err) must_check;

/* The whole file with a member at the top replaced, added, or (value NULL) removed; value: JSON. Pure. "" stands for a
 * file that is not there. -EINVAL: not an object. */
int config_edit(const char *text, size_t size, const char *key, const char *value, struct buf *out,
		struct err *err) must_check;

/* Replaces the file at once, whole; it is for its owner alone, 0600: it may hold passwords. A symbolic link in its
 * place is followed. */
int config_write(const struct buf *text, struct err *err) must_check;
