/*
 * One value of the configuration, from text (defaults, environment, flags) or from JSON (the file).
 *
 * Errors say what is wrong with the value; the caller puts the place in front.
 */
#pragma once

#include "daemon/config.h"

/* Sets a single value; adds one item to a list, map or pools. */
int config_set_text(struct arena *arena, struct daemon_config *config, const struct config_row *row, const char *text,
		    struct err *err) must_check;

/* A whole value: the items of a list are separated by separator. Maps keep the keys that are not named. */
int config_set_all(struct arena *arena, struct daemon_config *config, const struct config_row *row, const char *text,
		   char separator, struct err *err) must_check;

/* A whole value from the file; env is for ${VAR}. */
int config_set_json(struct arena *arena, struct daemon_config *config, const struct config_row *row,
		    const struct json *value, char *const *env, struct err *err) must_check;

/* Empties a list or pools; other values stay. */
void config_clear(struct daemon_config *config, const struct config_row *row);
