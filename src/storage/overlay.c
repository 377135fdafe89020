#include "storage/overlay.h"

#include "base/buffer.h"
#include "base/text.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Not by sys/mount.h: it and linux/mount.h do not go together everywhere. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

/* In our namespace alone; what it hides there is not needed. */
#define TARGET "staging"

enum { OPTIONS_PAGE = 4095 };

struct layers {
	char **lower;
	char *upper, *work; /* NULL: read-only */
};

static int set(int fs, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0);
}

/* kernel 6.5: lowerdir+, which takes any number of layers; -1 with errno where it is not there. */
static int mount_new(const struct layers *layers)
{
	auto_fd int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	for (char **lower = layers->lower; *lower; lower++)
		if (set(fs, "lowerdir+", *lower) < 0)
			return -1;
	if (layers->upper && (set(fs, "upperdir", layers->upper) < 0 || set(fs, "workdir", layers->work) < 0))
		return -1;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	auto_fd int made = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (made < 0)
		return -1;
	return (int)syscall(SYS_move_mount, made, "", AT_FDCWD, TARGET, MOVE_MOUNT_F_EMPTY_PATH);
}

static int mount_old(const struct layers *layers, struct err *err)
{
	auto_buf data = BUF_INIT(1 << 20);
	buf_text(&data, "lowerdir=");
	for (char **lower = layers->lower; *lower; lower++)
		buf_printf(&data, "%s%s", lower == layers->lower ? "" : ":", *lower);
	if (layers->upper)
		buf_printf(&data, ",upperdir=%s,workdir=%s", layers->upper, layers->work);
	if (data.overflow || data.len > OPTIONS_PAGE)
		return err_set(err, E2BIG, "the image has too many layers for this kernel's mount call");
	if (mount("overlay", TARGET, "overlay", 0, data.data) < 0)
		return err_sys(err, "mount the root file system");
	return 0;
}

static int directory_open(const char *path, int *out_fd, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	*out_fd = fd;
	return 0;
}

static int namespace_enter(int data, struct err *err)
{
	/* In this order: the working directory moves along into the new namespace, a descriptor does not, and an
	 * overlay takes only what is mounted in its own. */
	if (fchdir(data) < 0)
		return err_sys(err, "enter the data directory");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return err_sys(err, "a mount namespace");
	return 0;
}

/* An image without layers, and nothing above it: an empty root. */
static int nothing_mount(int *out_root, struct err *err)
{
	if (mount("tmpfs", TARGET, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,nr_inodes=2") < 0)
		return err_sys(err, "mount an empty root file system");
	return directory_open(TARGET, out_root, err);
}

int layers_mount(int data, const struct overlay_spec *spec, int *out_root, struct err *err)
{
	struct stat info;
	size_t count = strv_count(spec->lower);
	auto_free char *upper = spec->container ? x_printf("%s/upper", spec->container) : NULL;
	auto_free char *work = spec->container ? x_printf("%s/work", spec->container) : NULL;
	int rc = namespace_enter(data, err);
	if (rc < 0)
		return rc;
	bool has_upper = upper && lstat(upper, &info) == 0;
	if (count == 0 && !has_upper)
		return nothing_mount(out_root, err);
	if (count == 0)
		return directory_open(upper, out_root, err);
	if (count == 1 && !has_upper)
		return directory_open(spec->lower[0], out_root, err);
	auto_free char **lower = x_alloc((count + 2) * sizeof *lower);
	struct layers layers = {.lower = lower};
	size_t at = 0;
	if (has_upper && spec->writable) {
		layers.upper = upper;
		layers.work = work;
	} else if (has_upper) {
		lower[at++] = upper;
	}
	memcpy(lower + at, spec->lower, count * sizeof *lower);
	if (mount_new(&layers) < 0)
		rc = mount_old(&layers, err);
	return rc < 0 ? rc : directory_open(TARGET, out_root, err);
}
