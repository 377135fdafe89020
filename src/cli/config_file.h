/*
 * The client's config.json, as Docker keeps it: in the folder of --config, DOCKER_CONFIG or ~/.docker. A missing file
 * is an empty one. One member at a time is changed; every other byte of the file stays as it was.
 */
#pragma once

#include "base/json.h"

enum { CONFIG_FILE_MAX = 8 << 20 };

/* The folder; in the arena. -ENOENT without a home. */
int config_dir(struct arena *arena, const char **out_path, struct err *err) must_check;

/* The whole file; without a home or a file *out_value is NULL. */
int config_load(struct arena *arena, const struct json **out_value, struct err *err) must_check;
/* A member that is a string; NULL: none. What cannot be read says nothing here: the command goes on without. */
const char *config_string(struct arena *arena, const char *key);

/* Replaces or adds a member at the top (value: JSON), or removes it (value NULL). The file is written at once, whole,
 * and keeps its mode; a symbolic link in its place is followed. */
int config_set(const char *key, const char *value, struct err *err) must_check;

/* The same on a text, pure. "" stands for a file that is not there. -EINVAL: not an object. */
int config_edit(const char *text, size_t size, const char *key, const char *value, struct buf *out,
		struct err *err) must_check;
