/*
 * Mounts as `-v` and `--mount` write them.
 */
#pragma once

#include "docker/host_config.h"

/* `-v`, and one item of HostConfig.Binds. Strings live in the arena. */
struct bind_spec {
	char *source; /* an absolute path, a volume's name, or NULL for an anonymous volume */
	char *target; /* absolute and clean */
	bool read_only;
	char *propagation; /* "", "private", "rprivate", "shared", "rshared", "slave", "rslave" */
	bool no_copy;	   /* volumes only */
	char selinux;	   /* 'z', 'Z' or 0 */
};

static inline bool bind_spec_is_path(const struct bind_spec *spec)
{
	return spec->source && spec->source[0] == '/';
}

/* `[SOURCE:]TARGET[:OPTION,...]`; options ro rw z Z nocopy [r]private [r]shared [r]slave, and macOS's, ignored.
 * -EINVAL. */
int bind_spec_parse(struct arena *arena, const char *text, struct bind_spec *out_spec, struct err *err) must_check;

/*
 * `--mount`: comma-separated KEY=VALUE, quoted as in CSV. type (volume by default), source|src, target|dst|destination,
 * readonly|ro, consistency, bind-propagation, bind-recursive, bind-nonrecursive, bind-create-mountpoint, tmpfs-size,
 * tmpfs-mode, volume-nocopy, volume-label, volume-driver, volume-opt, volume-subpath, image-subpath. -EINVAL.
 */
int mount_spec_parse(struct arena *arena, const char *text, struct mount_request *out_mount,
		     struct err *err) must_check;

/*
 * `--tmpfs`: `TARGET[:OPTION,...]`, split; the options are mount(8)'s and stay text ("" when absent).
 */
int tmpfs_spec_parse(struct arena *arena, const char *text, char **out_target, char **out_options,
		     struct err *err) must_check;

/* An absolute path without "//", "/./", "..", or "/" at its end; NULL when it is none. In the arena. */
char *mount_path_clean(struct arena *arena, const char *path);

/* Relative and never above where it starts, whatever links there are. */
bool mount_subpath_good(const char *path);

/* Docker's rules for one item of HostConfig.Mounts, in its words, without "invalid mount config ..." in front. */
int mount_request_check(const struct mount_request *mount, struct err *err) must_check;
