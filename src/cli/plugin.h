/*
 * Docker's plugins for the command line: programs docker-NAME that bring the command NAME (compose, buildx), looked for
 * where Docker looks: cli-plugins of the client's folder, config.json's cliPluginsExtraDirs, then the system's folders.
 *
 * A program is taken only when it and its folder belong to root or to the user, and nobody else may write to them.
 */
#pragma once

#include "base/arena.h"

/* The plugin's path, in the arena; NULL: none. *out_refused, for the message: one that is not safe to run; or NULL. */
const char *plugin_find(struct arena *arena, const char *name, const char **out_refused);

/* Becomes the plugin; host: the engine's socket, as DOCKER_HOST. Returns only after a failure. */
int plugin_run(const char *path, char **argv, const char *host, struct err *err) must_check;
