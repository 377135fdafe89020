#include "build/content.h"
#include "build/copy.h"

#include "base/text.h"
#include "unit/test.h"

#include <fcntl.h>
#include <stdio.h>

static void file(const char *name, const char *text, mode_t mode)
{
	auto_fd int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
}

static void dir(const char *name)
{
	CHECK(mkdir(name, 0755) == 0);
}

static const char *text_of(const char *name)
{
	static char text[256];
	auto_fd int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (size < 0)
		return NULL;
	text[size] = 0;
	return text;
}

static int copy_into(const char *const *sources, const char *destination, bool parents, const char *exclude,
		     const char *mode, struct err *err)
{
	auto_fd int from = open("from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int to = open("to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *excludes[] = {(char *)exclude, NULL};
	struct copy copy = {.from = from,
			    .to = to,
			    .sources = (char *const *)sources,
			    .excludes = excludes,
			    .parents = parents,
			    .destination = destination,
			    .many = sources[0] && sources[1],
			    .uid = getuid(),
			    .gid = getgid(),
			    .mode = mode};
	return copy_run(&copy, err);
}
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void trees(void)
{
	dir("from");
	dir("to");
	dir("from/a");
	dir("from/a/b");
	file("from/a/one.txt", "1", 0640);
	file("from/a/b/two.md", "2", 0755);
	file("from/top.txt", "t", 0644);
	CHECK(symlink("one.txt", "from/a/link") == 0);
	CHECK(symlink("../../../etc/passwd", "from/out") == 0);
	CHECK(link("from/a/one.txt", "from/a/same.txt") == 0);
}

TEST(files_and_directories)
{
	struct err err;
	struct stat first, second;
	trees();
	CHECK_OK(copy_into(NAMES("top.txt"), "/x/new", false, NULL, NULL, &err));
	CHECK_STR(text_of("to/x/new"), "t");
	CHECK_OK(copy_into(NAMES("top.txt"), "/x/dir/", false, NULL, NULL, &err));
	CHECK_STR(text_of("to/x/dir/top.txt"), "t");
	CHECK_OK(copy_into(NAMES("top.txt"), "/x", false, NULL, NULL, &err));
	CHECK_STR(text_of("to/x/top.txt"), "t");
	CHECK_OK(copy_into(NAMES("a"), "/tree", false, NULL, NULL, &err));
	CHECK_STR(text_of("to/tree/b/two.md"), "2");
	CHECK(lstat("to/tree/link", &first) == 0 && S_ISLNK(first.st_mode));
	CHECK(stat("to/tree/one.txt", &first) == 0 && stat("to/tree/same.txt", &second) == 0);
	CHECK(first.st_ino == second.st_ino && (first.st_mode & 07777) == 0640);
	CHECK(stat("from/a/b", &first) == 0 && stat("to/tree/b", &second) == 0);
	CHECK_INT(second.st_mtim.tv_nsec, first.st_mtim.tv_nsec);
	CHECK(chmod("from/a", 0700) == 0);
	CHECK_OK(copy_into(NAMES("a"), "/plain", false, NULL, NULL, &err));
	CHECK(stat("to/plain", &second) == 0 && (second.st_mode & 07777) == 0755);
	CHECK_OK(copy_into(NAMES("*.txt", "a/b"), "/m/", false, NULL, NULL, &err));
	CHECK_STR(text_of("to/m/top.txt"), "t");
	CHECK_STR(text_of("to/m/two.md"), "2");
	CHECK_OK(copy_into(NAMES("none*"), "/m/", false, NULL, NULL, &err));
}

TEST(parents_exclusions_and_modes)
{
	struct err err;
	struct stat info;
	trees();
	CHECK_OK(copy_into(NAMES("a/b/two.md", "top.txt"), "/p/", true, NULL, "u=rw,go=r", &err));
	CHECK_STR(text_of("to/p/a/b/two.md"), "2");
	CHECK(stat("to/p/a/b/two.md", &info) == 0);
	CHECK_INT(info.st_mode & 07777, 0644);
	CHECK_OK(copy_into(NAMES("a/./b/two.md"), "/q/", true, NULL, NULL, &err));
	CHECK_STR(text_of("to/q/b/two.md"), "2");
	CHECK_OK(copy_into(NAMES("**/*.md"), "/r/", true, NULL, NULL, &err));
	CHECK_STR(text_of("to/r/a/b/two.md"), "2");
	CHECK_OK(copy_into(NAMES("."), "/s/", false, "**/*.txt", NULL, &err));
	CHECK(!text_of("to/s/top.txt") && text_of("to/s/a/b/two.md"));
}

/* B-02, B-07, B-11 */
TEST(nothing_leaves_the_roots)
{
	struct err err;
	struct stat info;
	trees();
	CHECK_ERR(copy_into(NAMES("out"), "/x", false, NULL, NULL, &err), ENOENT);
	CHECK_STR(err.msg, "\"/out\": not found");
	CHECK(symlink("../../..", "to/up") == 0 && symlink("/escaped", "to/file") == 0);
	CHECK_OK(copy_into(NAMES("top.txt"), "/up/in/root", false, NULL, NULL, &err));
	CHECK_STR(text_of("to/in/root"), "t");
	CHECK_OK(copy_into(NAMES("top.txt"), "/file", false, NULL, NULL, &err));
	CHECK(lstat("to/file", &info) == 0 && S_ISREG(info.st_mode));
	CHECK_ERR(copy_into(NAMES("gone"), "/x", false, NULL, NULL, &err), ENOENT);
}

TEST(modes)
{
	CHECK_INT(copy_mode("0755", 0), 0755);
	CHECK_INT(copy_mode("u=rwX,go=rX", S_IFREG | 0600), 0644);
	CHECK_INT(copy_mode("u=rwX,go=rX", S_IFDIR | 0700), 0755);
	CHECK_INT(copy_mode("a+x,o-r", 0644), 0751);
	CHECK_INT(copy_mode("g+s", 0755), 02755);
	CHECK_INT(copy_mode("+t", 0755), 01755);
}

static char *digest(struct arena *arena, struct content *content, const char *source, bool parents)
{
	auto_fd int root = open("from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *sources[] = {(char *)source, NULL}, *out;
	struct err err;
	CHECK_OK(content_digest(content, arena, root, sources, NULL, parents, &out, &err));
	return out;
}

TEST(digests_follow_content_not_times)
{
	auto_arena arena = {0};
	struct content content = {0}, again = {0};
	trees();
	char *before = digest(&arena, &content, "a", false);
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	CHECK(utimensat(AT_FDCWD, "from/a/one.txt", times, 0) == 0);
	CHECK_STR(digest(&arena, &again, "a", false), before);
	CHECK(!text_equal(digest(&arena, &again, "a", true), before));
	content_done(&again);
	again = (struct content){0};
	file("from/a/one.txt", "9", 0640);
	CHECK(!text_equal(digest(&arena, &again, "a", false), before));
	content_done(&content);
	content_done(&again);
}
