#include "engine/build_stubs.h"

#include "base/path.h"
#include "base/text.h"
#include "runtime/layer_stack.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* The name of a directory below the merged root, links resolved: "etc", "" for the root. */
static int real_name(int dir, int root, char out_name[PATH_MAX], struct err *err)
{
	char name[PATH_MAX], top[PATH_MAX];
	int rc = path_name(dir, name, err);
	if (rc == 0)
		rc = path_name(root, top, err);
	if (rc < 0)
		return rc;
	const char *rest = text_after(name, top);
	if (!rest || (*rest && *rest != '/'))
		return err_set(err, EXDEV, "a place of a mount is not in the root file system");
	snprintf(out_name, PATH_MAX, "%s", *rest ? rest + 1 : "");
	return 0;
}

static bool there(int root, const char *name)
{
	struct err ignored;
	auto_fd int fd = -1;
	return root >= 0 && path_open(root, *name ? name : ".", PATH_NO_LINKS, O_PATH, 0, &fd, &ignored) == 0;
}

/* Takes an empty file or directory away. True when the directory above it may be one too. */
static bool stub_remove(int root, const char *name)
{
	auto_fd int parent = -1;
	char leaf[256];
	struct err ignored;
	struct stat info;
	if (path_open_parent(root, name, PATH_NO_LINKS, &parent, leaf, &ignored) < 0 ||
	    fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	if (S_ISREG(info.st_mode) && info.st_size == 0)
		return unlinkat(parent, leaf, 0) == 0;
	return S_ISDIR(info.st_mode) && unlinkat(parent, leaf, AT_REMOVEDIR) == 0;
}

/* Directories that came up only because something was made in them, and that are as below again. */
static void parents_prune(int staging, int base, char *name)
{
	auto_fd int upper = openat(staging, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (*name) {
		struct stat above, below;
		struct err ignored;
		auto_fd int up = -1, low = -1, parent = -1;
		char leaf[256];
		if (path_open(upper, name, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &up, &ignored) < 0 ||
		    path_open(base, name, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &low, &ignored) < 0 ||
		    fstat(up, &above) < 0 || fstat(low, &below) < 0 || above.st_mode != below.st_mode ||
		    above.st_uid != below.st_uid || above.st_gid != below.st_gid)
			return;
		if (path_open_parent(upper, name, PATH_NO_LINKS, &parent, leaf, &ignored) < 0 ||
		    unlinkat(parent, leaf, AT_REMOVEDIR) < 0)
			return; /* the step has put something there */
		char *slash = strrchr(name, '/');
		*(slash ? slash : name) = 0;
	}
}

static int stub_clear(int staging, int root, int base, const char *stub, struct err *err)
{
	auto_fd int parent = -1, found = -1;
	char leaf[256], name[PATH_MAX + 256], above[PATH_MAX];
	struct err ignored;
	/* A place that is a link stands for what it leads to. */
	if (path_open(root, stub, PATH_IN_ROOT, O_PATH, 0, &found, &ignored) == 0) {
		int rc = real_name(found, root, above, err);
		if (rc < 0)
			return rc;
		snprintf(name, sizeof name, "%s", above);
	} else if (path_open_parent(root, stub, PATH_IN_ROOT, &parent, leaf, &ignored) == 0) {
		int rc = real_name(parent, root, above, err);
		if (rc < 0)
			return rc;
		snprintf(name, sizeof name, "%s%s%s", above, *above ? "/" : "", leaf);
	} else {
		return 0;
	}
	while (*name && !there(base, name)) {
		if (!stub_remove(root, name))
			return 0;
		char *slash = strrchr(name, '/');
		*(slash ? slash : name) = 0;
	}
	if (*name && base >= 0)
		parents_prune(staging, base, name);
	return 0;
}

int stubs_clear(int staging, const char *base_name, int root, char *const *lower, char *const *stubs, struct err *err)
{
	auto_fd int base = -1;
	int rc = 0;
	if (lower && lower[0]) {
		if (mkdirat(staging, "base", 0700) < 0)
			return err_sys(err, "make a directory");
		rc = layer_stack_mount(&(struct layer_stack){.lower = lower}, base_name, err);
		if (rc < 0)
			return rc;
		base = open(base_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (base < 0)
			return err_sys(err, "open the layers below");
	}
	for (char *const *stub = stubs; rc == 0 && stub && *stub; stub++)
		rc = stub_clear(staging, root, base, *stub, err);
	return rc;
}
