#include "runtime/cgroup_process.h"

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "runtime/cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 16, FREEZE_NAP_FIRST_NS = 20000, FREEZE_NAP_LAST_NS = 2000000, KILL_ROUNDS = 50 };
#define FREEZE_TIME_NS INT64_C(5000000000)

/* --- who is in it --- */

struct pid_list {
	pid_t *items;
	size_t count, room;
};

static void pids_add(struct pid_list *list, const char *text)
{
	auto_strv char **lines = strv_split(text, '\n');
	struct err ignored;
	int64_t pid;
	for (char **line = lines; *line; line++) {
		if (number_parse(*line, 1, INT32_MAX, "pid", &pid, &ignored) < 0)
			continue; /* 0: of a namespace that is not ours */
		if (list->count == list->room) {
			list->room = list->room ? list->room * 2 : 64;
			list->items = x_realloc(list->items, list->room * sizeof *list->items);
		}
		list->items[list->count++] = (pid_t)pid;
	}
}

static int pids_collect(int dir, struct pid_list *list, int depth, struct err *err)
{
	auto_buf text = BUF_INIT(0);
	int rc = cgroup_read(dir, "cgroup.procs", &text, err);
	if (rc == -EOPNOTSUPP) { /* a threaded group of v2 */
		buf_done(&text);
		rc = cgroup_read(dir, "cgroup.threads", &text, err);
	}
	if (rc == -ENODEV || (rc == -ENOENT && depth > 0))
		return 0; /* gone meanwhile */
	if (rc < 0)
		return rc;
	pids_add(list, buf_str(&text));
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *entries = again >= 0 ? fdopendir(again) : NULL;
	const struct dirent *entry;
	while (rc == 0 && depth < DEPTH_MAX && entries && (entry = readdir(entries))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		auto_fd int below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			rc = pids_collect(below, list, depth + 1, err);
	}
	return rc;
}

static int pid_compare(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;
	return (left > right) - (left < right);
}

int cgroup_pids(const char *cgroup, pid_t **out_pids, size_t *out_count, struct err *err)
{
	struct pid_list list = {0};
	auto_fd int dir = -1;
	int rc = cgroup_open_main(cgroup, &dir, err);
	if (rc == 0)
		rc = pids_collect(dir, &list, 0, err);
	if (rc < 0) {
		free(list.items);
		return rc;
	}
	if (list.count > 1)
		qsort(list.items, list.count, sizeof *list.items, pid_compare);
	size_t kept = 0;
	for (size_t i = 0; i < list.count; i++) { /* one that moved while we looked is there twice */
		if (kept == 0 || list.items[kept - 1] != list.items[i])
			list.items[kept++] = list.items[i];
	}
	*out_pids = list.items;
	*out_count = kept;
	return 0;
}

/* --- freeze --- */

static int freezer_open(const char *cgroup, bool *out_v2, int *out_fd, struct err *err)
{
	*out_v2 = cgroup_mode() == CGROUP_V2;
	int rc = cgroup_open(*out_v2 ? "" : "freezer", cgroup, false, out_fd, err);
	return rc < 0 ? err_wrap(err, "freezer") : 0;
}

static int frozen_read(int dir, bool v2, bool *out_frozen, struct err *err)
{
	auto_buf text = BUF_INIT(0);
	uint64_t frozen = 0;
	int rc = cgroup_read(dir, v2 ? "cgroup.events" : "freezer.state", &text, err);
	if (rc < 0)
		return rc;
	if (v2 && !cgroup_find_number(buf_str(&text), "frozen", &frozen))
		return err_set(err, EOPNOTSUPP, "this kernel cannot freeze a control group (it takes 5.2)");
	*out_frozen = v2 ? frozen != 0 : text_equal(buf_str(&text), "FROZEN");
	return 0;
}

int cgroup_frozen(const char *cgroup, bool *out_frozen, struct err *err)
{
	auto_fd int dir = -1;
	bool v2;
	int rc = freezer_open(cgroup, &v2, &dir, err);
	return rc < 0 ? rc : frozen_read(dir, v2, out_frozen, err);
}

