#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/apply_mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>

static int hex_write(int fd, const char *hex, struct err *err)
{
	size_t size = strlen(hex) / 2;
	auto_free char *bytes = x_alloc(size + 1);
	for (size_t i = 0; i < 2 * size; i++) {
		char c = hex[i];
		unsigned digit = (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0') & 15;
		bytes[i / 2] = (char)((unsigned)bytes[i / 2] << 4 | digit);
	}
	int rc = fd_write_full(fd, bytes, size);
	explicit_bzero(bytes, size);
	return rc < 0 ? err_set(err, -rc, "write: %s", strerror(-rc)) : 0;
}

static int owner_set(int fd, const char *data, struct err *err)
{
	unsigned values[3] = {0400, 0, 0};
	static const char *const keys[] = {"mode=", "uid=", "gid="};
	for (size_t i = 0; i < array_size(keys); i++) {
		const char *at = strstr(data, keys[i]);
		if (!at)
			continue;
		values[i] = 0;
		for (at += strlen(keys[i]); *at >= '0' && *at <= '9'; at++)
			values[i] = values[i] * (i == 0 ? 8 : 10) + (unsigned)(*at - '0');
	}
	if (fchown(fd, values[1], values[2]) < 0 || fchmod(fd, values[0] & 07777) < 0)
		return err_sys(err, "set the owner");
	return 0;
}

static int file_bind(int file, const char *name, int root, struct err *err)
{
	auto_fd int target = -1, over = -1;
	struct path_proc source = path_proc_fd(file);
	int rc = target_open(root, name, false, true, &target, err);
	if (rc == 0 && (rc = mount_on(target, source.text, NULL, MS_BIND, NULL)) < 0)
		err_set(err, -rc, "bind a secret: %s", strerror(-rc));
	if (rc == 0)
		rc = path_open(root, name, PATH_IN_ROOT, O_PATH, 0, &over, err);
	if (rc == 0 && (rc = mount_on(over, NULL, NULL, MS_PRIVATE, NULL)) < 0)
		err_set(err, -rc, "propagation: %s", strerror(-rc));
	return rc;
}

/*
 * Never on a disk: a file system in memory lies over the overlay's work directory, which nobody looks at, until the
 * file is bound to its place.
 */
int secret_make(const struct plan *plan, const struct plan_mount *secret, int root, struct err *err)
{
	auto_fd int dir = -1, file = -1;
	if (!plan->work || mount("tmpfs", plan->work, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return err_sys(err, "memory for a secret");
	dir = open(plan->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = openat(dir, "secret", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	int rc = file < 0 ? err_sys(err, "memory for a secret") : hex_write(file, secret->source, err);
	if (rc == 0)
		rc = owner_set(file, secret->data, err);
	if (rc == 0)
		rc = file_bind(file, secret->target, root, err);
	if (umount2(plan->work, MOUNT_DETACH) < 0 && rc == 0)
		rc = err_sys(err, "take memory off");
	return rc;
}
