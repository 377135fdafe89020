#include "image/dir_names.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static int name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int dir_names(int fd, char ***out_names, struct err *err)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	auto_strv char **names = NULL;
	size_t count = 0, room = 0;
	if (!dir) {
		cleanup_fd(&copy);
		return err_sys(err, "read the directory");
	}
	const struct dirent *entry;
	while ((errno = 0, entry = readdir(dir))) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if (count + 1 >= room) {
			room = room ? 2 * room : 32;
			names = x_realloc(names, room * sizeof *names);
		}
		names[count++] = x_strdup(entry->d_name);
		names[count] = NULL;
	}
	if (errno)
		return err_sys(err, "read the directory");
	if (count > 1)
		qsort(names, count, sizeof *names, name_order);
	*out_names = take(names);
	return 0;
}
