#include "storage/usage.h"

#include "base/buffer.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "security/confine.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 512, BLOCK = 512, NAMES_MAX = 16 << 20, REPORT = 3, DATA = 4 };

struct walk {
	struct map links; /* "device:inode" of files with more names than one, seen already */
	dev_t device;
	int64_t bytes;
};

static void count(struct walk *walk, const struct stat *info)
{
	char key[48];
	if (!S_ISDIR(info->st_mode) && info->st_nlink > 1) {
		snprintf(key, sizeof key, "%llx:%llx", (unsigned long long)info->st_dev,
			 (unsigned long long)info->st_ino);
		if (map_put(&walk->links, key, walk))
			return;
	}
	walk->bytes += (int64_t)info->st_blocks * BLOCK;
}

/* dir is taken over. */
static void tree_count(struct walk *walk, int dir, unsigned depth)
{
	auto_dir DIR *list = fdopendir(dir);
	const struct dirent *entry;
	if (!list) {
		close(dir);
		return;
	}
	while ((entry = readdir(list))) {
		struct stat info;
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, "..") ||
		    fstatat(dirfd(list), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0 || info.st_dev != walk->device)
			continue;
		count(walk, &info);
		if (!S_ISDIR(info.st_mode) || depth >= DEPTH_MAX)
			continue;
		int child = openat(dirfd(list), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0)
			tree_count(walk, child, depth + 1);
	}
}

int usage_of(int dir, const char *name, int64_t *out_bytes, struct err *err)
{
	struct walk walk = {0};
	struct stat info;
	int fd;
	int rc = path_open(dir, name, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (rc == -ENOENT) {
		*out_bytes = 0;
		return 0;
	}
	if (rc < 0)
		return rc;
	if (fstat(fd, &info) < 0) {
		rc = err_sys(err, "%s", name);
		close(fd);
		return rc;
	}
	walk.device = info.st_dev;
	count(&walk, &info);
	tree_count(&walk, fd, 0);
	map_done(&walk.links);
	*out_bytes = walk.bytes;
	return 0;
}

static int names_measure(struct buf *answer, struct err *err)
{
	auto_buf text = BUF_INIT(NAMES_MAX);
	char *room;
	ssize_t size;
	enum { STEP = 64 << 10 };
	while ((room = buf_room(&text, STEP))) {
		size = fd_read_full(STDIN_FILENO, room, STEP);
		if (size < 0)
			return err_set(err, (int)-size, "read the names: %s", strerror((int)-size));
		buf_grown(&text, (size_t)size);
		if (size < STEP)
			break;
	}
	auto_strv char **names = strv_split(buf_str(&text), '\n');
	buf_text(answer, "{\"result\":{\"sizes\":[");
	for (char **name = names; *name && **name; name++) {
		int64_t bytes;
		int rc = usage_of(DATA, *name, &bytes, err);
		if (rc < 0)
			return rc;
		buf_printf(answer, "%s%lld", name == names ? "" : ",", (long long)bytes);
	}
	buf_text(answer, "]}}\n");
	return buf_check(answer, "the sizes", err);
}

int usage_job_main(int argc, char **argv)
{
	const struct confine_spec spec = {.dirs = {{DATA, false}}, .dir_count = 1};
	auto_buf answer = BUF_INIT(NAMES_MAX);
	struct err err;
	(void)argv;
	int rc = argc > 1 ? err_set(&err, EINVAL, "job usage takes no arguments") : confine_enter(&spec, &err);
	if (rc == 0)
		rc = names_measure(&answer, &err);
	if (rc < 0) {
		dprintf(REPORT, "{\"error\":{\"code\":%d,\"message\":\"the disk usage could not be measured\"}}\n",
			-rc);
		dprintf(STDERR_FILENO, "job usage: %s\n", err.msg);
		return 1;
	}
	return fd_write_full(REPORT, answer.data, answer.len) < 0;
}
