#include "docker/archive.h"
#include "unit/test.h"

#include <sys/stat.h>

TEST(paths_are_cleaned_by_the_letter)
{
	static const char *const pairs[][2] = {
	    {"", "/"},
	    {"/", "/"},
	    {".", "/."},
	    {"a", "/a"},
	    {"/a/", "/a/"},
	    {"/a/.", "/a/."},
	    {"a/b/..", "/a"},
	    {"../../etc", "/etc"},
	    {"/a//b/./c", "/a/b/c"},
	    {"/..", "/"},
	    {"/a/../..", "/"},
	    {"/a/../.", "/."},
	};
	for (size_t i = 0; i < array_size(pairs); i++) {
		auto_arena arena = {0};
		CHECK_STR(container_path_clean(&arena, pairs[i][0]), pairs[i][1]);
	}
}

TEST(modes_are_gos)
{
	CHECK_INT(go_mode(S_IFREG | 0644), 0644);
	CHECK_INT(go_mode(S_IFDIR | 01777), 0777 | 1U << 31 | 1U << 20);
	CHECK_INT(go_mode(S_IFLNK | 0777), 0777 | 1U << 27);
	CHECK_INT(go_mode(S_IFCHR | 0666), 0666 | 1U << 26 | 1U << 21);
	CHECK_INT(go_mode(S_IFREG | 06755), 0755 | 1U << 23 | 1U << 22);
}
