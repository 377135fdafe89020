#include "security/user.h"

#include "unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

/* The test's own directory as a root; each test writes the files that it needs. */
static int root_make(const char *passwd, const char *group)
{
	CHECK(mkdir("etc", 0755) == 0);
	const char *files[] = {"etc/passwd", passwd, "etc/group", group};
	for (size_t i = 0; i < 4; i += 2) {
		if (!files[i + 1])
			continue;
		FILE *file = fopen(files[i], "we");
		CHECK(file && fputs(files[i + 1], file) >= 0);
		fclose(file);
	}
	int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root >= 0);
	return root;
}

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# comment\n"
			     "\n"
			     "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
			     "app:x:1000:1001:App:/home/app:/bin/sh\n"
			     "4242:x:0:0:a name of digits:/:/bin/sh\n"
			     "broken:x:-1:0::/:\n"
			     "wide:x:4294967296:0::/:\n"
			     "last:x:7:8::/last:/bin/sh";
static const char group[] = "root:x:0:\n"
			    "daemon:x:1:app\n"
			    "app:x:1001:\n"
			    "wheel:x:10:app,last\n"
			    "again:x:10:app\n"
			    "video:x:44:other,last\n"
			    "55:x:66:\n";

static void check_groups(const struct user_identity *user, const uint32_t *expected, size_t count)
{
	CHECK_INT(user->group_count, count);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(user->groups[i], expected[i]);
}
#define GROUPS(user, ...) \
	check_groups(&(user), (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

TEST(users_are_found_by_name_and_number)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int root = root_make(passwd, group);
	struct user_identity user;
	CHECK_OK(user_resolve(&arena, root, "app", NULL, &user, &err));
	CHECK_INT(user.uid, 1000);
	CHECK_INT(user.gid, 1001);
	CHECK_STR(user.home, "/home/app");
	GROUPS(user, 1001, 1, 10);
	CHECK_OK(user_resolve(&arena, root, "1000", NULL, &user, &err));
	CHECK_INT(user.gid, 1001);
	GROUPS(user, 1001, 1, 10);
	CHECK_OK(user_resolve(&arena, root, "", NULL, &user, &err));
	CHECK_INT(user.uid, 0);
	CHECK_STR(user.home, "/root");
	GROUPS(user, 0);
	CHECK_OK(user_resolve(&arena, root, NULL, NULL, &user, &err));
	CHECK_INT(user.uid, 0);
	CHECK_OK(user_resolve(&arena, root, "last", NULL, &user, &err));
	CHECK_INT(user.uid, 7);
	GROUPS(user, 8, 10, 44);
	CHECK_OK(user_resolve(&arena, root, "5000", NULL, &user, &err));
	CHECK_INT(user.uid, 5000);
	CHECK_INT(user.gid, 0);
	CHECK_STR(user.home, "/");
	GROUPS(user, 0);
}

TEST(an_explicit_group_is_the_only_one)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int root = root_make(passwd, group);
	struct user_identity user;
	CHECK_OK(user_resolve(&arena, root, "app:wheel", NULL, &user, &err));
	CHECK_INT(user.gid, 10);
	GROUPS(user, 10);
	CHECK_OK(user_resolve(&arena, root, "app:99", NULL, &user, &err));
	CHECK_INT(user.gid, 99);
	CHECK_OK(user_resolve(&arena, root, ":44", NULL, &user, &err));
	CHECK_INT(user.uid, 0);
	CHECK_INT(user.gid, 44);
	CHECK_OK(user_resolve(&arena, root, "app:", NULL, &user, &err));
	GROUPS(user, 1001, 1, 10);
}

/* one strict number, in range. "1" is never 0, a large one never wraps. */
TEST(numbers_are_strict)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int root = root_make(passwd, group);
	struct user_identity user = {.uid = 77};
	CHECK_OK(user_resolve(&arena, root, "1", NULL, &user, &err));
	CHECK_INT(user.uid, 1);
	CHECK_OK(user_resolve(&arena, root, "2147483647", NULL, &user, &err));
	CHECK_INT(user.uid, 2147483647);
	user.uid = 77;
	const char *bad[] = {"2147483648", "4294967295", "4294967296", "18446744073709551616", "0:4294967296"};
	for (size_t i = 0; i < array_size(bad); i++) {
		CHECK_ERR(user_resolve(&arena, root, bad[i], NULL, &user, &err), EINVAL);
		CHECK_CONTAINS(err.msg, "uids and gids must be in range 0-2147483647");
	}
	const char *names[] = {"-1", "+1", "1 ", " 1", "0x1", "1e3", "-0", "broken", "wide"};
	for (size_t i = 0; i < array_size(names); i++) {
		CHECK_ERR(user_resolve(&arena, root, names[i], NULL, &user, &err), ENOENT);
		CHECK_CONTAINS(err.msg, "no matching entries in passwd file");
	}
	CHECK_INT(user.uid, 77);
}

