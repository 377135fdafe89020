#include "image/stubs.h"

#include "base/text.h"

#include <fcntl.h>

static const char *const places[] = {"dev",	     "dev/console", "dev/mqueue", "dev/pts",	     "dev/shm",
				     "etc/hostname", "etc/hosts",   "proc",	  "etc/resolv.conf", "sys"};

static bool is_place(const char *path)
{
	for (size_t i = 0; i < array_size(places); i++)
		if (text_equal(places[i], path))
			return true;
	return false;
}

/* Nothing but places like itself. */
static bool holds_nothing(int parent, const char *leaf, const char *path)
{
	int fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		cleanup_fd(&fd);
		return false;
	}
	const struct dirent *entry;
	while ((entry = readdir(dir))) {
		struct stat info;
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		auto_free char *below = x_printf("%s/%s", path, entry->d_name);
		if (fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !stub_is(dirfd(dir), entry->d_name, below, &info))
			return false;
	}
	return true;
}

bool stub_is(int dir, const char *leaf, const char *path, const struct stat *info)
{
	if (info->st_uid || info->st_gid || !is_place(path))
		return false;
	if (S_ISREG(info->st_mode))
		return info->st_size == 0;
	return S_ISDIR(info->st_mode) && holds_nothing(dir, leaf, path);
}
