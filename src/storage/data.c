#include "storage/data.h"

#include "base/path.h"
#include "base/random.h"
#include "base/text.h"
#include "storage/trash.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Parents first. */
static const char *const folders[] = {"blobs",	 "blobs/sha256", "layers", "containers",
				      "volumes", "staging",	 "trash",  "downloads"};

int data_open(const char *path, int *out_dir, struct err *err)
{
	if (path[0] != '/')
		return err_set(err, EINVAL, "data directory %s: not an absolute path", path);
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int made = -1;
	if (root < 0)
		return err_sys(err, "open /");
	int result = path_make_dirs(root, path, PATH_IN_ROOT, 0700, &made, err);
	if (result < 0)
		return err_wrap(err, "data directory %s", path);
	auto_fd int dir = openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "open data directory %s", path);
	for (size_t i = 0; i < array_size(folders); i++)
		if (mkdirat(dir, folders[i], 0700) < 0 && errno != EEXIST)
			return err_sys(err, "make %s/%s", path, folders[i]);
	*out_dir = take_fd(&dir);
	return 0;
}

int data_stage(int data, char out_name[STAGING_NAME], int *out_dir, struct err *err)
{
	uint8_t random[(STAGING_NAME - 1) / 2];
	char name[STAGING_NAME], path[16 + STAGING_NAME];
	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, name);
	snprintf(path, sizeof path, "staging/%s", name);
	if (mkdirat(data, path, 0700) < 0)
		return err_sys(err, "make %s", path);
	int dir = openat(data, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0) {
		err_sys(err, "open %s", path);
		(void)unlinkat(data, path, AT_REMOVEDIR);
		return -err->code;
	}
	memcpy(out_name, name, sizeof name);
	*out_dir = dir;
	return 0;
}

int data_unstage(int data, const char *name, struct err *err)
{
	auto_fd int staging = openat(data, "staging", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (staging < 0)
		return err_sys(err, "open staging");
	return trash_put(data, staging, name, err);
}

static int check_id(const char *id, struct err *err)
{
	if (strlen(id) != 64 || strspn(id, "0123456789abcdef") != 64)
		return err_set(err, EINVAL, "\"%s\" is not a container's ID", id);
	return 0;
}

/* The root of an overlay shows owner and mode of its upper directory. */
static int copy_root(int data, const char *top_layer, int upper, struct err *err)
{
	struct stat info;
	if (!top_layer)
		return fchmod(upper, 0755) < 0 ? err_sys(err, "set the mode of upper") : 0;
	if (fstatat(data, top_layer, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "read %s", top_layer);
	if (fchown(upper, info.st_uid, info.st_gid) < 0 || fchmod(upper, info.st_mode & 07777) < 0)
		return err_sys(err, "give upper the owner of %s", top_layer);
	return 0;
}

/* upper/ and work/ in the new directory dir. */
static int container_fill(int data, int dir, const char *top_layer, struct err *err)
{
	if (mkdirat(dir, "upper", 0700) < 0 || mkdirat(dir, "work", 0700) < 0)
		return err_sys(err, "make a container's directories");
	auto_fd int upper = openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper < 0)
		return err_sys(err, "open upper");
	return copy_root(data, top_layer, upper, err);
}

int data_make_container(int data, const char *id, const char *top_layer, int *out_dir, struct err *err)
{
	char staging[STAGING_NAME], path[16 + STAGING_NAME], place[80];
	struct stat info;
	auto_fd int dir = -1;
	int result = check_id(id, err);
	if (result < 0)
		return result;
	snprintf(place, sizeof place, "containers/%s", id);
	if (fstatat(data, place, &info, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(err, EEXIST, "make %s: it is there already", place);
	/* Whole or not at all: it gets its name when it is ready. */
	result = data_stage(data, staging, &dir, err);
	if (result < 0)
		return result;
	snprintf(path, sizeof path, "staging/%s", staging);
	result = container_fill(data, dir, top_layer, err);
	if (result == 0 && renameat(data, path, data, place) < 0)
		result = err_sys(err, "make %s", place);
	struct err ignored;
	if (result < 0 && data_unstage(data, staging, &ignored) < 0)
		return result; /* the first error is the one to tell */
	if (result == 0)
		*out_dir = take_fd(&dir);
	return result;
}

int data_remove_container(int data, const char *id, struct err *err)
{
	int result = check_id(id, err);
	if (result < 0)
		return result;
	auto_fd int parent = openat(data, "containers", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (parent < 0)
		return err_sys(err, "open containers");
	return trash_put(data, parent, id, err);
}