static int state_write(int dir, bool v2, bool freeze, struct err *err)
{
	return v2 ? file_control(dir, "cgroup.freeze", freeze ? "1" : "0", err)
		  : file_control(dir, "freezer.state", freeze ? "FROZEN" : "THAWED", err);
}

/*
 * v1 stays FREEZING for as long as something forks in it: it is written again each time, and let go for a moment now
 * and then, which helps a process that waits for one that is frozen already.
 */
static int frozen_wait(int dir, bool v2, struct err *err)
{
	enum { LET_GO_EVERY = 50 };
	int64_t until = time_monotonic_ns() + FREEZE_TIME_NS;
	long nap = FREEZE_NAP_FIRST_NS;
	for (int round = 1; time_monotonic_ns() < until; round++) {
		bool frozen = false;
		int rc = frozen_read(dir, v2, &frozen, err);
		if (rc < 0 || frozen)
			return rc;
		nanosleep(&(struct timespec){.tv_nsec = nap}, NULL);
		nap = nap * 2 > FREEZE_NAP_LAST_NS ? FREEZE_NAP_LAST_NS : nap * 2;
		if (!v2 && round % LET_GO_EVERY == 0)
			rc = state_write(dir, v2, false, err);
		if (rc == 0 && !v2)
			rc = state_write(dir, v2, true, err);
		if (rc < 0)
			return rc;
	}
	return err_set(err, EBUSY, "unable to freeze");
}

int cgroup_freeze(const char *cgroup, struct err *err)
{
	auto_fd int dir = -1;
	struct err ignored;
	bool v2;
	int rc = freezer_open(cgroup, &v2, &dir, err);
	if (rc < 0)
		return rc;
	rc = state_write(dir, v2, true, err);
	if (rc == 0)
		rc = frozen_wait(dir, v2, err);
	if (rc < 0 && state_write(dir, v2, false, &ignored) < 0)
		return err_wrap(err, "%s, and then", ignored.msg);
	return rc;
}

int cgroup_thaw(const char *cgroup, struct err *err)
{
	auto_fd int dir = -1;
	bool v2;
	int rc = freezer_open(cgroup, &v2, &dir, err);
	return rc < 0 ? rc : state_write(dir, v2, false, err);
}

/* --- kill --- */

int cgroup_signal(const char *cgroup, int number, struct err *err)
{
	auto_free pid_t *pids = NULL;
	size_t count;
	int rc = cgroup_pids(cgroup, &pids, &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (kill(pids[i], number) < 0 && errno != ESRCH)
			rc = err_sys(err, "kill %d", (int)pids[i]);
	}
	return rc;
}

/* Without a freezer (v1 groups of other hierarchies alone): until a look finds nobody new. */
static int kill_by_rounds(const char *cgroup, struct err *err)
{
	size_t before = SIZE_MAX;
	for (int round = 0; round < KILL_ROUNDS; round++) {
		auto_free pid_t *pids = NULL;
		size_t count;
		int rc = cgroup_pids(cgroup, &pids, &count, err);
		if (rc < 0 || count == 0 || (count >= before && round > 1))
			return rc;
		before = count;
		rc = cgroup_signal(cgroup, SIGKILL, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int cgroup_kill(const char *cgroup, struct err *err)
{
	auto_fd int dir = -1;
	struct err why;
	if (cgroup_mode() == CGROUP_V2) {
		int rc = cgroup_open("", cgroup, false, &dir, err);
		if (rc < 0)
			return rc;
		rc = file_control(dir, "cgroup.kill", "1", err);
		if (rc == 0 || rc != -ENOENT) /* kernel 5.14: cgroup.kill */
			return rc;
	}
	/* What is frozen does not fork. One that does not freeze in time is let go by cgroup_freeze, and killed anyway.
	 */
	bool frozen = cgroup_freeze(cgroup, &why) == 0;
	int rc = cgroup_signal(cgroup, SIGKILL, err);
	if (frozen && cgroup_thaw(cgroup, &why) < 0 && rc == 0 && why.code != ENOENT && why.code != ENODEV) {
		*err = why;
		return -why.code;
	}
	return rc < 0 || frozen ? rc : kill_by_rounds(cgroup, err);
}
