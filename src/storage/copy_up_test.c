#include "storage/copy_up.h"
#include "storage/usage.h"
#include "unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static struct err err;

static int dir_open(const char *name)
{
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static void file_make(const char *name, const char *text, mode_t mode)
{
	auto_fd int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(fchmod(fd, mode) == 0);
}

TEST(copy_tree_keeps_what_files_are)
{
	struct stat a, b;
	char text[16] = {0};
	CHECK(mkdir("from", 0755) == 0 && mkdir("from/sub", 0755) == 0 && mkdir("to", 0700) == 0);
	file_make("from/plain", "abc", 04711);
	CHECK(link("from/plain", "from/sub/other") == 0);
	CHECK(symlink("/etc/passwd", "from/link") == 0 && symlink("nowhere", "from/sub/broken") == 0);
	CHECK(mkfifo("from/pipe", 0640) == 0);
	CHECK(chmod("from", 01777) == 0 && chmod("from/sub", 02750) == 0);
	bool root = geteuid() == 0;
	if (root)
		CHECK(chown("from", 70, 71) == 0 && lchown("from/link", 5, 6) == 0);
	bool attributes = setxattr("from/plain", "user.x", "value", 5, 0) == 0;
	auto_fd int from = dir_open("from"), to = dir_open("to");
	CHECK_OK(copy_tree(from, to, &err));
	CHECK(stat("to", &a) == 0 && (a.st_mode & 07777) == 01777 && (!root || (a.st_uid == 70 && a.st_gid == 71)));
	CHECK(stat("to/sub", &a) == 0 && (a.st_mode & 07777) == 02750);
	CHECK(stat("to/plain", &a) == 0 && stat("to/sub/other", &b) == 0);
	CHECK_INT(a.st_ino, b.st_ino);
	CHECK_INT(a.st_mode & 07777, 04711);
	CHECK(stat("from/plain", &b) == 0 && b.st_mtim.tv_nsec == a.st_mtim.tv_nsec && a.st_ino != b.st_ino);
	CHECK(readlink("to/link", text, 15) == 11);
	CHECK_STR(text, "/etc/passwd");
	CHECK(lstat("to/link", &a) == 0 && (!root || a.st_uid == 5));
	CHECK(lstat("to/sub/broken", &a) == 0 && S_ISLNK(a.st_mode));
	CHECK(lstat("to/pipe", &a) == 0 && S_ISFIFO(a.st_mode) && (a.st_mode & 07777) == 0640);
	if (attributes)
		CHECK(getxattr("to/plain", "user.x", text, sizeof text) == 5);
}

TEST(copy_tree_writes_over_nothing)
{
	CHECK(mkdir("from", 0755) == 0 && mkdir("to", 0755) == 0);
	file_make("from/a", "new", 0644);
	file_make("to/a", "old", 0644);
	auto_fd int from = dir_open("from"), to = dir_open("to");
	CHECK_ERR(copy_tree(from, to, &err), EEXIST);
}

TEST(copy_tree_ends_in_deep_directories)
{
	CHECK(mkdir("from", 0755) == 0 && mkdir("to", 0755) == 0);
	int at = dir_open("from");
	auto_fd int from = dir_open("from"), to = dir_open("to");
	for (int i = 0; i < 300; i++) {
		CHECK(mkdirat(at, "d", 0755) == 0);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	CHECK_ERR(copy_tree(from, to, &err), ELOOP);
}

TEST(usage_counts_blocks_and_links_once)
{
	struct stat info, dir;
	int64_t bytes;
	char block[8192] = {1};
	CHECK(mkdir("tree", 0755) == 0);
	auto_fd int fd = open("tree/a", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	for (int i = 0; i < 16; i++)
		CHECK(write(fd, block, sizeof block) == (ssize_t)sizeof block);
	CHECK(fsync(fd) == 0 && link("tree/a", "tree/b") == 0 && symlink("/", "tree/out") == 0);
	CHECK(fstat(fd, &info) == 0 && stat("tree", &dir) == 0);
	auto_fd int here = dir_open(".");
	CHECK_OK(usage_of(here, "tree", &bytes, &err));
	CHECK_INT(bytes, (info.st_blocks + dir.st_blocks) * 512);
	CHECK_OK(usage_of(here, "missing", &bytes, &err));
	CHECK_INT(bytes, 0);
	CHECK_ERR(usage_of(here, "tree/out", &bytes, &err), ELOOP);
}
