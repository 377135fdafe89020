#include "base/path.h"
#include "base/text.h"
#include "unit/test.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Answers ENOSYS for one system call, as an older kernel does. */
static void block_syscall(int number)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = code};
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void make_tree(void)
{
	CHECK(mkdir("root", 0755) == 0 && mkdir("root/etc", 0755) == 0 && mkdir("outside", 0755) == 0);
	CHECK(close(open("root/etc/passwd", O_CREAT | O_WRONLY, 0644)) == 0);
	CHECK(close(open("outside/secret", O_CREAT | O_WRONLY, 0644)) == 0);
	CHECK(symlink("/etc", "root/absolute") == 0);
	CHECK(symlink("../outside", "root/up") == 0);
	CHECK(symlink("up/../../outside", "root/chain") == 0);
	CHECK(symlink("loop", "root/loop") == 0);
	CHECK(symlink("etc", "root/inside") == 0);
}

static void check_rules(void)
{
	struct err err;
	auto_fd int root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;
	static const char *const inside[] = {"etc/passwd",	 "/etc/passwd",	  "absolute/passwd",
					     "../../etc/passwd", "inside/passwd", "./etc/../etc//passwd"};
	for (size_t i = 0; i < array_size(inside); i++) {
		CHECK_OK(path_open(root, inside[i], PATH_IN_ROOT, O_RDONLY, 0, &fd, &err));
		close(fd);
	}
	static const char *const outside[] = {"up/secret", "chain/secret", "../outside/secret"};
	for (size_t i = 0; i < array_size(outside); i++) {
		CHECK_ERR(path_open(root, outside[i], PATH_IN_ROOT, O_RDONLY, 0, &fd, &err), ENOENT);
		CHECK_ERR(path_open(root, outside[i], PATH_BENEATH, O_RDONLY, 0, &fd, &err), EXDEV);
	}
	CHECK_ERR(path_open(root, "/etc/passwd", PATH_BENEATH, O_RDONLY, 0, &fd, &err), EXDEV);
	CHECK_ERR(path_open(root, "loop", PATH_IN_ROOT, O_RDONLY, 0, &fd, &err), ELOOP);
	CHECK_ERR(path_open(root, "inside/passwd", PATH_NO_LINKS, O_RDONLY, 0, &fd, &err), ELOOP);
	CHECK_OK(path_open(root, "inside", PATH_BENEATH, O_RDONLY | O_DIRECTORY, 0, &fd, &err));
	close(fd);
}

TEST(path_open_keeps_names_inside)
{
	make_tree();
	check_rules();
}

TEST(path_open_keeps_names_inside_without_openat2)
{
	make_tree();
	block_syscall(SYS_openat2);
	check_rules();
}

static void check_make_dirs(void)
{
	struct err err;
	int fd;
	auto_fd int root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(path_make_dirs(root, "/absolute/a/b", PATH_IN_ROOT, 0755, &fd, &err));
	close(fd);
	CHECK(access("root/etc/a/b", F_OK) == 0);
	CHECK(symlink("/outside2", "root/dangling") == 0);
	CHECK(path_make_dirs(root, "dangling/x", PATH_IN_ROOT, 0755, &fd, &err) < 0);
	CHECK(access("outside2", F_OK) < 0);
	CHECK_OK(path_make_dirs(root, "../../new", PATH_IN_ROOT, 0755, &fd, &err));
	close(fd);
	CHECK(access("root/new", F_OK) == 0 && access("new", F_OK) < 0);
	CHECK_ERR(path_make_dirs(root, "etc/passwd/x", PATH_IN_ROOT, 0755, &fd, &err), ENOTDIR);
}

TEST(path_make_dirs_stays_inside)
{
	make_tree();
	check_make_dirs();
}

TEST(path_make_dirs_stays_inside_without_openat2)
{
	make_tree();
	block_syscall(SYS_openat2);
	check_make_dirs();
}

TEST(path_open_parent_refuses_what_is_no_entry)
{
	struct err err;
	int fd;
	char leaf[256];
	make_tree();
	auto_fd int root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_ERR(path_open_parent(root, "etc/..", PATH_IN_ROOT, &fd, leaf, &err), EINVAL);
	CHECK_ERR(path_open_parent(root, "etc/", PATH_IN_ROOT, &fd, leaf, &err), EINVAL);
	CHECK_OK(path_open_parent(root, "absolute/new", PATH_IN_ROOT, &fd, leaf, &err));
	CHECK_STR(leaf, "new");
	CHECK(faccessat(fd, "passwd", F_OK, 0) == 0);
	close(fd);
}

TEST(path_remove_tree_does_not_follow_links)
{
	struct err err;
	make_tree();
	CHECK_OK(path_remove_tree(AT_FDCWD, "root", &err));
	CHECK(access("root", F_OK) < 0);
	CHECK(access("outside/secret", F_OK) == 0);
	CHECK_OK(path_remove_tree(AT_FDCWD, "root", &err));
}

TEST(places_are_made_behind_links_that_lead_nowhere_yet)
{
	struct err err;
	auto_fd int made = -1, none = -1;
	CHECK(mkdir("root", 0755) == 0);
	auto_fd int dir = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(symlinkat("/run/deep", dir, "absolute") == 0);
	CHECK(symlinkat("../../../over", dir, "relative") == 0);
	CHECK(symlinkat("self", dir, "self") == 0);
	CHECK_OK(path_make_place(dir, "/absolute/a/b", 0755, &made, &err));
	CHECK(access("root/run/deep/a/b", F_OK) == 0);
	close(made);
	made = -1;
	CHECK_OK(path_make_place(dir, "relative/c", 0755, &made, &err));
	CHECK(access("root/over/c", F_OK) == 0);
	CHECK(path_make_place(dir, "self/x", 0755, &none, &err) < 0);
}
