#include "storage/layers.h"

#include "storage/trash.h"

#include <fcntl.h>
#include <sys/stat.h>

void layers_path(const struct digest *diff_id, char out_path[LAYER_PATH])
{
	snprintf(out_path, LAYER_PATH, "layers/%s/diff", digest_hex(diff_id));
}

bool layers_have(int data, const struct digest *diff_id)
{
	char path[LAYER_PATH];
	struct stat info;
	layers_path(diff_id, path);
	return fstatat(data, path, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

int layers_publish(int data, int dir, const char *name, const struct digest *diff_id, struct err *err)
{
	auto_fd int layers = openat(data, "layers", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int from = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;
	if (layers < 0)
		return err_sys(err, "open layers");
	if (from < 0 || fstatat(from, "diff", &info, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "open the unpacked layer %s", name);
	if (!S_ISDIR(info.st_mode))
		return err_set(err, ENOTDIR, "the unpacked layer %s is not a directory", name);
	if (layers_have(data, diff_id))
		return trash_put(data, dir, name, err);
	if (renameat(dir, name, layers, digest_hex(diff_id)) < 0 || fsync(layers) < 0)
		return err_sys(err, "publish layer %s", diff_id->text);
	return 0;
}

int layers_remove(int data, const struct digest *diff_id, struct err *err)
{
	auto_fd int layers = openat(data, "layers", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (layers < 0)
		return err_sys(err, "open layers");
	return trash_put(data, layers, digest_hex(diff_id), err);
}
