#include "cli/plugin.h"

#include "base/text.h"
#include "cli/config_file.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Docker's rule for names; what else a user types is no file's name. */
static bool is_name(const char *name)
{
	return *name >= 'a' && *name <= 'z' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")] == 0;
}

static bool is_trusted(const struct stat *status)
{
	return (status->st_uid == 0 || status->st_uid == geteuid()) && !(status->st_mode & (S_IWGRP | S_IWOTH));
}

static const char *folder_look(struct arena *arena, const char *folder, const char *name, const char **out_refused)
{
	struct stat program, place;
	const char *path = arena_printf(arena, "%s/docker-%s", folder, name);
	if (*folder != '/' || stat(path, &program) < 0 || !S_ISREG(program.st_mode) || !(program.st_mode & 0111))
		return NULL;
	if (stat(folder, &place) == 0 && is_trusted(&place) && is_trusted(&program))
		return path;
	*out_refused = path;
	return NULL;
}

const char *plugin_find(struct arena *arena, const char *name, const char **out_refused)
{
	static const char *const folders[] = {"/usr/local/lib/docker/cli-plugins",
					      "/usr/local/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins",
					      "/usr/libexec/docker/cli-plugins"};
	const struct json *config = NULL;
	const char *own, *path = NULL;
	struct err ignored;
	*out_refused = NULL;
	if (!is_name(name))
		return NULL;
	if (config_dir(arena, &own, &ignored) == 0)
		path = folder_look(arena, arena_printf(arena, "%s/cli-plugins", own), name, out_refused);
	if (config_load(arena, &config, &ignored) < 0)
		config = NULL;
	const struct json *extra = json_get(config, "cliPluginsExtraDirs");
	for (size_t i = 0; !path && extra && extra->kind == JSON_ARRAY && i < extra->count; i++) {
		if (extra->items[i]->kind == JSON_STRING)
			path = folder_look(arena, extra->items[i]->text, name, out_refused);
	}
	for (size_t i = 0; !path && i < array_size(folders); i++)
		path = folder_look(arena, folders[i], name, out_refused);
	return path;
}

int plugin_run(const char *path, char **argv, const char *host, struct err *err)
{
	if (setenv("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND", argv[0], 1) < 0 || setenv("DOCKER_HOST", host, 1) < 0)
		return err_sys(err, "%s", path);
	signal(SIGPIPE, SIG_DFL);
	argv[0] = (char *)(uintptr_t)path;
	execv(path, argv);
	return err_sys(err, "run the plugin %s", path);
}