/* digits are a number even where the image has a user or a group of that name. */
TEST(digits_are_never_a_name)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int root = root_make(passwd, group);
	struct user_identity user;
	CHECK_OK(user_resolve(&arena, root, "4242:55", NULL, &user, &err));
	CHECK_INT(user.uid, 4242);
	CHECK_INT(user.gid, 55);
	char *additional[] = {(char[]){"55"}, NULL};
	CHECK_OK(user_resolve(&arena, root, "0", additional, &user, &err));
	GROUPS(user, 0, 55);
}

/* exactly the primary group, the memberships, and what was asked for; each once. */
TEST(supplementary_groups_are_exact)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int root = root_make(passwd, group);
	struct user_identity user;
	char *additional[] = {(char[]){"video"}, (char[]){"10"}, (char[]){"1001"}, (char[]){"5"}, NULL};
	CHECK_OK(user_resolve(&arena, root, "app", additional, &user, &err));
	GROUPS(user, 1001, 1, 10, 44, 5);
	CHECK_OK(user_resolve(&arena, root, "app:daemon", additional, &user, &err));
	GROUPS(user, 1, 44, 10, 1001, 5);
	char *missing[] = {(char[]){"nogroup"}, NULL};
	CHECK_ERR(user_resolve(&arena, root, "app", missing, &user, &err), ENOENT);
	CHECK_CONTAINS(err.msg, "Unable to find group nogroup");
	CHECK_ERR(user_resolve(&arena, root, "app:nogroup", NULL, &user, &err), ENOENT);
	CHECK_STR(err.msg, "unable to find group nogroup: no matching entries in group file");
}

TEST(missing_files_are_empty)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct user_identity user;
	CHECK_OK(user_resolve(&arena, root, "12:34", NULL, &user, &err));
	CHECK_INT(user.uid, 12);
	CHECK_INT(user.gid, 34);
	CHECK_ERR(user_resolve(&arena, root, "app", NULL, &user, &err), ENOENT);
	CHECK_STR(user_home(&arena, root, 0), "/root");
	CHECK_STR(user_home(&arena, root, 9), "/");
	CHECK_STR(user_name(&arena, root, 0), "0");
	CHECK_STR(user_name(&arena, root, 99), "99");
}

/* no link out of the root, no FIFO that hangs, no device, no endless line or file. */
TEST(links_stay_inside_the_root)
{
	struct err err;
	auto_arena arena = {0};
	CHECK(mkdir("root", 0755) == 0 && mkdir("root/etc", 0755) == 0 && mkdir("root/inside", 0755) == 0);
	FILE *file = fopen("outside", "we");
	CHECK(file && fputs("app:x:1:1::/outside:\n", file) >= 0);
	fclose(file);
	file = fopen("root/inside/passwd", "we");
	CHECK(file && fputs("app:x:2:2::/inside:\n", file) >= 0);
	fclose(file);
	auto_fd int root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct user_identity user;
	CHECK(symlink("../../outside", "root/etc/passwd") == 0);
	CHECK_ERR(user_resolve(&arena, root, "app", NULL, &user, &err), ENOENT);
	CHECK(unlink("root/etc/passwd") == 0 && symlink("/inside/passwd", "root/etc/passwd") == 0);
	CHECK_OK(user_resolve(&arena, root, "app", NULL, &user, &err));
	CHECK_INT(user.uid, 2);
	CHECK_STR(user.home, "/inside");
}

TEST(only_regular_files_are_read)
{
	struct err err;
	auto_arena arena = {0};
	CHECK(mkdir("etc", 0755) == 0 && mkfifo("etc/passwd", 0644) == 0);
	auto_fd int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct user_identity user;
	CHECK_ERR(user_resolve(&arena, root, "0", NULL, &user, &err), EINVAL);
	CHECK_STR(err.msg, "the container's /etc/passwd is not a regular file");
	CHECK_STR(user_home(&arena, root, 0), "/root");
	CHECK(unlink("etc/passwd") == 0 && mkdir("etc/passwd", 0755) == 0);
	CHECK_ERR(user_resolve(&arena, root, "0", NULL, &user, &err), EINVAL);
}

TEST(files_and_lines_are_bounded)
{
	struct err err;
	auto_arena arena = {0};
	auto_fd int root = root_make("", NULL);
	struct user_identity user;
	CHECK(truncate("etc/passwd", 1 << 20) == 0);
	CHECK_ERR(user_resolve(&arena, root, "0", NULL, &user, &err), E2BIG);
	CHECK_CONTAINS(err.msg, "has a line of more than 65536 bytes");
	FILE *file = fopen("etc/passwd", "we");
	for (int i = 0; i < 11 * 1024 * 1024 / 16; i++)
		fputs("nobody:x:9:9:::\n", file);
	fclose(file);
	CHECK_ERR(user_resolve(&arena, root, "0", NULL, &user, &err), E2BIG);
	CHECK_CONTAINS(err.msg, "is larger than 10485760 bytes");
}

/* a home that is no absolute path is not one. */
TEST(a_home_is_an_absolute_path)
{
	auto_arena arena = {0};
	auto_fd int root = root_make("a:x:5:5::relative:\nb:x:6:6:::\n", NULL);
	CHECK_STR(user_home(&arena, root, 5), "/");
	CHECK_STR(user_home(&arena, root, 6), "/");
}
