/* tugd job copy-up */
#include "base/buffer.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "security/confine.h"
#include "storage/copy_up.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { REPORT = 3, STAGING = 4, LAYERS = 5, UNION = 6, LAYERS_TEXT = 1 << 20, OPTIONS_PAGE = 4095 };

#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif

static int layers_read(char ***out_layers, struct err *err)
{
	auto_buf text = BUF_INIT(LAYERS_TEXT);
	char *room = buf_room(&text, LAYERS_TEXT);
	ssize_t size = room ? fd_read_full(LAYERS, room, LAYERS_TEXT) : -E2BIG;
	if (size < 0)
		return err_set(err, (int)-size, "read the list of layers: %s", strerror((int)-size));
	buf_grown(&text, (size_t)size);
	if (size > 0 && text.data[size - 1] == '\n')
		text.data[size - 1] = 0;
	*out_layers = strv_split(buf_str(&text), '\n');
	return 0;
}

/* A mount without a place, of any number of layers. kernel 6.5: lowerdir+. */
static int union_new(char *const *layers)
{
	enum { SET_STRING = 1, SET_FLAG = 0, CREATE = 6, CLOEXEC = 1, ATTR_RDONLY = 1 };
	auto_fd int context = (int)syscall(SYS_fsopen, "overlay", CLOEXEC);
	if (context < 0 || syscall(SYS_fsconfig, context, SET_FLAG, "ro", NULL, 0) < 0)
		return -errno;
	for (; *layers; layers++) {
		if (syscall(SYS_fsconfig, context, SET_STRING, "lowerdir+", *layers, 0) < 0)
			return -errno;
	}
	if (syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int fd = (int)syscall(SYS_fsmount, context, CLOEXEC, ATTR_RDONLY);
	return fd < 0 ? -errno : fd;
}

static int union_old(char *const *layers, struct err *err)
{
	auto_buf data = BUF_INIT(LAYERS_TEXT);
	buf_text(&data, "lowerdir=");
	for (char *const *layer = layers; *layer; layer++)
		buf_printf(&data, "%s%s", layer == layers ? "" : ":", *layer);
	if (data.overflow || data.len > OPTIONS_PAGE)
		return err_set(err, E2BIG, "the image has too many layers for the kernel's mount call");
	if (mount("overlay", "/proc", "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV, data.data) < 0)
		return err_sys(err, "mount the image");
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open the image") : fd;
}

/* The union of the layers at descriptor UNION, in mounts of our own. One layer needs no union. */
static int union_open(char *const *layers, struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return err_sys(err, "mounts of our own");
	if (path_reopen(STAGING, err) < 0) /* only what is in our mounts can be enclosed */
		return -err->code;
	int fd = -EINVAL;
	if (!layers[1]) {
		fd = open(layers[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, "open %s", layers[0]);
	} else {
		auto_fd int tree = union_new(layers);
		/* Mounted at a place nobody sees, so that it can be enclosed like any directory. */
		if (tree >= 0 && syscall(SYS_move_mount, tree, "", AT_FDCWD, "/proc", 4) == 0)
			fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			fd = union_old(layers, err);
		if (fd < 0)
			return fd;
	}
	if (fd == UNION)
		return 0;
	auto_fd int opened = fd;
	return dup3(opened, UNION, O_CLOEXEC) < 0 ? err_sys(err, "open the image") : 0;
}

static int copy_run(const char *path, bool *out_found, struct err *err)
{
	auto_strv char **layers = NULL;
	auto_fd int from = -1;
	struct stat info;
	*out_found = false;
	int rc = layers_read(&layers, err);
	if (rc < 0 || !layers[0] || !*layers[0])
		return rc;
	rc = union_open(layers, err);
	const struct confine_spec spec = {.dirs = {{STAGING, true}, {UNION, false}}, .dir_count = 2};
	if (rc == 0)
		rc = confine_enter(&spec, err);
	if (rc < 0)
		return rc;
	rc = path_open(UNION, path, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, &from, err);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc < 0)
		return rc;
	if (mkdirat(STAGING, "copy", 0700) < 0)
		return err_sys(err, "make the copy");
	auto_fd int to = openat(STAGING, "copy", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0 || fstat(from, &info) < 0)
		return err_sys(err, "make the copy");
	rc = copy_tree(from, to, err);
	*out_found = rc == 0;
	/* What is acknowledged later must be there after a power cut, too. */
	return rc < 0 ? rc : syncfs(to) < 0 ? err_sys(err, "sync the copy") : 0;
}

int copy_up_job_main(int argc, char **argv)
{
	struct err err;
	bool found = false;
	int rc = argc != 2 ? err_set(&err, EINVAL, "job copy-up takes one path") : copy_run(argv[1], &found, &err);
	if (rc < 0) {
		dprintf(REPORT,
			"{\"error\":{\"code\":%d,\"message\":\"the content of the image could not be copied: %s\"}}\n",
			-rc, strerror(-rc));
		dprintf(STDERR_FILENO, "job copy-up: %s\n", err.msg);
		return 1;
	}
	dprintf(REPORT, "{\"result\":{\"found\":%s}}\n", found ? "true" : "false");
	return 0;
}
