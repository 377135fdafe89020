#include "runtime_cli/members.h"

#include "base/text.h"
#include "runtime_cli/state.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct member {
	pid_t pid, parent;
	bool is_one;
};

struct member_list {
	struct member *items;
	size_t count, room;
};

/* 0: there is none. */
static pid_t parent_of(pid_t pid)
{
	char text[PROCESS_STAT];
	int64_t parent;
	struct err ignored;
	const char *at = process_stat(pid, text);
	if (!at || strlen(at) <= strlen("S "))
		return 0;
	at += strlen("S ");
	auto_free char *number = x_strndup(at, strcspn(at, " "));
	return number_parse(number, 0, INT32_MAX, "pid", &parent, &ignored) == 0 ? (pid_t)parent : 0;
}

static bool namespace_of(const char *pid, struct stat *out_info)
{
	auto_free char *path = x_printf("/proc/%s/ns/pid", pid);
	return stat(path, out_info) == 0;
}

static int all_read(struct member_list *list, struct err *err)
{
	auto_dir DIR *proc = opendir("/proc");
	const struct dirent *entry;
	if (!proc)
		return err_sys(err, "open /proc");
	while ((entry = readdir(proc))) {
		struct err ignored;
		int64_t pid;
		if (!text_is_digits(entry->d_name) ||
		    number_parse(entry->d_name, 1, INT32_MAX, "pid", &pid, &ignored) < 0)
			continue;
		if (list->count == list->room) {
			list->room = list->room ? list->room * 2 : 256;
			list->items = x_realloc(list->items, list->room * sizeof *list->items);
		}
		list->items[list->count++] = (struct member){.pid = (pid_t)pid, .parent = parent_of((pid_t)pid)};
	}
	return 0;
}

static void mark_namespace(struct member_list *list, const struct stat *space)
{
	for (size_t i = 0; i < list->count; i++) {
		char pid[16];
		struct stat info;
		snprintf(pid, sizeof pid, "%d", (int)list->items[i].pid);
		list->items[i].is_one =
		    namespace_of(pid, &info) && info.st_ino == space->st_ino && info.st_dev == space->st_dev;
	}
}

static bool is_member(const struct member_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].pid == pid)
			return list->items[i].is_one;
	}
	return false;
}

static void mark_descendants(struct member_list *list, pid_t first)
{
	bool more = true;
	for (size_t i = 0; i < list->count; i++)
		list->items[i].is_one = list->items[i].pid == first;
	while (more) {
		more = false;
		for (size_t i = 0; i < list->count; i++) {
			struct member *at = &list->items[i];
			if (at->is_one || !is_member(list, at->parent))
				continue;
			at->is_one = more = true;
		}
	}
}

static int pid_compare(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;
	return (left > right) - (left < right);
}

int members_find(pid_t first, pid_t **out_pids, size_t *out_count, struct err *err)
{
	struct member_list list = {0};
	struct stat own, theirs;
	char pid[16];
	size_t count = 0;
	snprintf(pid, sizeof pid, "%d", (int)first);
	int rc = all_read(&list, err);
	if (rc < 0)
		return rc;
	if (namespace_of("self", &own) && namespace_of(pid, &theirs) &&
	    (own.st_ino != theirs.st_ino || own.st_dev != theirs.st_dev))
		mark_namespace(&list, &theirs);
	else
		mark_descendants(&list, first);
	pid_t *pids = x_alloc((list.count + 1) * sizeof *pids);
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].is_one)
			pids[count++] = list.items[i].pid;
	}
	free(list.items);
	qsort(pids, count, sizeof *pids, pid_compare);
	*out_pids = pids;
	*out_count = count;
	return 0;
}
