#include "storage/data.h"
#include "storage/volume.h"
#include "unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

static int data;
static struct database *database;

static void begin(void)
{
	struct err err;
	char cwd[256];
	CHECK(getcwd(cwd, sizeof cwd));
	auto_free char *path = x_printf("%s/tug.db", cwd);
	CHECK_OK(data_open(cwd, &data, &err));
	CHECK_OK(database_open(path, &database, &err));
	CHECK_OK(volume_open(database, data, &err));
}

static void end(void)
{
	database_close(database);
	close(data);
}

static void make(const char *name, bool pending)
{
	struct err err;
	struct json_pair option = {(char *)"type", (char *)"tm\"pfs"};
	const struct volume volume = {
	    .name = (char *)name, .created_ns = 5, .pending = pending, .options = {&option, 1}};
	CHECK_OK(volume_make(database, data, &volume, &err));
}

static bool there(const char *path)
{
	struct stat info;
	return fstatat(data, path, &info, 0) == 0;
}

static int copy_at(const char *name, const char *file)
{
	int dir = openat(data, "staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(dir, name, 0750) == 0);
	auto_fd int copy = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int made = openat(copy, file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK(made >= 0);
	return dir;
}

TEST(volume_is_made_found_and_removed)
{
	struct err err;
	auto_arena arena = {0};
	struct volume volume;
	struct volume_list list;
	begin();
	make("one", false);
	CHECK(there("volumes/one/_data"));
	CHECK(volume_is_empty(data, "one"));
	CHECK_OK(volume_find(database, &arena, "one", &volume, &err));
	CHECK_STR(json_map_get(&volume.options, "type"), "tm\"pfs");
	CHECK_INT(volume.created_ns, 5);
	CHECK_ERR(volume_make(database, data, &volume, &err), EEXIST);
	CHECK_ERR(volume_find(database, &arena, "two", &volume, &err), ENOENT);
	CHECK_STR(err.msg, "get two: no such volume");
	CHECK_OK(volume_remove(database, data, "one", &err));
	CHECK_OK(volume_remove(database, data, "one", &err));
	CHECK(!there("volumes/one"));
	CHECK_OK(volume_all(database, &arena, &list, &err));
	CHECK_INT(list.count, 0);
	end();
}

TEST(volume_start_makes_record_and_directories_agree)
{
	struct err err;
	auto_arena arena = {0};
	struct volume_list list;
	begin();
	make("kept", false);
	make("half", true);
	make("bare", false);
	CHECK(unlinkat(data, "volumes/bare/_data", AT_REMOVEDIR) == 0 &&
	      unlinkat(data, "volumes/bare", AT_REMOVEDIR) == 0);
	CHECK(mkdirat(data, "volumes/orphan", 0700) == 0);
	for (int twice = 0; twice < 2; twice++) {
		CHECK_OK(volume_open(database, data, &err));
		CHECK_OK(volume_all(database, &arena, &list, &err));
		CHECK_INT(list.count, 2);
		CHECK_STR(list.items[0].name, "bare");
		CHECK_STR(list.items[1].name, "kept");
		CHECK(there("volumes/bare/_data") && there("volumes/kept/_data"));
		CHECK(!there("volumes/orphan") && !there("volumes/half"));
	}
	end();
}

TEST(volume_that_is_kept_is_no_longer_pending)
{
	struct err err;
	auto_arena arena = {0};
	struct volume volume;
	begin();
	make("half", true);
	CHECK_OK(volume_keep(database, "half", &err));
	CHECK_OK(volume_open(database, data, &err));
	CHECK_OK(volume_find(database, &arena, "half", &volume, &err));
	CHECK(!volume.pending);
	end();
}

TEST(volume_is_filled_only_when_empty)
{
	struct err err;
	auto_arena arena = {0};
	struct volume volume;
	struct stat info;
	begin();
	make("one", false);
	auto_fd int dir = copy_at("first", "a");
	CHECK_OK(volume_fill(database, data, "one", dir, "first", &err));
	CHECK(there("volumes/one/_data/a"));
	CHECK(fstatat(data, "volumes/one/_data", &info, 0) == 0 && (info.st_mode & 07777) == 0750);
	CHECK_OK(volume_find(database, &arena, "one", &volume, &err));
	CHECK(volume.copied);
	CHECK(!volume_is_empty(data, "one"));
	auto_fd int again = copy_at("second", "b");
	CHECK_ERR(volume_fill(database, data, "one", again, "second", &err), ENOTEMPTY);
	CHECK(!there("volumes/one/_data/b"));
	end();
}

TEST(volume_that_is_made_again_is_empty)
{
	struct err err;
	begin();
	CHECK(mkdirat(data, "volumes/one", 0700) == 0 && mkdirat(data, "volumes/one/_data", 0755) == 0 &&
	      mkdirat(data, "volumes/one/_data/old", 0755) == 0);
	make("one", false);
	CHECK(volume_is_empty(data, "one"));
	CHECK_OK(volume_remove(database, data, "one", &err));
	end();
}
