#include "storage/trash.h"

#include "base/path.h"
#include "base/random.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>

int trash_put(int data, int dir, const char *name, struct err *err)
{
	uint8_t random[16];
	char path[64] = "trash/";
	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, path + 6);
	if (renameat(dir, name, data, path) < 0 && errno != ENOENT)
		return err_sys(err, "move %s to the trash", name);
	return 0;
}

/* Calls visit for each entry of dir; goes on behind failures and returns the first. */
static int each_entry(int dir, int (*visit)(void *cookie, int dir, const char *name, struct err *err), void *cookie,
		      struct err *err)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), first = 0;
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		cleanup_fd(&fd);
		return err_sys(err, "read a directory");
	}
	struct dirent *entry;
	while ((entry = readdir(list))) {
		struct err here;
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		int result = visit(cookie, dirfd(list), entry->d_name, &here);
		if (result < 0 && first == 0) {
			first = result;
			*err = here;
		}
	}
	return first;
}

static int visit_put(void *cookie, int dir, const char *name, struct err *err)
{
	return trash_put(*(int *)cookie, dir, name, err);
}

int trash_staging(int data, struct err *err)
{
	auto_fd int staging = openat(data, "staging", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (staging < 0)
		return err_sys(err, "open staging");
	return each_entry(staging, visit_put, &data, err);
}

static int visit_found(void *cookie, int dir, const char *name, struct err *err)
{
	(void)dir, (void)name, (void)err;
	*(bool *)cookie = true;
	return 0;
}

bool trash_is_empty(int data)
{
	struct err ignored;
	bool found = false;
	auto_fd int trash = openat(data, "trash", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return trash < 0 || each_entry(trash, visit_found, &found, &ignored) < 0 || !found;
}

static int visit_remove(void *cookie, int dir, const char *name, struct err *err)
{
	(void)cookie;
	return path_remove_tree(dir, name, err);
}

int trash_empty(int trash, struct err *err)
{
	return each_entry(trash, visit_remove, NULL, err);
}

int trash_job_main(int argc, char **argv)
{
	enum { REPORT = 3, TRASH = 4 };
	struct err err;
	(void)argv;
	int result = argc > 1 ? err_set(&err, EINVAL, "job trash takes no arguments") : trash_empty(TRASH, &err);
	dprintf(REPORT,
		result < 0 ? "{\"error\":{\"code\":%d,\"message\":\"the trash could not be emptied\"}}\n"
			   : "{\"result\":{}}\n",
		-result);
	if (result < 0)
		dprintf(STDERR_FILENO, "job trash: %s\n", err.msg);
	return result < 0;
}
